from django.db import migrations


class Migration(migrations.Migration):
    """The model has gone to `cards`; its table stays, for code of before too."""

    dependencies = [
        ("billing", "0005_digests_fall_due"),
        ("cards", "0009_readers_of_records"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="EventCursor")]),
    ]
