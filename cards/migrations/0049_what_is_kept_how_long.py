"""Jobs whose details are deleted after a while, and how far usage is deleted that is kept no longer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0048_hashes_of_before_say_their_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="came_to",
            field=models.JSONField(blank=True, null=True, verbose_name="totals of deleted details"),
        ),
        migrations.CreateModel(
            name="DeletedUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("through_card", models.BigIntegerField(default=0, null=True, verbose_name="processed through card")),
            ],
            options={
                "verbose_name": "deleted usage",
                "verbose_name_plural": "deleted usage days",
                "default_permissions": (),
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="deleted_usage_is_one_row")],
            },
        ),
    ]
