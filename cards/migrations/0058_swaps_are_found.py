from django.db import migrations, models

from cards.schema import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0057_staff_invitations"),
    ]

    operations = [
        AddIndexBeside(
            model_name="cardevent",
            index=models.Index(condition=models.Q(("action", "swap")), fields=["card"], name="event_swapped"),
        ),
    ]
