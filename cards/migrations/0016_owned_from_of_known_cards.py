"""From which record on the cards that are there are their present customers', by what their records say."""

from django.db import migrations

# A file could move a card by correcting it, until now. What is moved meanwhile is noted already (0010).
HAS_CUSTOMER = {
    "postgresql": "jsonb_exists(evidence, 'customer')",
    "sqlite": "json_type(evidence, '$.customer') IS NOT NULL",
}
OWNED_FROM = """
    UPDATE cards_card SET owned_from_seq = moved.seq FROM (
        SELECT card_id, MAX(seq) AS seq FROM cards_cardevent
        WHERE action = 'assign' OR action = 'update' AND {has_customer} GROUP BY card_id
    ) AS moved WHERE moved.card_id = cards_card.id AND cards_card.owned_from_seq IS NULL
"""


def fill(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(OWNED_FROM.format(has_customer=HAS_CUSTOMER[connection.vendor]))


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0015_owned_from"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
