"""What the first 25 migrations lay out, in one step for a new database; one that has them is where this leads."""

import uuid
from importlib import import_module

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import cards.models.fields
import cards.querysets

FIRST_ROWS = import_module("cards.migrations.0002_seed")
STORAGE = import_module("cards.migrations.0004_staged_readings")


class Migration(migrations.Migration):
    replaces = [
        ("cards", "0001_initial"),
        ("cards", "0002_seed"),
        ("cards", "0003_console"),
        ("cards", "0004_staged_readings"),
        ("cards", "0005_list_indexes"),
        ("cards", "0006_orders_have_jobs"),
        ("cards", "0007_unrenew"),
        ("cards", "0007_requests"),
        ("cards", "0008_people_and_claims"),
        ("cards", "0009_readers_of_records"),
        ("cards", "0010_room_for_more_holds"),
        ("cards", "0011_unassign"),
        ("cards", "0012_job_steps"),
        ("cards", "0013_sweep_released_at"),
        ("cards", "0014_jobs_count_tries"),
        ("cards", "0015_owned_from"),
        ("cards", "0016_owned_from_of_known_cards"),
        ("cards", "0017_known_owners"),
        ("cards", "0018_words"),
        ("cards", "0019_files_as_carriers_have_them"),
        ("cards", "0020_customer_name_key"),
        ("cards", "0021_taken_in_anew"),
        ("cards", "0022_chains_and_counts"),
        ("cards", "0023_chains_of_known_cards"),
        ("cards", "0024_devices"),
        ("cards", "0025_quarantine"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CarrierPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "carrier",
                    models.CharField(
                        choices=[
                            ("cmcc", "China Mobile"),
                            ("cucc", "China Unicom"),
                            ("ctcc", "China Telecom"),
                            ("cbn", "China Broadnet"),
                        ],
                        max_length=4,
                        verbose_name="carrier",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="valid from")),
                (
                    "forced_mode",
                    models.CharField(
                        choices=[
                            ("months", "Months, from the next month"),
                            ("opening_month", "Months, including the opening month"),
                            ("days", "Days"),
                        ],
                        default="months",
                        max_length=13,
                        verbose_name="forced activation",
                    ),
                ),
                (
                    "silent_months",
                    models.PositiveSmallIntegerField(
                        default=6,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(36),
                        ],
                        verbose_name="silent months",
                    ),
                ),
                (
                    "silent_days",
                    models.PositiveSmallIntegerField(
                        default=360,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1100),
                        ],
                        verbose_name="silent days",
                    ),
                ),
                (
                    "silent_from_opening",
                    models.BooleanField(default=False, verbose_name="silent period starts at opening"),
                ),
                (
                    "cycle_day",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(28),
                        ],
                        verbose_name="first day of the cycle",
                    ),
                ),
                (
                    "renewal_days",
                    models.PositiveSmallIntegerField(
                        default=90,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(365),
                        ],
                        verbose_name="grace days for renewal",
                    ),
                ),
                (
                    "rebinds_per_month",
                    models.PositiveSmallIntegerField(default=2, verbose_name="device changes per month"),
                ),
                (
                    "restores_credit",
                    models.BooleanField(default=True, verbose_name="next cycle lifts a used-up allowance"),
                ),
                (
                    "restores_threshold",
                    models.BooleanField(default=True, verbose_name="next cycle lifts a reached limit"),
                ),
                ("ends_waiver", models.BooleanField(default=True, verbose_name="next cycle reinstates a waived limit")),
                ("ends_packs", models.BooleanField(default=True, verbose_name="add-on packs end with the cycle")),
                (
                    "cards_per_person",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="cards per person",
                    ),
                ),
                (
                    "most_bytes_a_day",
                    models.BigIntegerField(
                        db_default=1099511627776,
                        default=1099511627776,
                        help_text="What a card can carry in a day. More is quarantined until somebody accepts or drops it.",
                        validators=[
                            django.core.validators.MinValueValidator(1048576),
                            django.core.validators.MaxValueValidator(1125899906842624),
                        ],
                        verbose_name="most bytes a day",
                    ),
                ),
            ],
            options={
                "verbose_name": "carrier policy",
                "verbose_name_plural": "carrier policies",
                "ordering": ["carrier", "-valid_from"],
                "constraints": [
                    models.UniqueConstraint(fields=("carrier", "valid_from"), name="one_policy_per_carrier_and_day"),
                    models.CheckConstraint(
                        condition=models.Q(("cycle_day__range", (1, 28))), name="cycle_day_exists_in_each_month"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ColumnMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("action", "Bulk action"),
                            ("undo", "Undo"),
                            ("import_cards", "Card import"),
                            ("import_usage", "Usage import"),
                            ("export", "Export"),
                            ("order", "Order processing"),
                            ("refund", "Refund processing"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "carrier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("cmcc", "China Mobile"),
                            ("cucc", "China Unicom"),
                            ("ctcc", "China Telecom"),
                            ("cbn", "China Broadnet"),
                        ],
                        max_length=4,
                        verbose_name="carrier",
                    ),
                ),
                ("customer", models.CharField(blank=True, max_length=128, verbose_name="customer")),
                ("told", models.JSONField(default=dict, verbose_name="columns")),
                ("at", models.DateTimeField(auto_now=True, verbose_name="said at")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="said by",
                    ),
                ),
            ],
            options={
                "verbose_name": "column mapping",
                "verbose_name_plural": "column mappings",
                "ordering": ["kind", "carrier", "customer"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "carrier", "customer"), name="one_mapping_per_carrier_and_customer"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=128, unique=True, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("enterprise", "Enterprise customer"), ("individual", "Individual customer")],
                        default="enterprise",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("contact", models.CharField(blank=True, max_length=64, verbose_name="contact")),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="phone")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "name_key",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=255,
                        verbose_name="name without case and blanks",
                    ),
                ),
                (
                    "is_registered",
                    models.BooleanField(
                        db_default=False, default=False, editable=False, verbose_name="registered here"
                    ),
                ),
            ],
            options={
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
                "ordering": ["name"],
                "indexes": [models.Index(fields=["name_key"], name="customer_name_key")],
            },
        ),
        migrations.CreateModel(
            name="EventCursor",
            fields=[
                ("reader", models.CharField(max_length=32, primary_key=True, serialize=False, verbose_name="reader")),
                ("through", models.BigIntegerField(default=0, verbose_name="processed through")),
                ("mark", models.BigIntegerField(default=0, verbose_name="mark")),
                ("horizon", models.BigIntegerField(default=0, verbose_name="horizon")),
            ],
            options={
                "verbose_name": "reader of card events",
                "verbose_name_plural": "readers of card events",
                "db_table": "billing_eventcursor",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="FleetFigures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("as_of", models.DateTimeField(verbose_name="as of")),
                ("document", models.JSONField(default=dict, verbose_name="figures")),
            ],
            options={
                "verbose_name": "fleet figures",
                "verbose_name_plural": "fleet figures",
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone", models.CharField(blank=True, max_length=11, null=True, unique=True, verbose_name="phone")),
                (
                    "totp_secret",
                    models.CharField(blank=True, editable=False, max_length=64, verbose_name="two-step login secret"),
                ),
                (
                    "totp_step",
                    models.BigIntegerField(default=0, editable=False, verbose_name="time step of the last code"),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="person",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "persons",
                "default_permissions": ("view", "change"),
            },
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        max_length=32,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z0-9][A-Z0-9-]*$", "Capital letters, digits and hyphens only."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=64, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("plan", "Plan"), ("pack", "Add-on pack")],
                        default="plan",
                        max_length=4,
                        verbose_name="kind",
                    ),
                ),
                (
                    "months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(240),
                        ],
                        verbose_name="months",
                    ),
                ),
                (
                    "alignment",
                    models.CharField(
                        blank=True,
                        choices=[("calendar", "Calendar months"), ("anniversary", "Anniversary")],
                        max_length=11,
                        verbose_name="alignment",
                    ),
                ),
                (
                    "quota_mb",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="allowance per cycle (MB)",
                    ),
                ),
                ("is_sold", models.BooleanField(default=True, verbose_name="on sale")),
            ],
            options={
                "verbose_name": "plan",
                "verbose_name_plural": "plans",
                "ordering": ["kind", "code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("alignment", ""), ("kind", "pack"), ("months", None)),
                            models.Q(("kind", "plan"), ("months__gte", 1), models.Q(("alignment", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="plan_has_months_and_pack_has_none",
                        violation_error_message="A plan has months and an alignment; an add-on pack has neither.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("query", models.CharField(blank=True, max_length=2000, verbose_name="query")),
                ("is_shared", models.BooleanField(default=False, verbose_name="shared with all staff")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("owner", "name"), name="view_names_are_unique")],
            },
        ),
        migrations.CreateModel(
            name="Selection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                ("name", models.CharField(blank=True, max_length=80, verbose_name="name")),
                ("asked", models.JSONField(default=dict, verbose_name="criteria")),
                ("size", models.PositiveIntegerField(default=0, verbose_name="cards")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "selection",
                "verbose_name_plural": "selections",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="StagedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="started at")),
                ("kept_until", models.DateTimeField(verbose_name="kept until")),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("last_card", models.BigIntegerField(null=True, verbose_name="last card")),
                ("taken_through", models.BigIntegerField(default=0, verbose_name="processed through card")),
                ("created", models.PositiveIntegerField(default=0, verbose_name="created")),
                ("updated", models.PositiveIntegerField(default=0, verbose_name="updated")),
                ("stale", models.PositiveIntegerField(default=0, verbose_name="stale")),
                (
                    "is_cumulative",
                    models.BooleanField(db_default=False, default=False, verbose_name="cumulative figures"),
                ),
                (
                    "tells_no_instant",
                    models.BooleanField(db_default=False, default=False, verbose_name="tells no time of reading"),
                ),
                ("unchanged", models.PositiveIntegerField(db_default=0, default=0, verbose_name="unchanged")),
                ("told_on", models.DateField(null=True, verbose_name="told on")),
                ("quarantined", models.PositiveIntegerField(db_default=0, default=0, verbose_name="quarantined")),
            ],
            options={
                "verbose_name": "staged file",
                "verbose_name_plural": "staged files",
            },
        ),
        migrations.CreateModel(
            name="StateTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("adopt", "Take over"),
                            ("update", "Correct data"),
                            ("end_test", "End test"),
                            ("activate", "Activate"),
                            ("force_activate", "Force activation"),
                            ("suspend", "Suspend"),
                            ("resume", "Resume"),
                            ("place_hold", "Place hold"),
                            ("lift_hold", "Lift hold"),
                            ("bind", "Bind device"),
                            ("rebind", "Change device"),
                            ("submit_real_name", "Submit ID verification"),
                            ("approve_real_name", "Approve ID verification"),
                            ("reject_real_name", "Reject ID verification"),
                            ("revoke_real_name", "Revoke ID verification"),
                            ("set_limit", "Set usage limit"),
                            ("renew", "Renew"),
                            ("unrenew", "Undo renewal"),
                            ("top_up", "Top up"),
                            ("protect", "Protect"),
                            ("unprotect", "Remove protection"),
                            ("assign", "Assign to customer"),
                            ("unassign", "Return to stock"),
                            ("tag", "Add tag"),
                            ("untag", "Remove tag"),
                            ("remark", "Edit remark"),
                            ("roll_over", "Start next cycle"),
                            ("start_term", "Start next term"),
                            ("expire", "Shut down"),
                            ("cancel", "Cancel"),
                            ("park", "Park"),
                            ("unpark", "Unpark"),
                        ],
                        max_length=20,
                        verbose_name="action",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("testing", "Testing"),
                            ("unused", "Unused"),
                            ("in_use", "In use"),
                            ("suspended", "Suspended"),
                            ("shut_down", "Shut down"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("holds", models.CharField(blank=True, max_length=128, verbose_name="holds")),
                ("cards", models.IntegerField(verbose_name="cards")),
            ],
            options={
                "verbose_name": "state count",
                "verbose_name_plural": "state counts",
            },
        ),
        migrations.CreateModel(
            name="SweptDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False, verbose_name="day")),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="started at")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                ("braked_at", models.DateTimeField(blank=True, null=True, verbose_name="paused at")),
                ("released_by", models.CharField(blank=True, max_length=150, verbose_name="released by")),
                ("counts", models.JSONField(default=dict, verbose_name="changes by rule")),
                ("released_at", models.DateTimeField(blank=True, null=True, verbose_name="released at")),
            ],
            options={
                "verbose_name": "nightly sweep",
                "verbose_name_plural": "nightly sweeps",
                "ordering": ["-day"],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=24, unique=True, verbose_name="name")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Tries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=64, unique=True)),
                ("count", models.PositiveIntegerField(default=0)),
                ("until", models.DateTimeField(db_index=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UsageTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("bytes", models.BigIntegerField(verbose_name="bytes")),
                ("readings", models.IntegerField(verbose_name="readings")),
            ],
            options={
                "verbose_name": "usage count",
                "verbose_name_plural": "usage counts",
            },
        ),
        migrations.CreateModel(
            name="Card",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("iccid", cards.models.fields.CodeField(max_length=20, verbose_name="ICCID")),
                ("msisdn", cards.models.fields.CodeField(blank=True, max_length=13, verbose_name="MSISDN")),
                ("imsi", cards.models.fields.CodeField(blank=True, max_length=15, verbose_name="IMSI")),
                (
                    "carrier",
                    models.CharField(
                        choices=[
                            ("cmcc", "China Mobile"),
                            ("cucc", "China Unicom"),
                            ("ctcc", "China Telecom"),
                            ("cbn", "China Broadnet"),
                        ],
                        max_length=4,
                        verbose_name="carrier",
                    ),
                ),
                (
                    "certification",
                    models.CharField(
                        choices=[("enterprise", "Enterprise"), ("individual", "Individual")],
                        max_length=10,
                        verbose_name="certification",
                    ),
                ),
                (
                    "state",
                    cards.models.fields.StateField(
                        choices=[
                            ("testing", "Testing"),
                            ("unused", "Unused"),
                            ("in_use", "In use"),
                            ("suspended", "Suspended"),
                            ("shut_down", "Shut down"),
                            ("cancelled", "Cancelled"),
                        ],
                        editable=False,
                        max_length=9,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                (
                    "holds",
                    cards.models.fields.CodeField(blank=True, editable=False, max_length=128, verbose_name="holds"),
                ),
                (
                    "resumes_to",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("testing", "Testing"),
                            ("unused", "Unused"),
                            ("in_use", "In use"),
                            ("suspended", "Suspended"),
                            ("shut_down", "Shut down"),
                            ("cancelled", "Cancelled"),
                        ],
                        editable=False,
                        max_length=9,
                        verbose_name="resumes to",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=0, editable=False, verbose_name="version")),
                ("changed_on", models.DateField(editable=False, verbose_name="changed on")),
                ("next_due_on", models.DateField(editable=False, null=True, verbose_name="next due on")),
                ("parked", models.CharField(blank=True, editable=False, max_length=500, verbose_name="parking reason")),
                ("opened_on", models.DateField(verbose_name="opened on")),
                (
                    "test_months",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[django.core.validators.MaxValueValidator(9)], verbose_name="test months"
                    ),
                ),
                (
                    "test_quota_mb",
                    models.PositiveSmallIntegerField(
                        default=0,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(30),
                        ],
                        verbose_name="test allowance (MB)",
                    ),
                ),
                ("test_until", models.DateField(editable=False, null=True, verbose_name="test until")),
                ("test_ended_on", models.DateField(editable=False, null=True, verbose_name="test ended on")),
                ("silent_from", models.DateField(editable=False, null=True, verbose_name="silent from")),
                (
                    "forced_activation_on",
                    models.DateField(editable=False, null=True, verbose_name="forced activation on"),
                ),
                ("activated_on", models.DateField(editable=False, null=True, verbose_name="activated on")),
                (
                    "activation_cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("first_use", "First use"),
                            ("forced", "Forced activation"),
                            ("staff", "Activated by staff"),
                            ("real_name", "ID verification approved"),
                        ],
                        editable=False,
                        max_length=10,
                        verbose_name="activated by",
                    ),
                ),
                (
                    "term_number",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="current term"),
                ),
                ("service_from", models.DateField(editable=False, null=True, verbose_name="service from")),
                ("service_until", models.DateField(editable=False, null=True, verbose_name="service until")),
                ("cancel_on", models.DateField(editable=False, null=True, verbose_name="cancelled on")),
                ("protected", models.BooleanField(default=False, editable=False, verbose_name="protected")),
                ("cycle_from", models.DateField(editable=False, null=True, verbose_name="cycle from")),
                ("cycle_until", models.DateField(editable=False, null=True, verbose_name="cycle until")),
                ("quota_mb", models.PositiveIntegerField(default=0, editable=False, verbose_name="allowance (MB)")),
                ("pack_mb", models.PositiveIntegerField(default=0, editable=False, verbose_name="add-on packs (MB)")),
                ("limit_mb", models.PositiveIntegerField(editable=False, null=True, verbose_name="usage limit (MB)")),
                ("limit_waived", models.BooleanField(default=False, editable=False, verbose_name="limit waived")),
                ("used_bytes", models.BigIntegerField(default=0, editable=False, verbose_name="used bytes")),
                ("used_on", models.DateField(editable=False, null=True, verbose_name="last used on")),
                ("read_at", models.DateTimeField(editable=False, null=True, verbose_name="usage as of")),
                (
                    "stray_usage_on",
                    models.DateField(editable=False, null=True, verbose_name="usage after end of service"),
                ),
                (
                    "binding",
                    models.CharField(
                        choices=[("none", "Any device"), ("first_use", "First device seen"), ("fixed", "Fixed device")],
                        default="none",
                        max_length=9,
                        verbose_name="device binding",
                    ),
                ),
                (
                    "bound_imei",
                    cards.models.fields.CodeField(blank=True, editable=False, max_length=16, verbose_name="bound IMEI"),
                ),
                (
                    "previous_imei",
                    models.CharField(blank=True, editable=False, max_length=16, verbose_name="previous IMEI"),
                ),
                ("bound_on", models.DateField(editable=False, null=True, verbose_name="bound on")),
                (
                    "seen_imei",
                    cards.models.fields.CodeField(
                        blank=True, editable=False, max_length=16, verbose_name="IMEI last seen"
                    ),
                ),
                (
                    "rebound_in",
                    models.DateField(editable=False, null=True, verbose_name="month of the last device change"),
                ),
                (
                    "rebinds",
                    models.PositiveSmallIntegerField(
                        default=0, editable=False, verbose_name="device changes in that month"
                    ),
                ),
                (
                    "real_name",
                    models.CharField(
                        choices=[
                            ("none", "Not submitted"),
                            ("submitted", "Pending approval"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("revoked", "Revoked"),
                        ],
                        default="none",
                        editable=False,
                        max_length=9,
                        verbose_name="ID verification",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards",
                        to="cards.plan",
                        verbose_name="opening plan",
                    ),
                ),
                ("remark", models.CharField(blank=True, editable=False, max_length=200, verbose_name="remark")),
                ("tags", models.CharField(blank=True, editable=False, max_length=200, verbose_name="tags")),
                (
                    "usage_level",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Plenty left"), (80, "Low"), (100, "Used up")],
                        default=0,
                        editable=False,
                        verbose_name="usage level",
                    ),
                ),
                (
                    "owned_from_seq",
                    models.PositiveIntegerField(editable=False, null=True, verbose_name="owned since record"),
                ),
                (
                    "anew_seq",
                    models.PositiveIntegerField(editable=False, null=True, verbose_name="taken in anew by record"),
                ),
                (
                    "anniversary_day",
                    models.PositiveSmallIntegerField(
                        editable=False, null=True, verbose_name="day of the month of its anniversary terms"
                    ),
                ),
                ("counted_from", models.DateField(editable=False, null=True, verbose_name="usage counted from")),
                ("seen_on", models.DateField(editable=False, null=True, verbose_name="device last seen on")),
            ],
            options={
                "verbose_name": "card",
                "verbose_name_plural": "cards",
                "permissions": [
                    ("activate_card", "activate"),
                    ("force_activate_card", "force_activate"),
                    ("suspend_card", "suspend"),
                    ("resume_card", "resume"),
                    ("place_hold_card", "place_hold"),
                    ("lift_hold_card", "lift_hold"),
                    ("renew_card", "renew"),
                    ("unrenew_card", "unrenew"),
                    ("top_up_card", "top_up"),
                    ("set_limit_card", "set_limit"),
                    ("rebind_card", "rebind"),
                    ("submit_real_name_card", "submit_real_name"),
                    ("approve_real_name_card", "approve_real_name"),
                    ("reject_real_name_card", "reject_real_name"),
                    ("revoke_real_name_card", "revoke_real_name"),
                    ("assign_card", "assign"),
                    ("unassign_card", "unassign"),
                    ("tag_card", "tag"),
                    ("untag_card", "untag"),
                    ("remark_card", "remark"),
                    ("protect_card", "protect"),
                    ("unprotect_card", "unprotect"),
                    ("unpark_card", "unpark"),
                    ("cancel_card", "cancel"),
                    ("import_card", "import"),
                    ("sweep_card", "sweep"),
                    ("print_label", "print labels"),
                ],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_due_on__isnull", False)),
                        fields=["next_due_on", "id"],
                        name="card_due",
                    ),
                    models.Index(fields=["state", "id"], name="card_state"),
                    models.Index(fields=["customer", "id"], name="card_customer"),
                    models.Index(
                        condition=models.Q(("msisdn", ""), _negated=True), fields=["msisdn"], name="card_msisdn"
                    ),
                    models.Index(condition=models.Q(("imsi", ""), _negated=True), fields=["imsi"], name="card_imsi"),
                    models.Index(
                        condition=models.Q(("bound_imei", ""), _negated=True),
                        fields=["bound_imei"],
                        name="card_bound_imei",
                    ),
                    models.Index(
                        condition=models.Q(("seen_imei", ""), _negated=True),
                        fields=["seen_imei"],
                        name="card_seen_imei",
                    ),
                    models.Index(fields=["service_until", "id"], name="card_service_until"),
                    models.Index(condition=models.Q(("parked", ""), _negated=True), fields=["id"], name="card_parked"),
                    models.Index(
                        condition=models.Q(("stray_usage_on__isnull", False)),
                        fields=["stray_usage_on", "id"],
                        name="card_stray",
                    ),
                    models.Index(django.db.models.functions.text.Reverse("iccid"), name="card_iccid_reversed"),
                    models.Index(
                        django.db.models.functions.text.Reverse("msisdn"),
                        condition=models.Q(("msisdn", ""), _negated=True),
                        name="card_msisdn_reversed",
                    ),
                    models.Index(fields=["carrier", "id"], name="card_carrier"),
                    models.Index(fields=["certification", "id"], name="card_certification"),
                    models.Index(fields=["plan", "id"], name="card_plan"),
                    models.Index(
                        condition=models.Q(("activated_on", None)),
                        fields=["forced_activation_on", "id"],
                        name="card_forced",
                    ),
                    models.Index(condition=models.Q(("real_name", "submitted")), fields=["id"], name="card_real_name"),
                    models.Index(
                        cards.querysets.FirstHold("holds"),
                        models.F("id"),
                        condition=models.Q(("state", "suspended")),
                        name="card_first_hold",
                    ),
                    models.Index(condition=models.Q(("usage_level", 80)), fields=["id"], name="card_low"),
                    models.Index(condition=models.Q(("usage_level", 100)), fields=["id"], name="card_used_up"),
                    models.Index(
                        condition=models.Q(("state", "shut_down")), fields=["cancel_on", "id"], name="card_cancelling"
                    ),
                    models.Index(
                        models.F("customer"),
                        cards.querysets.FirstHold("holds"),
                        models.F("id"),
                        condition=models.Q(("state", "suspended")),
                        name="card_customer_held",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("iccid",), name="iccid_is_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", "suspended"),
                                models.Q(("holds", ""), _negated=True),
                                models.Q(("resumes_to", ""), _negated=True),
                            ),
                            models.Q(models.Q(("state", "suspended"), _negated=True), ("resumes_to", "")),
                            _connector="OR",
                        ),
                        name="suspended_means_held",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("holds", ""), ("state__in", ["suspended", "shut_down", "cancelled"]), _connector="OR"
                        ),
                        name="only_a_stopped_card_is_held",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("used_bytes__gte", 0)), name="used_bytes_are_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("operator", "Operator"), ("viewer", "Viewer")],
                        max_length=8,
                        verbose_name="role",
                    ),
                ),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("until", models.DateTimeField(verbose_name="expires at")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked at")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="accepted at")),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="accepted by",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited by",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "ordering": ["-pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("action", "Bulk action"),
                            ("undo", "Undo"),
                            ("import_cards", "Card import"),
                            ("import_usage", "Usage import"),
                            ("export", "Export"),
                            ("order", "Order processing"),
                            ("refund", "Refund processing"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("open", "Open"),
                            ("adopt", "Take over"),
                            ("update", "Correct data"),
                            ("end_test", "End test"),
                            ("activate", "Activate"),
                            ("force_activate", "Force activation"),
                            ("suspend", "Suspend"),
                            ("resume", "Resume"),
                            ("place_hold", "Place hold"),
                            ("lift_hold", "Lift hold"),
                            ("bind", "Bind device"),
                            ("rebind", "Change device"),
                            ("submit_real_name", "Submit ID verification"),
                            ("approve_real_name", "Approve ID verification"),
                            ("reject_real_name", "Reject ID verification"),
                            ("revoke_real_name", "Revoke ID verification"),
                            ("set_limit", "Set usage limit"),
                            ("renew", "Renew"),
                            ("unrenew", "Undo renewal"),
                            ("top_up", "Top up"),
                            ("protect", "Protect"),
                            ("unprotect", "Remove protection"),
                            ("assign", "Assign to customer"),
                            ("unassign", "Return to stock"),
                            ("tag", "Add tag"),
                            ("untag", "Remove tag"),
                            ("remark", "Edit remark"),
                            ("roll_over", "Start next cycle"),
                            ("start_term", "Start next term"),
                            ("expire", "Shut down"),
                            ("cancel", "Cancel"),
                            ("park", "Park"),
                            ("unpark", "Unpark"),
                        ],
                        max_length=20,
                        verbose_name="action",
                    ),
                ),
                ("params", models.JSONField(default=dict, verbose_name="parameters")),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("language", models.CharField(default="zh-hans", max_length=8, verbose_name="language")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("preparing", "Reading file"),
                            ("asking", "Columns to match"),
                            ("checking", "Checking"),
                            ("ready", "Ready to start"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("stopped", "Stopped"),
                            ("done", "Finished"),
                            ("failed", "Failed"),
                            ("unread", "File not read"),
                        ],
                        default="preparing",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=500, verbose_name="failure reason")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="cards or rows")),
                ("counts", models.JSONField(default=dict, verbose_name="check results")),
                ("file", models.FileField(blank=True, upload_to="jobs/", verbose_name="file")),
                ("file_name", models.CharField(blank=True, max_length=200, verbose_name="file name")),
                ("kept_until", models.DateTimeField(blank=True, null=True, verbose_name="file kept until")),
                ("worker", models.CharField(blank=True, max_length=64, verbose_name="worker")),
                ("leased_until", models.DateTimeField(blank=True, null=True, verbose_name="leased until")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started at")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                (
                    "of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followed_by",
                        to="cards.job",
                        verbose_name="previous job",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "selection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to="cards.selection",
                        verbose_name="selection",
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="attempts")),
            ],
            options={
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["status", "id"], name="job_status")],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("operator", "Operator"), ("viewer", "Viewer")],
                        default="operator",
                        max_length=8,
                        verbose_name="role",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "user"), name="one_membership_per_customer")
                ],
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, verbose_name="hash")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to="cards.person",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("person", "digest"), name="a_recovery_code_stands_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="RefusedRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField(verbose_name="row")),
                ("field", models.CharField(blank=True, max_length=20, verbose_name="column")),
                ("message", models.TextField(verbose_name="why")),
                (
                    "file",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="cards.stagedfile",
                        verbose_name="file",
                    ),
                ),
                ("is_warning", models.BooleanField(db_default=False, default=False, verbose_name="warning")),
            ],
            options={
                "verbose_name": "rejected row",
                "verbose_name_plural": "rejected rows",
                "indexes": [models.Index(fields=["file", "number"], name="refused_row_of_file")],
            },
        ),
        migrations.CreateModel(
            name="SelectionPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("card_ids", models.JSONField(verbose_name="cards")),
                (
                    "selection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="cards.selection",
                        verbose_name="selection",
                    ),
                ),
            ],
            options={
                "verbose_name": "selection part",
                "verbose_name_plural": "selection parts",
                "ordering": ["selection", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("selection", "number"), name="selection_parts_are_numbered")
                ],
            },
        ),
        migrations.CreateModel(
            name="StagedReading",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "file_id",
                        "card_id",
                        "day",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("card_id", models.BigIntegerField(verbose_name="card")),
                ("day", models.DateField(verbose_name="day")),
                ("number", models.IntegerField(verbose_name="row")),
                ("bytes", models.BigIntegerField(verbose_name="bytes")),
                ("read_at", models.DateTimeField(verbose_name="read at")),
                ("imei", models.CharField(blank=True, max_length=16, verbose_name="IMEI")),
                (
                    "file",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="cards.stagedfile",
                        verbose_name="file",
                    ),
                ),
            ],
            options={
                "verbose_name": "staged reading",
                "verbose_name_plural": "staged readings",
            },
        ),
        migrations.CreateModel(
            name="CardEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveIntegerField(verbose_name="number")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("adopt", "Take over"),
                            ("update", "Correct data"),
                            ("end_test", "End test"),
                            ("activate", "Activate"),
                            ("force_activate", "Force activation"),
                            ("suspend", "Suspend"),
                            ("resume", "Resume"),
                            ("place_hold", "Place hold"),
                            ("lift_hold", "Lift hold"),
                            ("bind", "Bind device"),
                            ("rebind", "Change device"),
                            ("submit_real_name", "Submit ID verification"),
                            ("approve_real_name", "Approve ID verification"),
                            ("reject_real_name", "Reject ID verification"),
                            ("revoke_real_name", "Revoke ID verification"),
                            ("set_limit", "Set usage limit"),
                            ("renew", "Renew"),
                            ("unrenew", "Undo renewal"),
                            ("top_up", "Top up"),
                            ("protect", "Protect"),
                            ("unprotect", "Remove protection"),
                            ("assign", "Assign to customer"),
                            ("unassign", "Return to stock"),
                            ("tag", "Add tag"),
                            ("untag", "Remove tag"),
                            ("remark", "Edit remark"),
                            ("roll_over", "Start next cycle"),
                            ("start_term", "Start next term"),
                            ("expire", "Shut down"),
                            ("cancel", "Cancel"),
                            ("park", "Park"),
                            ("unpark", "Unpark"),
                        ],
                        max_length=20,
                        verbose_name="action",
                    ),
                ),
                (
                    "from_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("testing", "Testing"),
                            ("unused", "Unused"),
                            ("in_use", "In use"),
                            ("suspended", "Suspended"),
                            ("shut_down", "Shut down"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=9,
                        verbose_name="from",
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("testing", "Testing"),
                            ("unused", "Unused"),
                            ("in_use", "In use"),
                            ("suspended", "Suspended"),
                            ("shut_down", "Shut down"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=9,
                        verbose_name="to",
                    ),
                ),
                ("holds", models.CharField(blank=True, max_length=128, verbose_name="holds")),
                ("effective_on", models.DateField(verbose_name="effective on")),
                ("executed_at", models.DateTimeField(verbose_name="executed at")),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("system", "Rule"),
                            ("staff", "Staff"),
                            ("customer", "Customer"),
                            ("command", "Command line"),
                        ],
                        max_length=8,
                        verbose_name="actor kind",
                    ),
                ),
                ("actor_name", models.CharField(max_length=150, verbose_name="actor")),
                (
                    "rule",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("end_test", "The test period is over"),
                            ("first_use", "The card was used for the first time"),
                            ("force_activate", "The silent period is over"),
                            ("first_device", "The first device seen is the card's device"),
                            ("rebind", "The card was seen in another device"),
                            ("credit", "The cycle's allowance is used up"),
                            ("threshold", "The usage limit is reached"),
                            ("roll_over", "A new cycle starts"),
                            ("start_term", "The next term starts"),
                            ("expire", "The last term has ended"),
                            ("cancel", "Not renewed in time"),
                            ("park", "The card's data is inconsistent"),
                        ],
                        max_length=20,
                        verbose_name="rule",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("evidence", models.JSONField(blank=True, default=dict, verbose_name="evidence")),
                (
                    "card",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.job",
                        verbose_name="job",
                    ),
                ),
            ],
            options={
                "verbose_name": "card event",
                "verbose_name_plural": "card events",
                "ordering": ["card", "seq"],
                "constraints": [models.UniqueConstraint(fields=("card", "seq"), name="event_numbers_are_unique")],
            },
        ),
        migrations.CreateModel(
            name="CardRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                ("text", models.CharField(blank=True, max_length=1000, verbose_name="question")),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Awaiting reply"), ("answered", "Answered"), ("closed", "Closed")],
                        default="open",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=2000, verbose_name="answer")),
                ("asked_at", models.DateTimeField(auto_now_add=True, verbose_name="submitted at")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="answered at")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="submitted by",
                    ),
                ),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "request",
                "verbose_name_plural": "requests",
                "ordering": ["-pk"],
                "permissions": [("answer_cardrequest", "answer")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["customer", "id"], name="cardrequest_customer"),
                    models.Index(fields=["status", "id"], name="cardrequest_status"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CardTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "card",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tag_rows",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="card_rows",
                        to="cards.tag",
                        verbose_name="tag",
                    ),
                ),
            ],
            options={
                "verbose_name": "card tag",
                "verbose_name_plural": "card tags",
                "indexes": [models.Index(fields=["tag", "card"], name="cardtag_tag")],
                "constraints": [models.UniqueConstraint(fields=("card", "tag"), name="a_card_has_a_tag_once")],
            },
        ),
        migrations.CreateModel(
            name="ClaimCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("generation", models.PositiveIntegerField(default=1, verbose_name="generation")),
                ("digest", models.CharField(editable=False, max_length=64, verbose_name="hash")),
                ("used_at", models.DateTimeField(null=True, verbose_name="used at")),
                (
                    "card",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claim_code",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "used_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="used by",
                    ),
                ),
            ],
            options={
                "verbose_name": "claim code",
                "verbose_name_plural": "claim codes",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DeviceBinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("imei", models.CharField(max_length=16, verbose_name="IMEI")),
                ("bound_on", models.DateField(verbose_name="bound on")),
                ("is_rebind", models.BooleanField(default=False, verbose_name="counted as a device change")),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bindings",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
            ],
            options={
                "verbose_name": "device binding",
                "verbose_name_plural": "device bindings",
                "ordering": ["card", "pk"],
            },
        ),
        migrations.CreateModel(
            name="JobChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("size", models.PositiveIntegerField(verbose_name="cards or rows")),
                ("payload", models.JSONField(verbose_name="work")),
                ("check_result", models.JSONField(blank=True, null=True, verbose_name="check outcome")),
                ("result", models.JSONField(blank=True, null=True, verbose_name="outcome")),
                ("checked_at", models.DateTimeField(blank=True, null=True, verbose_name="checked at")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="completed at")),
                ("worker", models.CharField(blank=True, max_length=64, verbose_name="worker")),
                ("leased_until", models.DateTimeField(blank=True, null=True, verbose_name="leased until")),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="chunks",
                        to="cards.job",
                        verbose_name="job",
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="attempts")),
            ],
            options={
                "verbose_name": "job chunk",
                "verbose_name_plural": "job chunks",
                "ordering": ["job", "number"],
                "indexes": [
                    models.Index(condition=models.Q(("done_at", None)), fields=["job", "number"], name="jobchunk_open")
                ],
                "constraints": [models.UniqueConstraint(fields=("job", "number"), name="job_chunks_are_numbered")],
            },
        ),
        migrations.CreateModel(
            name="JobStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("started", "Started by"),
                            ("paused", "Paused by"),
                            ("resumed", "Resumed by"),
                            ("stopped", "Stopped by"),
                            ("discarded", "Discarded by"),
                        ],
                        max_length=9,
                        verbose_name="action taken",
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="cards.job",
                        verbose_name="job",
                    ),
                ),
            ],
            options={
                "verbose_name": "job step",
                "verbose_name_plural": "job steps",
                "ordering": ["pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="KnownOwner",
            fields=[
                (
                    "card",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="known_owner",
                        serialize=False,
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "known card owner",
                "verbose_name_plural": "known card owners",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="QuarantinedReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("bytes", models.BigIntegerField(verbose_name="bytes")),
                ("read_at", models.DateTimeField(verbose_name="read at")),
                ("imei", models.CharField(blank=True, max_length=16, verbose_name="IMEI")),
                ("told_at", models.DateTimeField(verbose_name="received at")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("taken", "Accepted"),
                            ("dropped", "Dropped"),
                            ("replaced", "Replaced by a later reading"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided at")),
                (
                    "card",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quarantined",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
            ],
            options={
                "verbose_name": "quarantined reading",
                "verbose_name_plural": "quarantined readings",
                "permissions": [("decide_quarantinedreading", "decide")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(condition=models.Q(("status", "waiting")), fields=["id"], name="quarantine_waiting")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("card", "day", "read_at"), name="one_quarantined_reading_per_instant"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "waiting")),
                        fields=("card", "day"),
                        name="one_quarantined_reading_waits",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RealNameCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("none", "Not submitted"),
                            ("submitted", "Pending approval"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("revoked", "Revoked"),
                        ],
                        default="submitted",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("masked_name", models.CharField(max_length=64, verbose_name="name")),
                ("masked_number", models.CharField(max_length=32, verbose_name="ID number")),
                ("number_hash", models.CharField(editable=False, max_length=64, verbose_name="ID number hash")),
                ("submitted_on", models.DateField(verbose_name="submitted on")),
                ("decided_on", models.DateField(blank=True, null=True, verbose_name="decided on")),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="real_name_checks",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
            ],
            options={
                "verbose_name": "ID verification",
                "verbose_name_plural": "ID verifications",
                "ordering": ["card", "pk"],
                "indexes": [models.Index(fields=["number_hash"], name="real_name_number")],
            },
        ),
        migrations.CreateModel(
            name="ServiceTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                ("months", models.PositiveSmallIntegerField(verbose_name="months")),
                (
                    "alignment",
                    models.CharField(
                        choices=[("calendar", "Calendar months"), ("anniversary", "Anniversary")],
                        max_length=11,
                        verbose_name="alignment",
                    ),
                ),
                ("quota_mb", models.PositiveIntegerField(verbose_name="allowance per cycle (MB)")),
                ("bought_on", models.DateField(verbose_name="bought on")),
                ("starts_on", models.DateField(blank=True, null=True, verbose_name="starts on")),
                ("service_until", models.DateField(blank=True, null=True, verbose_name="service until")),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terms",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.plan",
                        verbose_name="plan",
                    ),
                ),
            ],
            options={
                "verbose_name": "service term",
                "verbose_name_plural": "service terms",
                "ordering": ["card", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("card", "number"), name="term_numbers_are_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("service_until", None), ("starts_on", None)),
                            ("service_until__gt", models.F("starts_on")),
                            _connector="OR",
                        ),
                        name="term_ends_after_it_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("bytes", models.BigIntegerField(verbose_name="bytes")),
                ("read_at", models.DateTimeField(verbose_name="read at")),
                ("imei", models.CharField(blank=True, max_length=16, verbose_name="IMEI")),
                (
                    "card",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage_days",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
            ],
            options={
                "verbose_name": "usage day",
                "verbose_name_plural": "usage days",
                "constraints": [
                    models.UniqueConstraint(fields=("card", "day"), name="one_reading_per_card_and_day"),
                    models.CheckConstraint(condition=models.Q(("bytes__gte", 0)), name="usage_is_not_negative"),
                ],
            },
        ),
        migrations.AddField(
            model_name="customer",
            name="members",
            field=models.ManyToManyField(
                related_name="customers",
                through="cards.Membership",
                to=settings.AUTH_USER_MODEL,
                verbose_name="members",
            ),
        ),
        migrations.RunPython(STORAGE.lay_out, migrations.RunPython.noop),
        migrations.RunPython(FIRST_ROWS.seed, migrations.RunPython.noop),
    ]
