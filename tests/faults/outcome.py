"""What came of it all, row by row, but for instants and keys: what two runs of the same work must have in common."""

from collections import Counter
from pathlib import Path

# Each table that people rely on, and the columns in which two runs may differ; a card is known by its ICCID.
OF_CARDS = {
    "cards_cardevent": "id executed_at job_id",
    "cards_serviceterm": "id",
    "cards_usageday": "",
    "cards_stagedreading": "file_id",
    "billing_orderline": "id order_id",
    "billing_renewedterm": "id order_id",
    "billing_missedrenewal": "id",
}
OTHERS = {
    "cards_card": "id",
    "billing_entry": "key order_id booked_at reverses_id",
    "billing_posting": "id entry_id",
    "billing_customeraccount": "",
    "billing_renewalrun": "id key order_id finished_at",
}
ASKED = (
    # By its name: what was rolled back has used up a key.
    "SELECT 'tagged', c.iccid, t.name FROM cards_cardtag AS of JOIN cards_card AS c ON c.id = of.card_id "
    "JOIN cards_tag AS t ON t.id = of.tag_id",
    "SELECT 'swept', day, counts::text FROM cards_sweptday WHERE counts <> '{}'",
    "SELECT 'job', kind, status, total FROM cards_job",
    "SELECT 'order', customer_id, kind, state, total, refunded, size FROM billing_order",
    "SELECT 'told', customer_id, kind, card_id, step, \"on\" FROM billing_notice WHERE kind = 'renewal_failed'",
    "SELECT 'state', day, action, state, holds, SUM(cards) FROM cards_statetally "
    "GROUP BY 2, 3, 4, 5 HAVING SUM(cards) <> 0",
    "SELECT 'usage', day, SUM(bytes) FROM cards_usagetally GROUP BY 2 HAVING SUM(bytes) <> 0",
)
EXPORTED = "SELECT file FROM cards_job WHERE kind = 'export' AND status = 'done'"


def outcome(site):
    """How often each row is there."""
    found = Counter()
    for table, may_differ in OF_CARDS.items():
        row = _row(f"card_id {may_differ}")
        found.update(
            site.rows(f"SELECT '{table}', c.iccid, {row} FROM {table} AS t JOIN cards_card AS c ON c.id = card_id")
        )
    for table, may_differ in OTHERS.items():
        found.update(site.rows(f"SELECT '{table}', {_row(may_differ)} FROM {table} AS t"))
    for statement in ASKED:
        found.update(site.rows(statement))
    for (name,) in site.rows(EXPORTED):
        found.update(("line", line) for line in Path(site.files, name).read_text().splitlines())
    return found


def _row(may_differ):
    return f"(to_jsonb(t) - '{{{','.join(may_differ.split())}}}'::text[])::text"


def compared(found, expected):
    """Rows that are missing, and rows that are too many."""
    return expected - found, found - expected
