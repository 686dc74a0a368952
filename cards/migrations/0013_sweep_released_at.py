from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0012_job_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="sweptday",
            name="released_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="released at"),
        ),
    ]
