"""The books: entries that balance, once for each key, kept by the database itself; reversals; what the proof finds."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils.translation import override

from billing import proof
from billing.actions import receipts
from billing.actions.ledger import EntryLine, post_entry, reverse, transfer
from billing.choices import Account, EntryKind
from billing.errors import MoneyRefused
from billing.models import CustomerAccount, Entry, Order, OrderLine, Posting
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.models import CardEvent, ServiceTerm
from cards.permissions import SYSTEM
from tests.billing import build as b
from tests.build import card_in_use, unguarded

pytestmark = pytest.mark.django_db


def refused(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as error:
        do(*args, **kwargs)
    return error.value.code


def found():
    with override("en"):
        return [(problem.code, problem.iccid, problem.message) for problem in proof.problems()]


# entries


def test_an_entry_is_written_once_for_its_key():
    acme = b.customer()
    for amount in ("10", "20"):
        entry = post_entry(
            "k", EntryKind.RECEIPT, acme.pk, *transfer(Decimal(amount), Account.CASH, Account.WALLET), actor=SYSTEM
        )
        assert (entry.key, b.books()) == ("k", {"cash": -10, "wallet": 10})


def test_what_moves_nothing_is_no_entry():
    assert (
        post_entry("k", EntryKind.RECEIPT, b.customer().pk, *transfer(Decimal(0), "cash", "wallet"), actor=SYSTEM)
        is None
    )
    assert Entry.objects.count() == Posting.objects.count() == 0


def test_each_posting_of_a_wallet_says_what_was_left():
    for amount in ("10", "5.50", "0.01"):
        b.fund(amount)
    postings = Posting.objects.filter(account="wallet").order_by("pk")
    assert list(postings.values_list("amount", "balance")) == [
        (10, 10),
        (Decimal("5.50"), Decimal("15.50")),
        (Decimal("0.01"), Decimal("15.51")),
    ]


@pytest.mark.parametrize(("spent", "code"), [("14.99", None), ("15.00", None), ("15.01", "short")])
def test_a_wallet_goes_to_its_credit_limit_and_not_below(spent, code):
    b.fund("10")
    b.credit("5")
    entry_lines = transfer(Decimal(spent), Account.WALLET, Account.RECEIVABLES)
    if code is None:
        post_entry("k", EntryKind.PAYMENT, b.customer().pk, *entry_lines, actor=SYSTEM)
        assert b.balance() == 10 - Decimal(spent)
    else:
        assert refused(post_entry, "k", EntryKind.PAYMENT, b.customer().pk, *entry_lines, actor=SYSTEM) == code
        assert (b.balance(), Entry.objects.count()) == (10, 1)


# what the database refuses


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_entry SET memo = 'x'",
        "DELETE FROM billing_entry",
        "UPDATE billing_posting SET amount = 1",
        "DELETE FROM billing_posting",
        "UPDATE billing_customeraccount SET balance = -0.01",
    ],
)
def test_the_database_keeps_the_books_as_they_are(statement):
    b.fund("10")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_lets_in_no_entry_that_does_not_balance_and_no_posting_after_it():
    acme = b.customer()
    entry_lines = [EntryLine(Account.CASH, Decimal("-10")), EntryLine(Account.WALLET, Decimal("9.99"))]
    with pytest.raises(DatabaseError), transaction.atomic():
        post_entry("k", EntryKind.RECEIPT, acme.pk, *entry_lines, actor=SYSTEM)
    entry = b.fund("10")
    with pytest.raises(DatabaseError), transaction.atomic():
        Posting.objects.create(entry=entry, account=Account.CASH, amount=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        Entry.objects.create(
            key="alone", kind="receipt", customer=acme, booked_on="2026-01-01", booked_at="2026-01-01T00:00:00Z"
        )
    assert b.books() == {"cash": -10, "wallet": 10}


@pytest.mark.parametrize(
    ("source", "target", "is_edge"),
    [
        ("draft", "placed", True),
        ("placed", "paid", True),
        ("draft", "paid", False),
        ("placed", "fulfilled", False),
        ("placed", "refunded", False),
        ("withdrawn", "paid", False),
    ],
)
def test_an_order_goes_only_along_its_edges(source, target, is_edge):
    order = Order.objects.create(kind="renewal", customer=b.customer(), state=source)
    if is_edge:
        Order.objects.filter(pk=order.pk).update(state=target)
    else:
        with pytest.raises(DatabaseError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(state=target)
    assert Order.objects.get().state == (target if is_edge else source)


def test_the_edges_of_the_database_are_those_that_django_fsm_declares():
    from billing.triggers import ORDER_EDGES

    declared = {
        (transition.source, str(transition.target)) for transition in Order(kind="renewal").get_all_state_transitions()
    }
    assert {(str(source), target) for source, target in declared} == set(ORDER_EDGES)


# receipts


def test_a_receipt_is_recorded_once_and_taken_back_by_an_entry_of_its_own():
    finance = b.financier()
    receipt = receipts.record(b.customer(), Decimal("10"), " BANK 1 ", civil_today(), user=finance, payer="Acme Ltd")
    with pytest.raises(BadInput) as twice, override("en"):
        receipts.record(b.customer("Other"), Decimal("10"), "BANK 1", civil_today(), user=finance)
    assert (twice.value.field, twice.value.sentence) == (
        "reference",
        f"already recorded as “BANK 1” for Acme on {receipt.received_on} (receipt {receipt.number})",
    )
    back = receipts.reverse_receipt(receipt, user=finance, reason="bounced")
    assert (back.reverses, back.memo, b.books()) == (receipt.entry, "bounced", {})
    assert refused(receipts.reverse_receipt, receipt, user=finance, reason="again") == "reversed_already"


def test_a_receipt_that_is_spent_is_not_taken_back():
    finance = b.financier()
    receipt = receipts.record(b.customer(), Decimal("10"), "1", civil_today(), user=finance)
    post_entry("k", EntryKind.PAYMENT, b.customer().pk, *transfer(Decimal(1), "wallet", "receivables"), actor=SYSTEM)
    assert refused(receipts.reverse_receipt, receipt, user=finance, reason="bounced") == "short"
    b.agree(credit_limit=Decimal(1))
    receipts.reverse_receipt(receipt, user=finance, reason="bounced")
    assert b.balance() == -1


def test_only_money_that_came_in_is_reversed():
    b.fund("10")
    entry = post_entry(
        "k", EntryKind.PAYMENT, b.customer().pk, *transfer(Decimal(1), "wallet", "receivables"), actor=SYSTEM
    )
    assert refused(reverse, entry, actor=SYSTEM, memo="x") == "not_reversible"


# the proof


@pytest.fixture
def sold():
    """A line that was paid and fulfilled, and a wallet with something left."""
    b.price("Y1-30", "30.00")
    b.fund("100")
    order = b.paid(cards=[card_in_use(customer="Acme")])
    assert found() == []
    unguarded()
    return order


def changed(model, **values):
    """Change rows as nobody may, and say what the proof finds."""
    model.objects.all().update(**values)
    return [code for code, *_ in found()]


def test_the_proof_finds_a_wallet_that_is_not_its_postings(sold):
    assert changed(CustomerAccount, balance="99.00") == ["wallet"]
    assert found()[0] == ("wallet", None, "the wallet of Acme shows ¥99.00, but its postings add up to ¥70.00")


def test_the_proof_finds_an_edited_amount(sold):
    Posting.objects.filter(account="wallet", entry=f"pay:{sold.pk}").update(amount="-20.00")
    assert [code for code, *_ in found()] == ["unbalanced", "wallet", "running_balance", "order_payment"]


def test_the_proof_finds_an_edited_running_balance(sold):
    Posting.objects.filter(account="wallet", entry=f"pay:{sold.pk}").update(balance="71.00")
    assert [code for code, *_ in found()] == ["running_balance"]


def test_the_proof_finds_a_running_balance_that_is_missing(sold):
    posting = Posting.objects.get(account="wallet", entry=f"pay:{sold.pk}")
    Posting.objects.filter(pk=posting.pk).update(balance=None)
    sentence = f"posting {posting} leaves – in the wallet, but should leave ¥70.00"
    assert found() == [("running_balance", None, sentence)]


def test_the_proof_finds_an_order_of_another_total(sold):
    assert changed(Order, total="31.00") == ["order_total", "order_payment"]


def test_the_proof_finds_a_line_that_was_not_earned(sold):
    assert changed(OrderLine, state="open") == ["order_owed", "order_earned"]
    assert changed(OrderLine, state="refunded") == ["order_refunded", "order_earned", "term_not_paid"]


def test_the_proof_finds_a_line_without_service_and_service_without_a_line(sold):
    assert changed(OrderLine, seq=2) == ["line_without_service", "service_without_line"]


def test_the_proof_finds_a_term_that_nobody_gave(sold):
    card = OrderLine.objects.get().card
    CardEvent.objects.filter(action="renew").update(evidence={})
    assert found() == [
        ("term_without_record", card.iccid, "term 2 of the card has no source: neither an order nor a staff record")
    ]
    ServiceTerm.objects.filter(number=2).delete()
    assert found() == []


def test_the_proof_finds_a_reversal_that_is_none(sold):
    receipt = receipts.record(b.customer(), Decimal("10"), "1", civil_today(), user=b.financier())
    receipts.reverse_receipt(receipt, user=receipt.recorded_by, reason="x")
    assert found() == []
    Posting.objects.filter(entry__kind="reversal").update(account="cash", customer=None)
    assert "reversal" in [code for code, *_ in found()]
