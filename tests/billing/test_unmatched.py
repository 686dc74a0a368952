"""Money that came online and fits no payment: it is kept, stands in a queue, and finance decides once whose it is."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing import proof
from billing.actions import orders, payments
from billing.actions.approvals import approve_proposal
from billing.actions.ledger import account_of
from billing.actions.unmatched import assign_to, mark_returned, reopen, return_by_provider
from billing.errors import MoneyRefused
from billing.models import Entry, MoneyRules, Notification, PayerRefund, Payment, Posting, UnmatchedPayment
from billing.money import LARGEST
from billing.payments import local
from tests.billing import build as b
from tests.billing.test_payments import KEY, answered, deposit, receive, signed_notification
from tests.build import card_in_use, member, on_day, unguarded
from tests.console.pages import logged_in, of_role, text
from tests.my.pages import ENGLISH

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
QUEUE = "/console/unmatched/"


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def payment():
    """A payment of ¥10.00 into Acme's wallet that is under way."""
    return deposit("10.00")


@pytest.fixture
def user():
    return b.financier()


@pytest.fixture
def unmatched(payment):
    """¥9.99 that came for it."""
    receive(*signed_notification(payment, amount="9.99", reference="T1"))
    return UnmatchedPayment.objects.get()


def waiting():
    """(why, reference, amount, of which payment) of what waits to be cleared, the oldest first."""
    rows = UnmatchedPayment.objects.waiting().order_by("pk")
    return [(row.why, row.reference, row.amount, row.payment) for row in rows]


def in_suspense(amount):
    """The books where nothing but this has come, and waits."""
    return {"providers": -Decimal(amount), "suspense": Decimal(amount)}


