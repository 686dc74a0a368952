from django.db import migrations, models

import cards.calendar


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_clearing_alone")]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="day",
            field=models.DateField(
                blank=True, default=cards.calendar.made_up_for, null=True, verbose_name="made up for"
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="outdated",
            field=models.BooleanField(db_default=False, default=False, verbose_name="no longer true"),
        ),
        migrations.AddField(
            model_name="order",
            name="day",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="civil day"),
        ),
    ]
