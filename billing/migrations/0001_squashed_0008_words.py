"""What the first eight migrations lay out, in one step for a new database; one that has them is where this leads."""

import uuid
from decimal import Decimal
from importlib import import_module

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import billing.models.fields
import cards.calendar
import cards.models.fields

FIRST_ROWS = import_module("billing.migrations.0002_seed")


class Migration(migrations.Migration):
    replaces = [
        ("billing", "0001_initial"),
        ("billing", "0002_seed"),
        ("billing", "0003_whose_word_a_renewal_is"),
        ("billing", "0004_receipts_recorded_anew"),
        ("billing", "0005_digests_fall_due"),
        ("billing", "0006_readers_of_records_belong_to_cards"),
        ("billing", "0007_order_placed_by"),
        ("billing", "0008_words"),
    ]

    initial = True

    dependencies = [
        ("cards", "0001_squashed_0025_quarantine"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CardRenewal",
            fields=[
                (
                    "card",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="renewal",
                        serialize=False,
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                ("is_on", models.BooleanField(verbose_name="auto-renew")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "said_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="set by",
                    ),
                ),
                ("said_at", models.DateTimeField(default=cards.calendar.this_moment, verbose_name="set at")),
            ],
            options={
                "verbose_name": "card auto-renewal",
                "verbose_name_plural": "card auto-renewals",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Digest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
                ("problem", models.CharField(blank=True, max_length=200, verbose_name="delivery error")),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="digests",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due at")),
            ],
            options={
                "verbose_name": "digest of notices",
                "verbose_name_plural": "digests of notices",
                "ordering": ["-day", "customer"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="digest_due")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "day"), name="one_digest_per_customer_and_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="MoneyRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "service_tax_rate",
                    billing.models.fields.RateField(default=Decimal("6.00"), verbose_name="tax on service (%)"),
                ),
                (
                    "goods_tax_rate",
                    billing.models.fields.RateField(default=Decimal("13.00"), verbose_name="tax on cards (%)"),
                ),
                (
                    "second_person_above",
                    billing.models.fields.MoneyField(default=Decimal("1000.00"), verbose_name="second approval above"),
                ),
                (
                    "placed_days",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="payment period (days)",
                    ),
                ),
            ],
            options={
                "verbose_name": "billing settings",
                "verbose_name_plural": "billing settings",
                "default_permissions": ("change", "view"),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="rules_of_money_are_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opening", "Opening plan"),
                            ("renewal", "Renewal"),
                            ("pack", "Add-on pack"),
                            ("sale", "Card sale"),
                            ("adjustment", "Adjustment"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    cards.models.fields.StateField(
                        choices=[
                            ("draft", "Draft"),
                            ("placed", "Placed"),
                            ("paid", "Paid"),
                            ("fulfilled", "Fulfilled"),
                            ("expired", "Expired"),
                            ("withdrawn", "Cancelled"),
                            ("refunded", "Refunded"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=9,
                        protected=True,
                        verbose_name="state",
                    ),
                ),
                ("size", models.PositiveIntegerField(default=0, verbose_name="lines")),
                ("total", billing.models.fields.MoneyField(default=Decimal("0.00"), verbose_name="total")),
                ("refunded", billing.models.fields.MoneyField(default=Decimal("0.00"), verbose_name="refunded")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                (
                    "created_at",
                    models.DateTimeField(default=cards.calendar.this_moment, editable=False, verbose_name="created at"),
                ),
                ("placed_at", models.DateTimeField(blank=True, null=True, verbose_name="placed at")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="payment due by")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ordered by",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "job",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.job",
                        verbose_name="job",
                    ),
                ),
                (
                    "paid_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="paid by",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "selection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.selection",
                        verbose_name="selection",
                    ),
                ),
                (
                    "placed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="placed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "ordering": ["-pk"],
                "permissions": [
                    ("place_order", "place"),
                    ("pay_order", "pay"),
                    ("refund_order", "refund"),
                    ("adjust_order", "adjust"),
                ],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["customer", "id"], name="order_customer"),
                    models.Index(fields=["state", "id"], name="order_state"),
                    models.Index(condition=models.Q(("state", "placed")), fields=["expires_at"], name="order_expires"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded", 0),
                            models.Q(("refunded__gt", 0), ("refunded__lte", models.F("total"))),
                            _connector="OR",
                        ),
                        name="no_more_is_refunded_than_was_paid",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceTier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True, verbose_name="name")),
            ],
            options={
                "verbose_name": "price tier",
                "verbose_name_plural": "price tiers",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="CustomerAccount",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="account",
                        serialize=False,
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "balance",
                    billing.models.fields.MoneyField(default=Decimal("0.00"), editable=False, verbose_name="balance"),
                ),
                (
                    "credit_limit",
                    billing.models.fields.MoneyField(
                        default=Decimal("0.00"),
                        validators=[django.core.validators.MinValueValidator(Decimal("0.00"))],
                        verbose_name="credit limit",
                    ),
                ),
                (
                    "low_below",
                    billing.models.fields.MoneyField(blank=True, null=True, verbose_name="low-balance threshold"),
                ),
                ("auto_renews", models.BooleanField(default=False, verbose_name="auto-renew")),
                (
                    "renews_days_ahead",
                    models.PositiveSmallIntegerField(
                        default=7,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="days before end of term",
                    ),
                ),
                ("muted", models.JSONField(blank=True, default=list, verbose_name="muted notices")),
                (
                    "tier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to="billing.pricetier",
                        verbose_name="tier",
                    ),
                ),
            ],
            options={
                "verbose_name": "customer's account",
                "verbose_name_plural": "customers' accounts",
                "ordering": ["customer"],
                "default_permissions": ("change", "view"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "balance__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("credit_limit"), "*", models.Value(-1)
                                ),
                            )
                        ),
                        name="wallet_stays_within_its_credit_limit",
                        violation_error_message="The wallet is already overdrawn beyond this limit.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credit_limit__gte", 0)), name="credit_limit_is_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("receipt", "Bank receipt"),
                            ("online", "Online payment"),
                            ("payment", "Order payment"),
                            ("fulfilment", "Service delivered"),
                            ("refund", "Refund"),
                            ("reversal", "Reversal"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("booked_on", models.DateField(verbose_name="posting date")),
                ("booked_at", models.DateTimeField(verbose_name="posted at")),
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
                ("memo", models.CharField(blank=True, max_length=200, verbose_name="memo")),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="billing.entry",
                        verbose_name="reverses",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "entry",
                "verbose_name_plural": "entries",
                "ordering": ["booked_at"],
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["customer", "booked_on"], name="entry_of_customer")],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("expiring", "Service ends soon"),
                            ("cancelling", "Cancellation soon"),
                            ("forcing", "Forced activation soon"),
                            ("allowance", "Allowance of the cycle"),
                            ("wallet_low", "Low balance"),
                            ("renewal_failed", "Auto-renewal failed"),
                        ],
                        max_length=14,
                        verbose_name="kind",
                    ),
                ),
                ("step", models.PositiveSmallIntegerField(default=0, verbose_name="step")),
                ("on", models.DateField(verbose_name="relevant date")),
                ("facts", models.JSONField(blank=True, default=dict, verbose_name="details")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "card",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "digest",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="billing.digest",
                        verbose_name="digest",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["customer", "id"], name="notice_customer"),
                    models.Index(condition=models.Q(("digest", None)), fields=["customer"], name="notice_undigested"),
                    models.Index(fields=["kind", "id"], name="notice_kind"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("kind"),
                        models.F("customer"),
                        django.db.models.functions.comparison.Coalesce("card", 0),
                        models.F("on"),
                        models.F("step"),
                        name="a_notice_is_given_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("list", "List price"),
                            ("tier", "Tier price"),
                            ("customer", "Customer price"),
                            ("cost", "Cost price"),
                        ],
                        default="list",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("amount", billing.models.fields.MoneyField(blank=True, null=True, verbose_name="amount")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prices",
                        to="billing.pricetier",
                        verbose_name="tier",
                    ),
                ),
            ],
            options={
                "verbose_name": "price",
                "verbose_name_plural": "prices",
                "ordering": ["plan", "kind", "-valid_from"],
                "default_permissions": ("add", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.comparison.Coalesce("plan", 0),
                        models.F("kind"),
                        django.db.models.functions.comparison.Coalesce("tier", 0),
                        django.db.models.functions.comparison.Coalesce("customer", 0),
                        models.F("valid_from"),
                        name="one_price_per_day",
                        violation_error_message="There is already a price from this date.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("customer", None), ("kind", "tier"), ("tier__isnull", False)),
                            models.Q(("customer__isnull", False), ("kind", "customer"), ("tier", None)),
                            models.Q(("customer", None), ("kind__in", ["list", "cost"]), ("tier", None)),
                            _connector="OR",
                        ),
                        name="price_is_for_whom_its_kind_says",
                        violation_error_message="A tier price needs a tier; a customer price needs a customer.",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="price_is_not_negative"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Pending"),
                            ("approved", "Processing"),
                            ("done", "Done"),
                            ("declined", "Declined"),
                        ],
                        default="asked",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("amount", billing.models.fields.MoneyField(default=Decimal("0.00"), verbose_name="amount")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("asked_at", models.DateTimeField(auto_now_add=True, verbose_name="requested at")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided at")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.job",
                        verbose_name="job",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "refund",
                "verbose_name_plural": "refunds",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="RenewalRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished at")),
                ("is_short", models.BooleanField(default=False, verbose_name="insufficient funds")),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewal_runs",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
            ],
            options={
                "verbose_name": "auto-renewal run",
                "verbose_name_plural": "auto-renewal runs",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(condition=models.Q(("finished_at", None)), fields=["id"], name="renewal_run_open")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("customer", "day"), name="one_run_per_customer_and_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="RenewedTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("term", models.PositiveSmallIntegerField(verbose_name="current term")),
                (
                    "card",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewed_terms",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "auto-renewed term",
                "verbose_name_plural": "auto-renewed terms",
                "default_permissions": ("view",),
                "constraints": [models.UniqueConstraint(fields=("card", "term"), name="a_term_renews_itself_once")],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("months", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="months")),
                (
                    "alignment",
                    models.CharField(
                        blank=True,
                        choices=[("calendar", "Calendar months"), ("anniversary", "Anniversary")],
                        max_length=11,
                        verbose_name="alignment",
                    ),
                ),
                ("quota_mb", models.PositiveIntegerField(blank=True, null=True, verbose_name="allowance (MB)")),
                ("unit_price", billing.models.fields.MoneyField(verbose_name="price")),
                ("cost", billing.models.fields.MoneyField(blank=True, null=True, verbose_name="cost")),
                ("tax_rate", billing.models.fields.RateField(default=Decimal("0"), verbose_name="tax (%)")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("fulfilled", "Fulfilled"), ("refunded", "Refunded")],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("seq", models.PositiveIntegerField(blank=True, null=True, verbose_name="card record")),
                ("fulfilled_on", models.DateField(blank=True, null=True, verbose_name="fulfilled on")),
                ("refunded_on", models.DateField(blank=True, null=True, verbose_name="refunded on")),
                ("refused", models.JSONField(blank=True, null=True, verbose_name="reason not fulfilled")),
                (
                    "card",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="billing.refund",
                        verbose_name="refund",
                    ),
                ),
            ],
            options={
                "verbose_name": "order line",
                "verbose_name_plural": "order lines",
                "ordering": ["order", "number"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["card", "id"], name="line_card"),
                    models.Index(fields=["fulfilled_on", "plan"], name="line_fulfilled"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "number"), name="order_lines_are_numbered"),
                    models.UniqueConstraint(fields=("order", "card"), name="one_line_per_card_and_order"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key")),
                ("provider", models.CharField(max_length=16, verbose_name="provider")),
                ("amount", billing.models.fields.MoneyField(verbose_name="amount")),
                (
                    "state",
                    models.CharField(
                        choices=[("started", "Started"), ("paid", "Paid"), ("closed", "Closed")],
                        default="started",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                (
                    "provider_reference",
                    models.CharField(blank=True, max_length=64, verbose_name="provider's reference"),
                ),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="started at")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid at")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment",
                        to="billing.entry",
                        verbose_name="entry",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="started by",
                    ),
                ),
            ],
            options={
                "verbose_name": "online payment",
                "verbose_name_plural": "online payments",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("provider_reference", ""), _negated=True),
                        fields=("provider", "provider_reference"),
                        name="provider_reference_is_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.CharField(
                        choices=[
                            ("wallet", "Wallet"),
                            ("receivables", "Receivables"),
                            ("revenue", "Revenue"),
                            ("cash", "Cash"),
                            ("refunds", "Refunds"),
                        ],
                        max_length=11,
                        verbose_name="account",
                    ),
                ),
                ("amount", billing.models.fields.MoneyField(verbose_name="amount")),
                ("balance", billing.models.fields.MoneyField(null=True, verbose_name="balance")),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="billing.entry",
                        verbose_name="entry",
                    ),
                ),
            ],
            options={
                "verbose_name": "posting",
                "verbose_name_plural": "postings",
                "ordering": ["pk"],
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["customer", "account", "id"], name="posting_of_customer")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account__in", ("wallet", "receivables")), ("customer__isnull", False)),
                            models.Q(
                                models.Q(("account__in", ("wallet", "receivables")), _negated=True), ("customer", None)
                            ),
                            _connector="OR",
                        ),
                        name="customers_accounts_name_the_customer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="posting_moves_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=64, verbose_name="bank's reference")),
                ("amount", billing.models.fields.MoneyField(verbose_name="amount")),
                ("received_on", models.DateField(verbose_name="received on")),
                ("payer", models.CharField(blank=True, max_length=128, verbose_name="payer")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("recorded_at", models.DateTimeField(auto_now_add=True, verbose_name="recorded at")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipt",
                        to="billing.entry",
                        verbose_name="entry",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
                ("reversed_at", models.DateTimeField(blank=True, null=True, verbose_name="reversed at")),
            ],
            options={
                "verbose_name": "receipt",
                "verbose_name_plural": "receipts",
                "ordering": ["-pk"],
                "permissions": [("reverse_receipt", "reverse")],
                "default_permissions": ("add", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("reversed_at", None)),
                        fields=("reference",),
                        name="a_transfer_is_recorded_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=16, verbose_name="provider")),
                ("nonce", models.CharField(max_length=64, verbose_name="nonce")),
                ("body", models.JSONField(verbose_name="content")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("paid", "Payment received"),
                            ("closed", "Payment closed"),
                            ("known", "Already paid: no change"),
                            ("late", "Refused: timestamp out of range"),
                            ("unknown", "Refused: unknown payment"),
                            ("wrong_amount", "Refused: amount does not match"),
                            ("used_reference", "Refused: reference belongs to another payment"),
                        ],
                        max_length=16,
                        verbose_name="outcome",
                    ),
                ),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="received at")),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="billing.payment",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment notification",
                "verbose_name_plural": "payment notifications",
                "ordering": ["-pk"],
                "default_permissions": ("view",),
                "constraints": [models.UniqueConstraint(fields=("provider", "nonce"), name="nonce_comes_once")],
            },
        ),
        migrations.RunPython(FIRST_ROWS.seed, migrations.RunPython.noop),
    ]
