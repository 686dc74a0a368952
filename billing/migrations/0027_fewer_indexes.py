from django.db import migrations, models

from cards.schema import AddIndexBeside, RemoveKeyIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("billing", "0026_notices_told_each_time"),
    ]

    operations = [
        AddIndexBeside(
            model_name="orderline",
            index=models.Index(condition=models.Q(("refund__isnull", False)), fields=["refund"], name="line_of_refund"),
        ),
        RemoveKeyIndexBeside(
            model_name="orderline",
            name="refund",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="lines",
                to="billing.refund",
                verbose_name="refund",
            ),
        ),
        RemoveKeyIndexBeside(
            model_name="orderline",
            name="plan",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="+",
                to="cards.plan",
                verbose_name="plan",
            ),
        ),
    ]
