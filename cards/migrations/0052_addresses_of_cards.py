from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0051_guests"),
    ]

    operations = [
        migrations.AddField(
            model_name="claimcode",
            name="address_digest",
            field=models.CharField(
                db_default="", default="", editable=False, max_length=64, verbose_name="hash of the address"
            ),
        ),
    ]
