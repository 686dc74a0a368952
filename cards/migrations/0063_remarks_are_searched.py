from django.db import migrations, models

from cards.schema import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0062_lists_by_day_and_plan"),
    ]

    operations = [
        AddIndexBeside(
            model_name="card",
            index=models.Index(
                condition=models.Q(("remark", ""), _negated=True), fields=["remark", "id"], name="card_remark"
            ),
        ),
    ]
