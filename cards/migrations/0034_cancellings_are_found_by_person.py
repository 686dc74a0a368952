from django.db import migrations, models

from cards.schema import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0033_cancelling_by_two"),
    ]

    operations = [
        AddIndexBeside(  # until 0.6.0 a part of the migration before this one
            model_name="cardevent",
            index=models.Index(
                condition=models.Q(("action", "cancel"), ("rule", "")),
                fields=["actor_name", "effective_on"],
                name="event_cancelled_by",
            ),
        ),
    ]
