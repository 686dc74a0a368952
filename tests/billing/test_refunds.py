"""Giving money back: as long as the service was not used, whole or by line, once, and above an amount by two."""

from datetime import date, timedelta

import pytest

from billing.actions import orders, refunds
from billing.actions.kinds import work_off_order
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import Entry, Refund
from billing.proof import problems
from cards.actions.jobs import engine
from cards.actions.write import Work, change
from cards.models import Job
from cards.proof import Proof
from cards.rules import Change
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, open_card, swept
from tests.console.pages import logged_in, text

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _clock():
    b.price("Y1-30", "30.00")
    b.price("M1-100", "5.00")
    b.price("PACK-100", "9.90")
    b.price(None, "8.00")
    b.fund("100")
    with on_day(TODAY):
        yield


@pytest.fixture
def user():
    return b.financier()


def refunded(order, user, **asked):
    """Request a refund and approve it; the refund afterwards."""
    return refunds.approve(refunds.request_refund(order, user=user, reason="because", **asked), user=user)


def reasons(refund):
    return {
        code: count
        for reason in refund.job.chunks.values_list("check_result__reasons", flat=True)
        for code, (count, *_) in reason.items()
    }


def code_of(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as error:
        do(*args, **kwargs)
    return error.value.code


def test_a_renewal_that_waits_goes_back_and_so_does_the_money(user):
    card = card_in_use(customer="Acme")
    order = b.paid(cards=[card], user=user)
    refund = refunded(order, user)
    assert (refund.state, refund.amount, b.books()) == (
        "done",
        30,
        {"cash": -100, "wallet": 100, "revenue": 30, "refunds": -30},
    )
    assert (b.fresh(order).state, b.fresh(order).refunded) == ("refunded", 30)
    assert [term.number for term in fresh(card).terms.all()] == [1]
    assert fresh(card).events.latest("seq").action == "unrenew"


def test_a_part_of_an_order_goes_back_and_the_rest_stays(user):
    one, two = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    order = b.paid(cards=[one, two], user=user)
    refunded(order, user, card_ids=[one.pk])
    assert (b.fresh(order).state, b.fresh(order).refunded, b.balance()) == ("fulfilled", 30, 70)
    refunded(order, user)
    assert (b.fresh(order).state, b.balance()) == ("refunded", 100)


@pytest.mark.parametrize(("days", "goes_back"), [(-1, True), (0, False), (1, False)])
def test_until_the_day_on_which_the_term_starts(user, days, goes_back):
    card = card_in_use(date(2026, 3, 1), customer="Acme", plan="M1-100")
    order = b.paid(cards=[card], user=user, plan="M1-100")
    with on_day(date(2026, 4, 1) + timedelta(days=days)):
        refund = refunds.request_refund(order, user=user, reason="x")
        assert reasons(refund) == ({} if goes_back else {"term_started": 1})
        if goes_back:
            assert refunds.approve(refund, user=user).amount == 5
        else:
            assert code_of(refunds.approve, refund, user=user) == "service_used"


def test_what_comes_back_at_once_is_used(user):
    card = swept(card_in_use(customer="Acme", plan="M1-100"), TODAY)
    assert card.state == "shut_down"
    order = b.paid(cards=[card], user=user, plan="M1-100")
    assert fresh(card).state == "in_use"
    assert reasons(refunds.request_refund(order, user=user, reason="x")) == {"term_started": 1}


def test_a_pack_acts_at_once_and_counts_as_used(user):
    order = b.paid(OrderKind.PACK, [card_in_use(customer="Acme")], user=user, plan="PACK-100")
    assert reasons(refunds.request_refund(order, user=user, reason="x")) == {"service_used": 1}


def test_a_card_that_was_never_used_goes_back_to_stock(user):
    card, used = open_card(), open_card()
    order = b.paid(OrderKind.SALE, [card, used], user=user, plan=None)
    do("activate", used, TODAY)
    refund = refunds.request_refund(order, user=user, reason="x")
    assert reasons(refund) == {"service_used": 1}
    refunds.approve(refund, user=user)
    assert (fresh(card).customer, fresh(used).customer.name, b.balance()) == (None, "Acme", 92)
    record, acme = card.events.latest("seq"), fresh(used).customer_id
    assert (record.action, record.evidence) == ("unassign", {"customer_id": None, "was_customer_id": acme})
    assert list(Proof().problems()) == list(problems()) == []


class AssignToNobody(Work):
    """How a refund took a card back before there was an action of that name."""

    def steps(self, card):
        was, card.customer_id = card.customer_id, None
        yield Change(TODAY, "assign", evidence={"customer": None, "was_customer_id": was})


def test_a_sold_card_that_went_back_by_the_older_record_still_proves_right(user):
    card = open_card()
    b.paid(OrderKind.SALE, [card], user=user, plan=None)
    change([card.pk], AssignToNobody())
    assert (card.events.latest("seq").action, fresh(card).customer) == ("assign", None)
    assert list(Proof().problems()) == list(problems()) == []


def test_an_opening_plan_goes_back_until_it_starts(user):
    card = open_card(customer="Acme")
    order = b.paid(OrderKind.OPENING, [card], user=user, plan=None)
    refunded(order, user)
    assert (b.fresh(order).state, b.balance()) == ("refunded", 100)
    again = b.paid(OrderKind.OPENING, [card], user=user, plan=None)
    do("activate", card, TODAY)
    assert reasons(refunds.request_refund(again, user=user, reason="x")) == {"service_used": 1}


def test_a_line_that_is_not_served_yet_needs_nothing_from_its_card(user):
    card = card_in_use(customer="Acme")
    order = orders.pay(b.placed(cards=[card], user=user), user=user)
    refund = refunded(order, user)
    assert (refund.amount, b.fresh(order).state, b.books()) == (30, "refunded", {"cash": -100, "wallet": 100})
    work_off_order(order.job)
    assert (fresh(card).terms.count(), b.fresh(order).state, b.balance()) == (1, "refunded", 100)


def test_twice_is_once(user):
    order = b.paid(cards=[card_in_use(customer="Acme")], user=user)
    asked = [refunds.request_refund(order, user=user, reason="x") for _ in range(2)]
    for refund in asked:
        refunds.approve(refund, user=user)
        refunds.approve(refund, user=user)
    assert [(refund.state, refund.amount) for refund in Refund.objects.order_by("pk")] == [("done", 30), ("done", 0)]
    assert (b.balance(), Entry.objects.filter(kind="refund").count()) == (100, 1)


def test_the_same_form_twice_is_one_refund(user):
    order = b.paid(cards=[card_in_use(customer="Acme")], user=user)
    key = order.key
    assert refunds.request_refund(order, user=user, reason="x", key=key) == refunds.request_refund(
        order, user=user, reason="x", key=key
    )


def test_a_declined_refund_moves_nothing_and_can_be_asked_for_again(user):
    order = b.paid(cards=[card_in_use(customer="Acme")], user=user)
    declined = refunds.decline(refunds.request_refund(order, user=user, reason="x"), user=user)
    assert (declined.state, refunds.approve(declined, user=user).state, b.balance()) == ("declined", "declined", 70)
    assert refunded(order, user).amount == 30


@pytest.mark.parametrize("state", ["draft", "placed"])
def test_only_what_is_paid_is_refunded(user, state):
    make = {"draft": b.drafted, "placed": b.placed}[state]
    assert (
        code_of(refunds.request_refund, make(cards=[card_in_use(customer="Acme")]), user=user, reason="x")
        == "wrong_state"
    )


def test_an_adjustment_is_not_refunded(user):
    from decimal import Decimal

    order = orders.make_adjustment(b.customer(), Decimal("-5"), user=user, note="x")
    assert code_of(refunds.request_refund, order, user=user, reason="x") == "wrong_state"


def test_a_later_renewal_has_to_go_first(user):
    card = card_in_use(customer="Acme")
    first, second = b.paid(cards=[card], user=user), b.paid(cards=[card], user=user, also_renewed=True)
    assert reasons(refunds.request_refund(first, user=user, reason="x")) == {"later_term": 1}
    refunded(second, user)
    assert refunded(first, user).amount == 30


def test_an_approved_refund_whose_job_failed_is_taken_up_again(user):
    order = b.paid(cards=[card_in_use(customer="Acme")], user=user)
    refund = refunds.request_refund(order, user=user, reason="because")
    engine.fail(refund.job, "the disk is full")
    assert (refunds.resume_refund(refund, user=user).job, Job.objects.get(pk=refund.job_id).status) == (
        refund.job,
        "checking",
    )
    refund = refunds.request_refund(order, user=user, reason="because")
    engine.launch(refund.job, user)
    Refund.objects.filter(pk=refund.pk).update(state="approved", decided_by=user)
    engine.fail(refund.job, "the disk is full")
    client = logged_in(user)
    assert "the disk is full" in text(client.get(f"/console/refunds/{refund.pk}/"))
    for _ in range(2):
        assert client.post(f"/console/refunds/{refund.pk}/go-on/").status_code == 302
    assert (work_off_order(refund.job).status, Refund.objects.get(pk=refund.pk).state, b.balance()) == (
        "done",
        "done",
        100,
    )
    assert code_of(refunds.resume_refund, refund, user=member()) == "forbidden"
