from django.db import migrations, models

from cards.schema import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0069_days_by_month"),
    ]

    operations = [
        AddIndexBeside(
            model_name="card",
            index=models.Index(fields=["state", "next_due_on", "id"], name="card_state_due"),
        ),
        AddIndexBeside(
            model_name="card",
            index=models.Index(fields=["state", "service_until", "id"], name="card_state_until"),
        ),
        AddIndexBeside(
            model_name="card",
            index=models.Index(
                condition=models.Q(("activated_on", None)),
                fields=["state", "forced_activation_on", "id"],
                name="card_state_forced",
            ),
        ),
    ]