def refused(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as error:
        do(*args, **kwargs)
    return error.value.code


# what waits


@pytest.mark.parametrize("amount", ["9.99", "10.01", "0.01"])
def test_another_amount_waits_to_be_cleared_in_suspense(payment, amount):
    assert receive(*signed_notification(payment, amount=amount)) == "wrong_amount"
    assert waiting() == [("wrong_amount", f"L{payment.pk}", Decimal(amount), payment)]
    assert (b.books(), Payment.objects.get().state) == (in_suspense(amount), "started")
    assert receive(*signed_notification(payment)) == "paid"  # the money that was asked for comes all the same
    assert (b.balance(), len(waiting())) == (10, 1)


def test_a_payment_that_there_is_not_waits_to_be_cleared(payment):
    assert receive(*signed_notification(payment, payment=str(KEY), reference="T1")) == "unknown"
    assert waiting() == [("unknown", "T1", 10, None)]
    assert UnmatchedPayment.objects.get().payment_key == KEY


def test_a_reference_pays_one_payment_and_for_another_it_waits_to_be_cleared(payment):
    receive(*signed_notification(payment))
    other = deposit("20.00")
    assert receive(*signed_notification(other, reference=f"L{payment.pk}")) == "used_reference"
    assert (waiting(), b.balance()) == ([("used_reference", f"L{payment.pk}", 20, other)], 10)


def test_more_than_the_wallet_can_hold_waits_to_be_cleared(payment, user):
    b.fund("9999999999.99")
    assert receive(*signed_notification(payment)) == "wallet_full"
    assert (waiting(), b.balance()) == ([("wallet_full", f"L{payment.pk}", 10, payment)], Decimal("9999999999.99"))
    row = UnmatchedPayment.objects.get()
    assert refused(assign_to, row, b.customer(), user=user, reason="x") == "wallet_full"
    assert assign_to(row, b.customer("Other"), user=user, reason="theirs").state == "assigned"


def test_what_waits_is_not_booked_once_more_when_the_wallet_has_room_for_it(payment, user):
    MoneyRules.objects.update(second_person_above=LARGEST)
    b.fund("9999999999.99")
    receive(*signed_notification(payment))
    orders.make_adjustment(b.customer(), Decimal("100"), user=user, note="x")
    assert receive(*signed_notification(payment)) == "wallet_full"
    (row,) = UnmatchedPayment.objects.all()
    mark_returned(row, user=user, reason="sent back")
    assert receive(*signed_notification(payment)) == "wallet_full"
    assert (waiting(), b.balance(), list(proof.problems())) == ([], Decimal("9999999899.99"), [])


def test_however_often_the_provider_says_so_it_waits_once(payment):
    first = signed_notification(payment, amount="9.99", reference="T1")
    again = [signed_notification(payment, amount="9.99", reference="T1") for _ in range(2)]
    assert [receive(*each) for each in (first, first, *again)] == ["wrong_amount"] * 4
    assert (len(waiting()), Notification.objects.count()) == (1, 3)
    receive(*signed_notification(payment, amount="9.98", reference="T1"))
    receive(*signed_notification(payment, amount="9.99", reference="T2"))
    assert [(reference, amount) for _why, reference, amount, _payment in waiting()] == [
        ("T1", Decimal("9.99")),
        ("T1", Decimal("9.98")),
        ("T2", Decimal("9.99")),
    ]


def test_the_provider_need_not_say_it_again_and_what_is_not_its_word_is_refused(client, payment):
    body, headers = signed_notification(payment, amount="9.99")
    assert answered(client, body, headers | {local.SIGNATURE: "0" * 64})[0] == 403
    assert (answered(client, *local.signed(b"{}"))[0], waiting()) == (400, [])
    assert answered(client, body, headers)[:2] == (200, "ok\n")
    assert [why for why, *_of in waiting()] == ["wrong_amount"]


class Killed(BaseException):
    """The process ends here."""


def killed_at(number, call):
    """Whether the call came to its end before its statement of this number, at which it would have been killed."""
    seen = 0

    def kill(execute, sql, params, many, context):
        nonlocal seen
        seen += 1
        if seen == number:
            raise Killed
        return execute(sql, params, many, context)

    begun = transaction.savepoint()
    try:
        with connection.execute_wrapper(kill):
            call()
    except Killed:
        transaction.savepoint_rollback(begun)
        transaction.set_rollback(False)
        return False
    return True


@pytest.mark.parametrize("changes", [{}, {"amount": "9.99"}, {"payment": str(KEY)}])
def test_killed_at_any_statement_nothing_is_there_and_when_it_comes_again_all_of_it_once(payment, changes):
    """Paid for the second time, another amount, no such payment."""
    receive(*signed_notification(payment))
    notification, number, ended = signed_notification(payment, "paid", None, **{"reference": "T9"} | changes), 0, False

    def stands():
        return Notification.objects.count(), Payment.objects.count(), len(waiting()), b.balance()

    before = stands()
    while not ended:
        number += 1
        sid = transaction.savepoint()
        ended = killed_at(number, lambda: payments.receive("local", *notification))
        assert ended or stands() == before
        payments.receive("local", *notification)
        after = stands()
        transaction.savepoint_rollback(sid)
    assert number > 5
    is_paid = not ({"amount", "payment"} & set(changes))
    assert after == ((2, 2, 0, 20) if is_paid else (2, 1, 1, 10))


# what is decided


def test_it_is_put_into_a_wallet_once(unmatched, user):
    other = b.customer("Other")
    for _ in range(2):
        decided = assign_to(unmatched, other, user=user, reason="they called")
    entry = Entry.objects.exclude(kind="suspense").get()
    assert (entry.pk, entry.kind, entry.customer, entry.actor_name, entry.memo) == (
        f"unmatched:{unmatched.pk}",
        "online",
        other,
        "finance",
        "they called",
    )
    assert (decided.state, decided.customer, decided.entry, decided.decided_by) == ("assigned", other, entry, user)
    assert (b.balance("Other"), waiting(), b.books()) == (
        Decimal("9.99"),
        [],
        {"providers": Decimal("-9.99"), "wallet": Decimal("9.99")},
    )
    assert refused(assign_to, unmatched, b.customer(), user=user, reason="x") == "cleared_already"
    assert refused(mark_returned, unmatched, user=user, reason="x") == "cleared_already"
    assert list(proof.problems()) == []


def test_or_it_is_returned_by_hand_and_out_of_the_books(unmatched, user):
    for _ in range(2):
        decided = mark_returned(unmatched, user=user, reason="not ours")
    assert (decided.state, decided.reason, decided.customer, decided.entry) == ("returned", "not ours", None, None)
    assert (b.books(), waiting(), list(proof.problems())) == ({}, [], [])
    assert refused(assign_to, unmatched, b.customer(), user=user, reason="x") == "cleared_already"


def test_or_the_provider_gives_it_back_and_until_then_it_is_owed(unmatched, user):
    for _ in range(2):
        decided = return_by_provider(unmatched, user=user, reason="not ours")
    assert (decided.state, decided.can_be_reopened) == ("returned", False)
    (refund,) = PayerRefund.objects.all()
    assert (refund.unmatched, refund.amount, refund.cause, refund.state) == (
        unmatched,
        Decimal("9.99"),
        "unmatched",
        "open",
    )
    assert b.books() == {"providers": Decimal("-9.99"), "payback": Decimal("9.99")}
    assert refused(mark_returned, unmatched, user=user, reason="x") == "cleared_already"
    assert refused(reopen, unmatched, user=user, reason="x") == "sent_back"
    assert list(proof.problems()) == []


@pytest.mark.parametrize("give", [mark_returned, return_by_provider])
def test_what_came_when_nothing_stood_in_suspense_is_given_back_as_well(unmatched, user, give):
    """A row of code of before, whose money no entry is of."""
    unguarded()
    Posting.objects.all().delete()
    UnmatchedPayment.objects.update(kept_entry=None)
    Entry.objects.all().delete()
    give(unmatched, user=user, reason="not ours")
    owed = give == return_by_provider and {"providers": Decimal("-9.99"), "payback": Decimal("9.99")}
    assert (b.books(), list(proof.problems())) == (owed or {}, [])


def test_what_was_returned_by_hand_and_taken_back_stands_in_suspense_again(unmatched, user):
    mark_returned(unmatched, user=user, reason="sent back")
    again = reopen(unmatched, user=user, reason="it was not")
    assert (b.books(), list(proof.problems())) == (in_suspense("9.99"), [])
    assert [refused(reopen, row, user=user, reason="x") for row in (unmatched, again)] == ["not_cleared"] * 2
    return_by_provider(again, user=user, reason="now it is")
    assert list(proof.problems()) == []


def test_when_the_provider_says_so_again_afterwards_nothing_waits_anew(payment, unmatched, user):
    mark_returned(unmatched, user=user, reason="not ours")
    assert receive(*signed_notification(payment, amount="9.99", reference="T1")) == "wrong_amount"
    assert (waiting(), UnmatchedPayment.objects.count()) == ([], 1)


def test_a_wrong_decision_is_taken_back_and_both_stay(unmatched, user):
    assert refused(reopen, unmatched, user=user, reason="x") == "not_cleared"
    assign_to(unmatched, b.customer("Other"), user=user, reason="they called")
    again = reopen(unmatched, user=user, reason="it was Acme")
    assert (b.balance("Other"), waiting()) == (0, [("wrong_amount", "T1", Decimal("9.99"), unmatched.payment)])
    assert refused(reopen, unmatched, user=user, reason="x") == "not_cleared"
    assert refused(assign_to, unmatched, b.customer("Other"), user=user, reason="x") == "cleared_already"
    assign_to(again, b.customer(), user=user, reason="it was Acme")
    assert [b.balance(name) for name in ("Acme", "Other")] == [Decimal("9.99"), 0]
    first = f"unmatched:{unmatched.pk}"
    keys = (f"suspense:{unmatched.pk}", first, f"reverse:{first}", f"unmatched:{again.pk}")
    assert set(Entry.objects.values_list("key", flat=True)) == set(keys)
    mark_returned(reopen(again, user=user, reason="x"), user=user, reason="x")
    assert (b.balance(), list(proof.problems())) == (0, [])


def test_what_was_spent_meanwhile_is_not_taken_out_of_the_wallet(unmatched, user):
    assign_to(unmatched, b.customer(), user=user, reason="x")
    b.price("Y1-30", "9.00")
    b.paid(cards=[card_in_use(customer="Acme")], user=user)
    assert refused(reopen, unmatched, user=user, reason="x") == "short"
    assert (UnmatchedPayment.objects.get().reopened_at, b.balance()) == (None, Decimal("0.99"))


def test_the_proof_finds_money_that_came_and_is_not_booked_and_what_is_booked_and_never_came(payment, unmatched, user):
    receive(*signed_notification(payment))
    assign_to(unmatched, b.customer(), user=user, reason="x")

    def found():
        return sorted(problem.code for problem in proof.problems())

    assert found() == []
    UnmatchedPayment.objects.update(amount="9.98")
    assert found() == ["online_not_booked"]
    Payment.objects.update(entry=None)
    assert found() == ["online_never_came", "online_not_booked", "online_not_booked"]


# the second person


def came(payment, amount, reference="T2"):
    receive(*signed_notification(payment, amount=amount, reference=reference))
    return UnmatchedPayment.objects.get(reference=reference, reopened_at=None)


def test_more_than_one_person_may_alone_waits_for_a_second(payment, user):
    other, acme = b.financier(username="other"), b.customer()
    assert assign_to(came(payment, "1000.00", "A"), acme, user=user, reason="x").state == "assigned"
    row = came(payment, "0.01", "B")
    asked = [assign_to(row, acme, user=user, reason="theirs") for _ in range(2)]
    assert (asked[0] == asked[1], asked[0].deed, b.balance(), len(waiting())) == (True, "clearing", 1000, 1)
    assert refused(approve_proposal, asked[0], user=user) == "own_request"
    for _ in range(2):
        assert approve_proposal(asked[0], user=other).state == "approved"
    row = UnmatchedPayment.objects.get(pk=row.pk)
    assert (row.state, row.decided_by, row.reason, row.entry.actor_name) == ("assigned", user, "theirs", "other")
    assert (b.balance(), list(proof.problems())) == (Decimal("1000.01"), [])


def test_what_counts_is_what_one_person_did_for_one_customer(payment, user):
    assign_to(came(payment, "1000.00", "A"), b.customer(), user=user, reason="x")
    for name, who in (("Other", user), ("Acme", b.financier(username="other"))):
        row = came(payment, "1000.00", name)
        assert assign_to(row, b.customer(name), user=who, reason="x").state == "assigned"
    assert mark_returned(came(payment, "5000.00", "R"), user=user, reason="x").state == "returned"


def test_taking_back_what_is_above_waits_for_a_second_person_too(payment, user):
    row, other = came(payment, "600.00"), b.financier(username="other")
    assign_to(row, b.customer(), user=user, reason="x")
    proposal = reopen(row, user=user, reason="not theirs")
    assert (proposal.deed, b.balance(), waiting()) == ("clearing", 600, [])
    approve_proposal(proposal, user=other)
    row = UnmatchedPayment.objects.get(pk=row.pk)
    assert (row.reopened_by, row.reopen_reason, b.balance(), len(waiting())) == (user, "not theirs", 0, 1)


def test_what_was_decided_otherwise_meanwhile_is_not_done(payment, user):
    row, other = came(payment, "1000.01"), b.financier(username="other")
    proposal = assign_to(row, b.customer(), user=user, reason="x")
    mark_returned(row, user=other, reason="sent back")
    assert refused(approve_proposal, proposal, user=other) == "cleared_already"
    assert b.books() == {}


def test_who_may_not_decides_nothing(unmatched):
    nobody = b.financier("pay_order", username="paying")
    for do in (
        lambda: assign_to(unmatched, b.customer(), user=nobody, reason="x"),
        lambda: mark_returned(unmatched, user=nobody, reason="x"),
        lambda: return_by_provider(unmatched, user=nobody, reason="x"),
        lambda: reopen(unmatched, user=nobody, reason="x"),
    ):
        assert refused(do) == "forbidden"
    assert len(waiting()) == 1


# the pages


def test_what_waits_for_a_second_person_is_shown_and_leads_there(payment):
    row, finance = came(payment, "1000.01"), of_role("finance")
    there = post(finance, row, "assign", customer="Acme", reason="they called")["location"]
    page = text(finance.get(f"{QUEUE}{row.pk}/", headers=ENGLISH))
    assert (there in page, "Put it into a wallet" in page) == (True, False)
    shown = text(finance.get(there, headers=ENGLISH))
    assert [word in shown for word in (f"{QUEUE}{row.pk}/", "they called", "Payment to clear")] == [True] * 3
    assert "T2" in text(finance.get("/console/approvals/", headers=ENGLISH))
    second = of_role("finance", "second")
    second.post(f"{there}approve/")
    assert (b.balance(), waiting()) == (Decimal("1000.01"), [])


def post(client, unmatched, step, **posted):
    values = {"key": str(uuid.uuid4())} | posted
    return client.post(f"{QUEUE}{unmatched.pk}/{step}/", values, headers=ENGLISH)


def test_finance_finds_it_in_the_queue_and_puts_it_into_a_wallet(unmatched):
    finance, page = of_role("finance"), f"{QUEUE}{unmatched.pk}/"
    assert "Payments to clear" in text(finance.get("/console/approvals/", headers=ENGLISH))
    listed = text(finance.get(QUEUE, headers=ENGLISH))
    assert [word in listed for word in (page, "¥9.99", "Amount does not match", "Acme")] == [True] * 4
    shown = finance.get(page, headers=ENGLISH)
    assert (shown.context["told"], shown.context["assign_form"]["customer"].value()) == (
        [
            ("amount", "9.99"),
            ("payment", str(unmatched.payment.key)),
            ("reference", "T1"),
            ("said", "paid"),
        ],
        "Acme",
    )
    wrong = post(finance, unmatched, "assign", customer="Nobody Ltd", reason="x")
    assert (wrong.status_code, "There is no customer with this name." in text(wrong)) == (422, True)
    assert post(finance, unmatched, "assign", customer="Acme", reason="they called")["location"] == page
    after = text(finance.get(page, headers=ENGLISH))
    assert [word in after for word in ("In a wallet", "they called", "finance", "Put it into a wallet")] == [
        *([True] * 3),
        False,
    ]
    assert (page in text(finance.get(QUEUE)), page in text(finance.get(f"{QUEUE}?show=cleared"))) == (False, True)
    assert b.balance() == Decimal("9.99")
    statement = text(finance.get(f"/console/customers/{account_of(b.customer().pk).pk}/", headers=ENGLISH))
    assert page in statement


def test_it_is_returned_or_taken_back_with_a_reason(unmatched):
    finance = of_role("finance")
    assert post(finance, unmatched, "give-back").status_code == 302
    assert len(waiting()) == 1
    post(finance, unmatched, "give-back", reason="not ours")
    assert waiting() == []
    new = post(finance, unmatched, "take-back", reason="it is ours")["location"]
    assert (new, len(waiting())) == (f"{QUEUE}{UnmatchedPayment.objects.waiting().get().pk}/", 1)
    refused_at = post(finance, unmatched, "give-back", reason="x")["location"]
    messages = finance.get(refused_at, headers=ENGLISH).context["messages"]
    assert [str(message) for message in messages] == [
        "Briefly give a reason.",
        "Something else was already decided about this payment. Reload the page. If that was wrong, reopen the payment "
        "first.",
    ]


def test_finance_has_the_provider_give_it_back(unmatched):
    finance, page = of_role("finance"), f"{QUEUE}{unmatched.pk}/"
    assert "Give ¥9.99 back" in text(finance.get(page, headers=ENGLISH))
    assert post(finance, unmatched, "send-back").status_code == 302
    assert len(waiting()) == 1
    post(finance, unmatched, "send-back", reason="not ours")
    shown = text(finance.get(page, headers=ENGLISH))
    assert [word in shown for word in ("Refund to the payer", "Queued", "not ours", "Reopen payment")] == [
        *([True] * 3),
        False,
    ]


def test_where_the_account_is_gone_it_is_returned_by_hand_alone(unmatched, settings):
    settings.LOCAL_PAYMENTS = False
    shown = text(of_role("finance").get(f"{QUEUE}{unmatched.pk}/", headers=ENGLISH))
    assert ["Give ¥9.99 back" in shown, "Record as returned" in shown] == [False, True]


def test_a_used_reference_says_what_it_paid(payment):
    receive(*signed_notification(payment))
    receive(*signed_notification(deposit("20.00"), reference=f"L{payment.pk}"))
    shown = of_role("finance").get(f"{QUEUE}{UnmatchedPayment.objects.get().pk}/", headers=ENGLISH)
    assert (shown.context["used_by"], "already paid ¥10.00 for Acme" in text(shown)) == (payment, True)


def test_a_customer_reads_the_dealer_and_no_name_of_the_staff(unmatched, user):
    assign_to(unmatched, b.customer(), user=user, reason="secret")
    page = text(logged_in(member()).get("/my/wallet/", headers=ENGLISH))
    words = ("¥9.99", "T1", "your dealer", "secret", ">finance<")
    assert [word in page for word in words] == [True, True, True, False, False]


def test_the_queue_asks_the_database_little(payment, django_assert_max_num_queries):
    finance = of_role("finance")
    for number in range(3):
        receive(*signed_notification(payment, amount="9.99", reference=f"T{number}"))
    with django_assert_max_num_queries(8):
        assert len(finance.get(QUEUE).context["entries"]) == 3
    assert finance.get(f"{QUEUE}?show=nonsense").status_code == 404
