from django.db import migrations, models

import cards.models.fields


class WidenField(migrations.AlterField):
    """More room in a column, on PostgreSQL, which makes only the indexes of its expressions anew: seconds for a million.

    SQLite keeps no lengths, and would copy the whole table for one.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0009_readers_of_records"),
    ]

    operations = [
        WidenField(
            model_name="card",
            name="holds",
            field=cards.models.fields.CodeField(blank=True, editable=False, max_length=128, verbose_name="holds"),
        ),
        WidenField(
            model_name="cardevent",
            name="holds",
            field=models.CharField(blank=True, max_length=128, verbose_name="holds"),
        ),
        WidenField(
            model_name="statetally",
            name="holds",
            field=models.CharField(blank=True, max_length=128, verbose_name="holds"),
        ),
    ]
