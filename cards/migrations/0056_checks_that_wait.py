from django.db import migrations, models

from cards.schema import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0055_swap"),
    ]

    operations = [
        AddIndexBeside(
            model_name="realnamecheck",
            index=models.Index(condition=models.Q(("status", "submitted")), fields=["id"], name="real_name_waiting"),
        ),
    ]
