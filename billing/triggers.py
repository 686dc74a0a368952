"""What the database itself refuses about money, whoever asks (see `cards.triggers`): edited books, skipped steps."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps

from cards.laying import Trigger, kept, lay, of_nobody_gone
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

# What a customer has of their own, beside what `cards.triggers` has.
MONEY_OF_CUSTOMERS = {
    "billing_order": "order",
    "billing_receipt": "receipt",
    "billing_payment": "payment",
    "billing_unmatchedpayment": "unmatched",
    "billing_withdrawal": "withdrawal",
    "billing_entry": "entry",
    "billing_posting": "posting",
    "billing_notice": "notice",
    "billing_digest": "digest",
    "billing_cardrenewal": "renewal",
    "billing_missedrenewal": "missed_renewal",
    "billing_announcedrenewal": "announced_renewal",
    "billing_renewalrun": "renewal_run",
}

# Of what is agreed with them nothing is moved: it is refused as soon as they are being merged.
AGREED_WITH_CUSTOMERS = {"billing_proposal": "proposal", "billing_price": "price"}

LAST_BALANCE = """COALESCE((SELECT balance FROM billing_posting
    WHERE customer_id = NEW.customer_id AND account = 'wallet' ORDER BY id DESC LIMIT 1), 0)"""
# A guest's order is paid with what came online, past the wallet of the card's customer.
PAYMENT = """SELECT 1 FROM billing_posting WHERE entry_id = 'pay:' || NEW.id AND amount = -NEW.total
    AND (NOT NEW.is_guest AND account = 'wallet' AND customer_id = NEW.customer_id
        OR NEW.is_guest AND account = 'providers' AND customer_id IS NULL)
    AND EXISTS (SELECT 1 FROM billing_entry WHERE key = entry_id AND order_id = NEW.id)"""

MONEY_TRIGGERS = (
    Trigger(
        "order_state_is_guarded",
        "billing_order",
        "UPDATE OF state",
        "an order goes only from one state to the next",
        when=f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({edges_in_sql(ORDER_EDGES)})",
    ),
    Trigger(
        "order_is_paid_with_money",
        "billing_order",
        "UPDATE OF state",
        "an order is paid only once the wallet has paid for it, or its guest",
        when="OLD.state <> NEW.state AND NEW.state = 'paid' AND NEW.total <> 0",
        found=f"NOT EXISTS ({PAYMENT})",
    ),
    Trigger(
        "order_terms_are_kept",
        "billing_order",
        "UPDATE OF id, key, kind, total, is_guest",
        "what was ordered is fixed when the order is placed",
        when="""OLD.state <> 'draft' AND (OLD.id <> NEW.id OR OLD.key <> NEW.key
            OR OLD.kind <> NEW.kind OR OLD.total <> NEW.total OR OLD.is_guest <> NEW.is_guest)""",
    ),
    Trigger(
        "order_is_its_customers",
        "billing_order",
        "UPDATE OF customer_id",
        "a placed order stays its customer's, or who that was merged into",
        when="OLD.state <> 'draft' AND OLD.customer_id <> NEW.customer_id",
        found="""NOT EXISTS (SELECT 1 FROM cards_customer
            WHERE id = OLD.customer_id AND merged_into_id = NEW.customer_id)""",
    ),
    Trigger(
        "order_is_not_deleted",
        "billing_order",
        "DELETE",
        "an order that was placed is never deleted",
        when="OLD.state <> 'draft'",
    ),
    *kept("billing_order", "order", "an order is never replaced", "id", "key", "job_id", but=("UPDATE", "DELETE")),
    Trigger(
        "wallet_begins_empty",
        "billing_customeraccount",
        "INSERT",
        "a wallet begins empty",
        when="NEW.balance <> 0",
    ),
    Trigger(
        "wallet_is_guarded",
        "billing_customeraccount",
        "UPDATE OF balance",
        "a wallet is moved only by a posting",
        when="OLD.balance <> NEW.balance",
        found=f"NEW.balance <> {LAST_BALANCE}",
    ),
    Trigger(
        "wallet_is_its_customers",
        "billing_customeraccount",
        "UPDATE OF customer_id",
        "a wallet stays its customer's",
        when="OLD.customer_id <> NEW.customer_id",
    ),
    *kept("billing_customeraccount", "wallet", "a wallet is never deleted or replaced", "customer_id", but=("UPDATE",)),
    Trigger(
        "entry_moves_the_wallet",
        "billing_entry",
        "INSERT",
        "an entry is written after the wallet is moved as its postings say",
        found=f"""EXISTS (SELECT 1 FROM billing_customeraccount AS wallet
            WHERE wallet.customer_id = NEW.customer_id AND wallet.balance <> {LAST_BALANCE})""",
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
    *(trigger for table, name in MONEY_OF_CUSTOMERS.items() for trigger in of_nobody_gone(table, name)),
    *(
        trigger
        for table, name in AGREED_WITH_CUSTOMERS.items()
        for trigger in of_nobody_gone(table, name, since="merged_into_id")
    ),
    *kept("billing_entry", "entry", BOOKS_ARE_KEPT, "key", "reverses_id"),
    *kept("billing_posting", "posting", BOOKS_ARE_KEPT, "id"),
    *kept("billing_donealone", "done_alone", LOG_IS_KEPT, "id"),
    *kept("billing_termsrecord", "terms_record", LOG_IS_KEPT, "id", "price_id"),
)


def install_money_triggers(using: str = "default", apps: Apps = installed, **kwargs: Any) -> None:
    """Lay what is not as it is declared here. Called after each migration."""
    lay("billing", MONEY_TRIGGERS, using, apps)
