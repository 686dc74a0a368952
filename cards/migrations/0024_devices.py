from django.db import migrations, models

import cards.models.fields


class WidenField(migrations.AlterField):
    """More room in a column, on PostgreSQL, which only notes it: nothing is written anew.

    SQLite keeps no lengths, and would copy the whole table for one.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0023_chains_of_known_cards"),
    ]

    operations = [
        WidenField(
            model_name="card",
            name="bound_imei",
            field=cards.models.fields.CodeField(blank=True, editable=False, max_length=16, verbose_name="bound IMEI"),
        ),
        WidenField(
            model_name="card",
            name="previous_imei",
            field=models.CharField(blank=True, editable=False, max_length=16, verbose_name="previous IMEI"),
        ),
        WidenField(
            model_name="card",
            name="seen_imei",
            field=cards.models.fields.CodeField(
                blank=True, editable=False, max_length=16, verbose_name="IMEI last seen"
            ),
        ),
        WidenField(
            model_name="devicebinding",
            name="imei",
            field=models.CharField(max_length=16, verbose_name="IMEI"),
        ),
        WidenField(
            model_name="stagedreading",
            name="imei",
            field=models.CharField(blank=True, max_length=16, verbose_name="IMEI"),
        ),
        WidenField(
            model_name="usageday",
            name="imei",
            field=models.CharField(blank=True, max_length=16, verbose_name="IMEI"),
        ),
        migrations.AddField(
            model_name="card",
            name="seen_on",
            field=models.DateField(editable=False, null=True, verbose_name="device last seen on"),
        ),
    ]
