from django.db import migrations, models

from cards.schema import RemoveKeyIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("bills", "0001_initial"),
    ]

    operations = [
        # The unique index of a bill's lines begins with the bill.
        RemoveKeyIndexBeside(
            model_name="billline",
            name="bill",
            field=models.ForeignKey(
                db_index=False,
                on_delete=models.deletion.CASCADE,
                related_name="lines",
                to="bills.bill",
                verbose_name="bill",
            ),
        ),
    ]
