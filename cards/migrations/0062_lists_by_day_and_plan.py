import django.contrib.postgres.indexes
from django.db import migrations, models

from cards.schema import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0061_refusals_in_the_audit_list"),
    ]

    operations = [
        AddIndexBeside(
            model_name="card",
            index=models.Index(
                condition=models.Q(("state", "cancelled")), fields=["cancel_on", "id"], name="card_cancelled"
            ),
        ),
        AddIndexBeside(
            model_name="card",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["opened_on"], name="card_opened"),
        ),
        AddIndexBeside(
            model_name="card",
            index=django.contrib.postgres.indexes.BrinIndex(
                condition=models.Q(("activated_on__isnull", False)), fields=["activated_on"], name="card_activated"
            ),
        ),
        AddIndexBeside(
            model_name="serviceterm",
            index=models.Index(
                condition=models.Q(("service_until__isnull", False)),
                fields=["plan", "service_until", "card"],
                name="term_plan",
            ),
        ),
    ]
