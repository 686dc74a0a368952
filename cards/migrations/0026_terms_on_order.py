import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0025_quarantine"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderedTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order_key", models.PositiveBigIntegerField(db_index=True, verbose_name="key of the order")),
                ("order_number", models.CharField(max_length=32, verbose_name="number of the order")),
                ("ordered_on", models.DateField(verbose_name="ordered on")),
                ("is_paid", models.BooleanField(default=False, verbose_name="paid")),
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
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cards.plan",
                        verbose_name="plan",
                    ),
                ),
            ],
            options={
                "verbose_name": "term on order",
                "verbose_name_plural": "terms on order",
                "ordering": ["pk"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("card", "order_key"), name="one_term_per_card_and_order")
                ],
            },
        ),
    ]
