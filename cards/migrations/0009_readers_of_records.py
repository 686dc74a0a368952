from django.db import migrations, models


class Migration(migrations.Migration):
    """Readers' places in the records become the cards' own; their table is made by billing's first migration."""

    dependencies = [
        ("cards", "0008_people_and_claims"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="EventCursor",
                    fields=[
                        (
                            "reader",
                            models.CharField(max_length=32, primary_key=True, serialize=False, verbose_name="reader"),
                        ),
                        ("through", models.BigIntegerField(default=0, verbose_name="handled through")),
                        ("mark", models.BigIntegerField(default=0, verbose_name="mark")),
                        ("horizon", models.BigIntegerField(default=0, verbose_name="horizon")),
                    ],
                    options={
                        "verbose_name": "reader of card events",
                        "verbose_name_plural": "readers of card events",
                        "db_table": "billing_eventcursor",
                        "default_permissions": ("view",),
                    },
                ),
            ],
        ),
    ]
