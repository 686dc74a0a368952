"""Customers are found however their name is written. Those whose names are the same then are listed, not merged."""

from django.db import migrations, models

from cards.names import name_key


def fill(apps, schema_editor):
    customers = apps.get_model("cards", "Customer").objects.using(schema_editor.connection.alias)
    batch = []
    for customer in customers.filter(name_key="").iterator(2_000):
        customer.name_key = name_key(customer.name)
        batch.append(customer)
        if len(batch) == 2_000:
            customers.bulk_update(batch, ["name_key"])
            batch = []
    customers.bulk_update(batch, ["name_key"])
    claimed = apps.get_model("cards", "ClaimCode").objects.using(schema_editor.connection.alias)
    people = claimed.exclude(used_by=None).values("used_by")
    own = {"kind": "individual", "memberships__role": "owner", "memberships__user__in": people}
    registered = list(customers.filter(**own).values_list("pk", flat=True))
    customers.filter(pk__in=registered).update(is_registered=True)


class Migration(migrations.Migration):
    dependencies = [("cards", "0019_files_as_carriers_have_them")]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="name_key",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=255,
                verbose_name="name without case and blanks",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="is_registered",
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name="registered here"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(model_name="customer", index=models.Index(fields=["name_key"], name="customer_name_key")),
    ]
