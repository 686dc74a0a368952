from django.db import migrations


def seed(apps, schema_editor):
    """The rules of money that every portal starts with; the admin keeps them."""
    apps.get_model("billing", "MoneyRules").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
