"""How many cards customers have in which state; the trigger that keeps it fills it as it is laid (`cards/laying.py`)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0070_each_state_in_order"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerFigures",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                ("as_of", models.DateTimeField(verbose_name="counted as of")),
                ("asked_at", models.DateTimeField(verbose_name="looked at")),
                ("document", models.JSONField(default=dict, verbose_name="what was counted")),
            ],
            options={
                "verbose_name": "figures of a customer",
                "verbose_name_plural": "figures of customers",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CustomerTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("tallied", models.IntegerField(verbose_name="cards")),
                ("is_sum", models.BooleanField(db_default=False, default=False, verbose_name="put together")),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "card count of a customer",
                "verbose_name_plural": "card counts of customers",
                "default_permissions": (),
                "indexes": [
                    models.Index(condition=models.Q(("is_sum", False)), fields=["id"], name="customer_tally_appended")
                ],
            },
        ),
    ]
