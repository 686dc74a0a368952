import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0011_unassign"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="JobStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("started", "Started by"),
                            ("paused", "Paused by"),
                            ("resumed", "Resumed by"),
                            ("stopped", "Stopped by"),
                            ("discarded", "Discarded by"),
                        ],
                        max_length=9,
                        verbose_name="step taken",
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="cards.job",
                        verbose_name="job",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of a job",
                "verbose_name_plural": "steps of jobs",
                "ordering": ["pk"],
                "default_permissions": (),
            },
        ),
    ]
