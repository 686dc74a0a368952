from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0013_sweep_released_at"),
    ]

    operations = [
        migrations.AddField(
            model_name=model,
            name="tries",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="tries"),
        )
        for model in ("job", "jobchunk")
    ]
