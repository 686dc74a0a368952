"""What the database itself refuses about cards, whoever asks: the last guard behind the write path."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps

from cards.laying import Trigger, kept, lay

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
MOVED = "COALESCE(OLD.customer_id, 0) <> COALESCE(NEW.customer_id, 0)"

CARD_TRIGGERS = (
    Trigger(
        "card_state_is_guarded",
        "cards_card",
        "UPDATE OF state",
        "a card changes its state only along a declared edge, one version at a time",
        when=f"OLD.state <> NEW.state AND NOT (NEW.version = OLD.version + 1 AND ({EDGE} OR {ANEW}))",
    ),
    Trigger(
        "card_owner_is_guarded",
        "cards_card",
        "UPDATE OF customer_id",
        "a card goes to another customer only with a record",
        when=f"{MOVED} AND NEW.version <> OLD.version + 1",
    ),
    *kept("cards_cardevent", "card_event", "a card event is never changed or deleted", "id", "card_id, seq"),
    *kept("cards_seal", "seal", "a seal is never changed or deleted", "id", "book, number"),
)


def install_triggers(using: str = "default", apps: Apps = installed, **kwargs: Any) -> None:
    """Lay what is not as it is declared here. Called after each migration."""
    lay("cards", CARD_TRIGGERS, using, apps)
