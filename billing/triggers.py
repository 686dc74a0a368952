"""What the database itself refuses about money, whoever asks (see `cards.triggers`): edited books, skipped steps."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps

from cards.laying import Trigger, kept, lay
from cards.triggers import edges_in_sql

# Along which an order goes, as django-fsm declares it.
ORDER_EDGES = (
    ("draft", "placed"),
    ("placed", "paid"),
    ("placed", "expired"),
    ("placed", "withdrawn"),
    ("paid", "fulfilled"),
    ("paid", "refunded"),
    ("fulfilled", "refunded"),
)

BOOKS_ARE_KEPT = "the books are never changed or deleted: reverse the entry"
LOG_IS_KEPT = "who changed what, and who did it alone, is never changed or deleted"

MONEY_TRIGGERS = (
    Trigger(
        "order_state_is_guarded",
        "billing_order",
        "UPDATE OF state",
        "an order goes only from one state to the next",
        when=f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({edges_in_sql(ORDER_EDGES)})",
    ),
    Trigger(
        "entry_balances",
        "billing_entry",
        "INSERT",
        "the postings of an entry sum to zero",
        found="COALESCE((SELECT ROUND(SUM(amount), 2) FROM billing_posting WHERE entry_id = NEW.key), 1) <> 0",
    ),
    Trigger(
        "entry_is_sealed",
        "billing_posting",
        "INSERT",
        "an entry that is there gets no more postings",
        found="EXISTS (SELECT 1 FROM billing_entry WHERE key = NEW.entry_id)",
    ),
    *kept("billing_entry", "entry", BOOKS_ARE_KEPT, "key", "reverses_id"),
    *kept("billing_posting", "posting", BOOKS_ARE_KEPT, "id"),
    *kept("billing_donealone", "done_alone", LOG_IS_KEPT, "id"),
    *kept("billing_termsrecord", "terms_record", LOG_IS_KEPT, "id", "price_id"),
)


def install_money_triggers(using: str = "default", apps: Apps = installed, **kwargs: Any) -> None:
    """Lay what is not as it is declared here. Called after each migration."""
    lay("billing", MONEY_TRIGGERS, using, apps)
