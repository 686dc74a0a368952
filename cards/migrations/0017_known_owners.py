"""Whose each card is, written down once: records of before name customers without their keys, and prove no owner."""

import django.db.models.deletion
from django.db import migrations, models

OWNERS = """
    INSERT INTO cards_knownowner (card_id, customer_id, version) SELECT id, customer_id, version FROM cards_card
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0016_owned_from_of_known_cards"),
    ]

    operations = [
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
                "verbose_name": "known owner of a card",
                "verbose_name_plural": "known owners of cards",
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(OWNERS, ""),
    ]
