from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0009_text_for_the_customer"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="also_renewed",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="also cards that are renewed already"
            ),
        ),
    ]
