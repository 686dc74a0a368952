"""From which record on a card is its present customer's, kept by the write path, and by the database for code of before."""

from django.db import migrations, models

MOVED = "COALESCE(OLD.customer_id, 0) <> COALESCE(NEW.customer_id, 0)"
NOTED = {
    "postgresql": f"""
        CREATE OR REPLACE FUNCTION cards_note_owned_from() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN NEW.owned_from_seq := NEW.version; RETURN NEW; END $$;
        CREATE OR REPLACE TRIGGER card_owned_from_is_noted BEFORE UPDATE OF customer_id ON cards_card
        FOR EACH ROW WHEN ({MOVED}) EXECUTE FUNCTION cards_note_owned_from();
    """,
    "sqlite": f"""
        CREATE TRIGGER card_owned_from_is_noted AFTER UPDATE OF customer_id ON cards_card
        WHEN {MOVED} BEGIN UPDATE cards_card SET owned_from_seq = NEW.version WHERE id = NEW.id; END
    """,
}
NOT_ANY_MORE = {
    "postgresql": "DROP TRIGGER IF EXISTS card_owned_from_is_noted ON cards_card",
    "sqlite": "DROP TRIGGER IF EXISTS card_owned_from_is_noted",
}


def lay_trigger(apps, schema_editor):
    schema_editor.execute(NOTED[schema_editor.connection.vendor], params=None)


def take_trigger_away(apps, schema_editor):
    schema_editor.execute(NOT_ANY_MORE[schema_editor.connection.vendor], params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0014_jobs_count_tries"),
    ]

    # In one transaction: whoever moves a card afterwards is noted, before the next migration looks at what was before.
    operations = [
        migrations.AddField(
            model_name="card",
            name="owned_from_seq",
            field=models.PositiveIntegerField(editable=False, null=True, verbose_name="owned from record"),
        ),
        migrations.RunPython(lay_trigger, take_trigger_away),
    ]
