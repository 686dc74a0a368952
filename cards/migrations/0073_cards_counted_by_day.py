"""How many cards have which day; the triggers that keep it fill it as they are laid (`cards/laying.py`)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0072_past_cycles"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10, verbose_name="kind")),
                ("day", models.DateField(verbose_name="day")),
                ("tallied", models.IntegerField(verbose_name="cards")),
                ("is_sum", models.BooleanField(db_default=False, default=False, verbose_name="put together")),
            ],
            options={
                "verbose_name": "card count of a day",
                "verbose_name_plural": "card counts of days",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["kind", "day"], name="day_tally_kind"),
                    models.Index(condition=models.Q(("is_sum", False)), fields=["id"], name="day_tally_appended"),
                ],
            },
        ),
    ]
