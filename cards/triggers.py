"""What the database itself refuses, whoever asks: the last guard behind the write path."""

from django.db import connections

EDGES = (
    ("testing", "unused"),
    ("testing", "suspended"),
    ("testing", "cancelled"),
    ("unused", "in_use"),
    ("unused", "suspended"),
    ("unused", "cancelled"),
    ("in_use", "suspended"),
    ("in_use", "shut_down"),
    ("in_use", "cancelled"),
    ("suspended", "testing"),
    ("suspended", "unused"),
    ("suspended", "in_use"),
    ("suspended", "shut_down"),
    ("suspended", "cancelled"),
    ("shut_down", "in_use"),
    ("shut_down", "suspended"),
    ("shut_down", "cancelled"),
)

BAD_CHANGE = (
    "OLD.state <> NEW.state AND NOT (NEW.version = OLD.version + 1 AND OLD.state || '>' || NEW.state IN ({}))".format(
        ", ".join(f"'{source}>{target}'" for source, target in EDGES)
    )
)
STATE_MESSAGE = "a card changes its state only along a declared edge, one version at a time"
EVENT_MESSAGE = "a card event is never changed or deleted"

POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION cards_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$;
DROP TRIGGER IF EXISTS card_state_is_guarded ON cards_card;
CREATE TRIGGER card_state_is_guarded BEFORE UPDATE OF state ON cards_card
FOR EACH ROW WHEN ({BAD_CHANGE}) EXECUTE FUNCTION cards_refuse('{STATE_MESSAGE}');
DROP TRIGGER IF EXISTS card_event_is_kept ON cards_cardevent;
CREATE TRIGGER card_event_is_kept BEFORE UPDATE OR DELETE ON cards_cardevent
FOR EACH ROW EXECUTE FUNCTION cards_refuse('{EVENT_MESSAGE}');
"""

SQLITE = (
    "DROP TRIGGER IF EXISTS card_state_is_guarded",
    f"""CREATE TRIGGER card_state_is_guarded BEFORE UPDATE OF state ON cards_card
    WHEN {BAD_CHANGE} BEGIN SELECT RAISE(ABORT, '{STATE_MESSAGE}'); END""",
    "DROP TRIGGER IF EXISTS card_event_is_not_changed",
    f"""CREATE TRIGGER card_event_is_not_changed BEFORE UPDATE ON cards_cardevent
    BEGIN SELECT RAISE(ABORT, '{EVENT_MESSAGE}'); END""",
    "DROP TRIGGER IF EXISTS card_event_is_not_deleted",
    f"""CREATE TRIGGER card_event_is_not_deleted BEFORE DELETE ON cards_cardevent
    BEGIN SELECT RAISE(ABORT, '{EVENT_MESSAGE}'); END""",
)


def install_triggers(using="default", **kwargs):
    """Lay the triggers, or lay them anew. Called after each migration; changes nothing when they stand."""
    connection = connections[using]
    statements = (POSTGRESQL,) if connection.vendor == "postgresql" else SQLITE
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
