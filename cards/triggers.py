"""What the database itself refuses, whoever asks: the last guard behind the write path."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

STATE_EDGES = (
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


def edges_in_sql(edges: Iterable[tuple[str, str]]) -> str:
    """Pairs of states as the triggers compare them: `'placed>paid'`."""
    return ", ".join(f"'{source}>{target}'" for source, target in edges)


EDGE = f"OLD.state || '>' || NEW.state IN ({edges_in_sql(STATE_EDGES)})"
# A card to which nothing has happened is in whatever state its file says, once that is corrected.
ANEW = "(COALESCE(NEW.anew_seq, 0) = NEW.version AND OLD.state <> 'cancelled')"
BAD_STATE_CHANGE = f"OLD.state <> NEW.state AND NOT (NEW.version = OLD.version + 1 AND ({EDGE} OR {ANEW}))"
MOVED = "COALESCE(OLD.customer_id, 0) <> COALESCE(NEW.customer_id, 0)"
MOVED_WITHOUT_RECORD = f"{MOVED} AND NEW.version <> OLD.version + 1"
STATE_MESSAGE = "a card changes its state only along a declared edge, one version at a time"
OWNER_MESSAGE = "a card goes to another customer only with a record"
EVENT_MESSAGE = "a card event is never changed or deleted"

# From which record on a card is its customer's, also where code of before moves it, which does not know the column.
OWNED_FROM_ON_POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION cards_note_owned_from() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.owned_from_seq := NEW.version; RETURN NEW; END $$;
DROP TRIGGER IF EXISTS card_owned_from_is_noted ON cards_card;
CREATE TRIGGER card_owned_from_is_noted BEFORE UPDATE OF customer_id ON cards_card
FOR EACH ROW WHEN ({MOVED}) EXECUTE FUNCTION cards_note_owned_from();
"""
OWNED_FROM_ON_SQLITE = (
    "DROP TRIGGER IF EXISTS card_owned_from_is_noted",
    f"""CREATE TRIGGER card_owned_from_is_noted AFTER UPDATE OF customer_id ON cards_card
    WHEN {MOVED} BEGIN UPDATE cards_card SET owned_from_seq = NEW.version WHERE id = NEW.id; END""",
)
OWNED_FROM = {"postgresql": (OWNED_FROM_ON_POSTGRESQL,), "sqlite": OWNED_FROM_ON_SQLITE}

TRIGGERS_ON_POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION cards_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$;
DROP TRIGGER IF EXISTS card_state_is_guarded ON cards_card;
CREATE TRIGGER card_state_is_guarded BEFORE UPDATE OF state ON cards_card
FOR EACH ROW WHEN ({BAD_STATE_CHANGE}) EXECUTE FUNCTION cards_refuse('{STATE_MESSAGE}');
DROP TRIGGER IF EXISTS card_owner_is_guarded ON cards_card;
CREATE TRIGGER card_owner_is_guarded BEFORE UPDATE OF customer_id ON cards_card
FOR EACH ROW WHEN ({MOVED_WITHOUT_RECORD}) EXECUTE FUNCTION cards_refuse('{OWNER_MESSAGE}');
DROP TRIGGER IF EXISTS card_event_is_kept ON cards_cardevent;
CREATE TRIGGER card_event_is_kept BEFORE UPDATE OR DELETE ON cards_cardevent
FOR EACH ROW EXECUTE FUNCTION cards_refuse('{EVENT_MESSAGE}');
"""

TRIGGERS_ON_SQLITE = (
    "DROP TRIGGER IF EXISTS card_state_is_guarded",
    f"""CREATE TRIGGER card_state_is_guarded BEFORE UPDATE OF state ON cards_card
    WHEN {BAD_STATE_CHANGE} BEGIN SELECT RAISE(ABORT, '{STATE_MESSAGE}'); END""",
    "DROP TRIGGER IF EXISTS card_owner_is_guarded",
    f"""CREATE TRIGGER card_owner_is_guarded BEFORE UPDATE OF customer_id ON cards_card
    WHEN {MOVED_WITHOUT_RECORD} BEGIN SELECT RAISE(ABORT, '{OWNER_MESSAGE}'); END""",
    "DROP TRIGGER IF EXISTS card_event_is_not_changed",
    f"""CREATE TRIGGER card_event_is_not_changed BEFORE UPDATE ON cards_cardevent
    BEGIN SELECT RAISE(ABORT, '{EVENT_MESSAGE}'); END""",
    "DROP TRIGGER IF EXISTS card_event_is_not_deleted",
    f"""CREATE TRIGGER card_event_is_not_deleted BEFORE DELETE ON cards_cardevent
    BEGIN SELECT RAISE(ABORT, '{EVENT_MESSAGE}'); END""",
)


TRIGGERS = {"postgresql": (TRIGGERS_ON_POSTGRESQL,), "sqlite": TRIGGERS_ON_SQLITE}


def without_anew(statement: str) -> str:
    """The same statement where the column was migrated away."""
    return statement.replace(f" OR {ANEW}", "")


def install_triggers(using: str = "default", apps: Apps = installed, **kwargs: Any) -> None:
    """Lay the triggers, or lay them anew. Called after each migration; changes nothing when they stand."""
    connection, card = connections[using], apps.get_model("cards", "Card")
    has_anew = hasattr(card, "anew_seq")
    kept = {vendor: [t if has_anew else without_anew(t) for t in texts] for vendor, texts in TRIGGERS.items()}
    execute(connection, kept)
    if hasattr(card, "owned_from_seq"):  # not where the column was migrated away
        execute(connection, OWNED_FROM)


def execute(connection: BaseDatabaseWrapper, statements: Mapping[str, Iterable[str]]) -> None:
    """Run what is written for this connection's kind of database."""
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
