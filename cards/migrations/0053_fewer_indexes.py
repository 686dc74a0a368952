from django.db import migrations, models

from cards.schema import AddIndexBeside, RemoveIndexBeside, RemoveKeyIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0052_addresses_of_cards"),
    ]

    operations = [
        AddIndexBeside(
            model_name="card",
            index=models.Index(
                condition=models.Q(("certification", "individual")), fields=["id"], name="card_individual"
            ),
        ),
        RemoveIndexBeside(model_name="card", name="card_certification"),
        AddIndexBeside(
            model_name="card",
            index=models.Index(
                condition=models.Q(
                    models.Q(("bound_imei", ""), _negated=True),
                    models.Q(("bound_imei", models.F("seen_imei")), _negated=True),
                ),
                fields=["bound_imei"],
                name="card_bound_elsewhere",
            ),
        ),
        RemoveIndexBeside(model_name="card", name="card_bound_imei"),
        # The unique index of a card's term numbers begins with the card.
        RemoveKeyIndexBeside(
            model_name="serviceterm",
            name="card",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.deletion.PROTECT,
                related_name="terms",
                to="cards.card",
                verbose_name="card",
            ),
        ),
        RemoveKeyIndexBeside(
            model_name="serviceterm",
            name="plan",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.deletion.PROTECT,
                related_name="+",
                to="cards.plan",
                verbose_name="plan",
            ),
        ),
    ]
