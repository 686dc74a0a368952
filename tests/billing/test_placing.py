"""A large order is placed by its job: what was shown, once and whole, or nothing, whatever comes between."""

import uuid
from datetime import date, timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from billing import proof
from billing.actions import orders, placing
from billing.actions.kinds import ORDER_JOB_KINDS, work_off_order, work_off_orders
from billing.actions.ledger import account_of
from billing.actions.shown import shown_by_check, shown_by_lines
from billing.choices import OrderKind, PriceKind
from billing.errors import MoneyRefused
from billing.models import Order, OrderLine, RenewalRun
from billing.rules import Shown
from cards.actions.jobs import engine, worker
from cards.actions.write import chunked
from cards.calendar import this_moment
from cards.models import JobStep, OrderedTerm
from tests.billing import build as b
from tests.billing.test_shown import CHANGES, dearer, retired, without_price
from tests.build import card_in_use, do, member, on_day, open_card
from tests.console.pages import logged_in
from tests.my.pages import Phone

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
CARDS, PER_CHUNK = 5, 2


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    """What has more than one line is large, and two cards are a chunk."""
    monkeypatch.setattr(orders, "ORDERED_AT_ONCE", 1)
    monkeypatch.setattr(orders, "chunked", partial(chunked, size=PER_CHUNK))
    b.price("Y1-30", "30.00")
    with on_day(TODAY), override("en"):
        yield


@pytest.fixture
def user():
    return b.financier()


def draft(user, cards=CARDS):
    return checked([card_in_use(customer="Acme") for _ in range(cards)], user)


def checked(cards, user, **more):
    order = b.drafted(cards=cards, user=user, **more)
    work_off_order(order.job)
    return b.fresh(order)


def let_place(order, user, pays=False, shown=None):
    order = b.fresh(order)
    return orders.place_as_shown(order, user=user, shown=shown or shown_by_check(order.job), pays=pays)


def write_a_chunk(order):
    assert worker._work_once("one", order.job, ORDER_JOB_KINDS)


def stands(order):
    """Its state, how far its job is, its size and total, and how many lines and terms on order there are of it."""
    order = b.fresh(order)
    terms = OrderedTerm.objects.filter(order_key=order.pk).count()
    return order.state, order.job.status, order.size, order.total, order.lines.count(), terms


def why(order):
    refused = placing.why_not_placed(b.fresh(order))
    return refused and refused.code


UNTOUCHED = ("draft", "ready", 0, 0, 0, 0)
PLACED = ("placed", "ready", 5, 150, 5, 5)


def test_the_click_writes_nothing_and_the_job_writes_the_lines_chunk_by_chunk_and_then_places_it(user):
    order = draft(user)
    seen = shown_by_check(order.job)
    let_place(order, user)
    assert stands(order) == ("draft", "placing", 0, 0, 0, 0)
    told = []
    for _ in range(2):
        write_a_chunk(order)
        told.append(stands(order))
        assert list(proof.problems()) == []
    assert told == [("draft", "placing", 2, 60, 2, 0), ("draft", "placing", 4, 120, 4, 0)]
    write_a_chunk(order)
    placed = b.fresh(order)
    assert (stands(order), placed.placed_by, shown_by_lines(placed), why(order)) == (PLACED, user, seen, None)
    assert list(order.lines.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert list(order.job.steps.values_list("step", "by")) == [("placed", user.pk)]
    assert list(proof.problems()) == []


def test_a_small_order_is_placed_by_the_click(user, monkeypatch):
    monkeypatch.setattr(orders, "ORDERED_AT_ONCE", CARDS)
    order = draft(user)
    let_place(order, user)
    assert (stands(order), JobStep.objects.count()) == (PLACED, 0)


def test_it_is_paid_once_it_is_placed_where_its_placer_said_so(user):
    b.fund("150")
    order = draft(user)
    let_place(order, user, pays=True)
    assert (stands(order), b.balance()) == (("draft", "placing", 0, 0, 0, 0), 150)
    work_off_orders(60)
    assert (b.fresh(order).state, b.fresh(order).paid_by, b.balance()) == ("fulfilled", user, 0)
    assert list(proof.problems()) == []


def test_what_the_wallet_does_not_pay_for_is_placed_and_says_so(user):
    b.fund("150")
    order = draft(user)
    let_place(order, user, pays=True)
    orders.make_adjustment(b.customer(), 1, user=user, note="router")
    work_off_orders(60)
    assert (stands(order), why(order), b.balance()) == (PLACED, "short", 149)
    b.fund("1")
    orders.pay_and_fulfil(b.fresh(order), user=user)
    assert why(order) is None


def test_the_click_sent_twice_places_once_as_the_first_said(user):
    b.fund("150")
    order = draft(user)
    let_place(order, user)
    let_place(order, user, pays=True)
    work_off_order(order.job)
    assert (stands(order), b.balance(), order.job.steps.count()) == (PLACED, 150, 1)
    let_place(order, user)  # once it is placed it is as it was
    assert (stands(order), order.job.steps.count()) == (PLACED, 1)


def refusal(order, user, **said):
    with pytest.raises(MoneyRefused) as refused:
        let_place(order, user, **said)
    return refused.value.code


@pytest.mark.once
@pytest.mark.parametrize(("change", "code", "_before", "_now"), CHANGES)
def test_what_changed_before_the_click_is_said_at_once(user, change, code, _before, _now):
    order = draft(user)
    first = shown_by_check(order.job)
    account_of(order.customer_id)
    change(user)
    assert (refusal(order, user, shown=first), stands(order)) == (code, ("draft", "checking", 0, 0, 0, 0))
    work_off_order(order.job)
    let_place(order, user)
    work_off_order(order.job)
    assert (b.fresh(order).state, shown_by_lines(b.fresh(order)) != first) == ("placed", True)


@pytest.mark.parametrize("moment", [0, 1, 2])
@pytest.mark.parametrize(
    ("change", "code"),
    [(change, code) for change, code, _before, _now in CHANGES]
    + [(without_price, "no_price"), (retired, "not_on_sale")],
)
def test_what_changes_while_it_is_placed_leaves_no_line_and_the_draft_is_checked_anew(user, change, code, moment):
    b.fund("150")
    order = draft(user)
    account_of(order.customer_id)
    let_place(order, user, pays=True)
    for _ in range(moment):
        write_a_chunk(order)
    change(user)
    while b.fresh(order).is_being_placed:
        write_a_chunk(order)
    assert (stands(order), why(order), b.balance()) == (("draft", "checking", 0, 0, 0, 0), code, 150)
    work_off_order(order.job)
    assert (stands(order), why(order)) == (UNTOUCHED, code)
    assert list(proof.problems()) == []


def test_a_card_whose_own_plan_is_another_by_now_is_not_placed_unseen(user):
    b.price("M1-100", "5.00")
    card = card_in_use(TODAY, customer="Acme", plan="M1-100")
    order = checked([card, card_in_use(customer="Acme")], user, plan=None, also_renewed=True)
    let_place(order, user)
    do("renew", card, TODAY, plan="Y1-30")
    work_off_order(order.job)
    assert (stands(order), why(order)) == (UNTOUCHED, "price_changed")


def test_the_dealers_cost_is_that_of_the_day_on_which_it_is_placed(user):
    order = draft(user)
    let_place(order, user)
    write_a_chunk(order)
    b.price("Y1-30", "12.00", PriceKind.COST, since=TODAY)
    work_off_order(order.job)
    assert (stands(order), set(order.lines.values_list("cost", flat=True))) == (PLACED, {12})


def test_who_may_not_place_it_any_more_places_nothing(user):
    order = draft(user)
    let_place(order, user)
    write_a_chunk(order)
    user.user_permissions.clear()
    work_off_order(order.job)
    assert (stands(order), why(order)) == (UNTOUCHED, "no_longer_allowed")


def test_who_left_the_dealer_or_the_customer_places_nothing(user):
    for person in (user, member("Acme", "alice")):
        order = draft(person)
        let_place(order, person)
        User.objects.filter(pk=person.pk).update(is_active=False)
        work_off_order(order.job)
        assert (stands(order), why(order)) == (UNTOUCHED, "no_longer_allowed")


def test_who_may_not_pay_any_more_has_placed_it_and_not_paid():
    b.fund("150")
    user = b.financier("place_order", "renew_card", "pay_order")
    order = draft(user)
    let_place(order, user, pays=True)
    user.user_permissions.remove(user.user_permissions.get(codename="pay_order"))
    work_off_order(order.job)
    assert (stands(order), why(order), b.balance()) == (PLACED, "no_longer_allowed", 150)


def test_who_may_not_place_lets_nobody_else_do_it(user):
    order, other = draft(user), b.financier("view_order", username="other")
    assert (refusal(order, other), stands(order)) == ("forbidden", UNTOUCHED)


def test_of_two_orders_that_renew_the_same_cards_the_one_that_is_written_first_renews_them(user):
    cards = [card_in_use(customer="Acme") for _ in range(CARDS)]
    first, second = (checked(some, user) for some in (cards, cards[1:4]))
    let_place(first, user)
    write_a_chunk(first)
    let_place(second, user)
    for _ in range(2):
        write_a_chunk(second)
    assert (stands(second)[0], stands(first)[:2]) == ("placed", ("draft", "placing"))
    work_off_order(first.job)
    assert (stands(first), placing.why_not_placed(b.fresh(first)).facts) == (UNTOUCHED, {"count": 3})
    let_place(first, user)  # those that are left
    work_off_order(first.job)
    assert (stands(first), list(proof.problems())) == (("placed", "ready", 2, 60, 2, 2), [])


def test_what_takes_in_renewed_cards_is_placed_for_them_too(user):
    cards = [card_in_use(customer="Acme") for _ in range(2)]
    order = checked(cards, user, also_renewed=True)
    let_place(order, user)
    do("renew", cards[0], TODAY, plan="Y1-30")
    work_off_order(order.job)
    assert stands(order) == ("placed", "ready", 2, 60, 2, 2)


def test_no_card_is_renewed_before_the_order_is_placed(user):
    order = draft(user)
    let_place(order, user)
    write_a_chunk(order)
    others = checked([line.card for line in order.lines.all()], user)
    assert others.job.chunks.get().check_result["cannot"] == []


@pytest.mark.parametrize("kind", [OrderKind.SALE, OrderKind.OPENING])
def test_other_kinds_are_placed_in_the_same_way_and_put_no_term_on_order(user, kind):
    b.price(None, "8.00")
    cards = [open_card(customer="" if kind == OrderKind.SALE else "Acme") for _ in range(3)]
    order = checked(cards, user, kind=kind, plan=None)
    let_place(order, user)
    work_off_order(order.job)
    assert stands(order) == ("placed", "ready", 3, 24 if kind == OrderKind.SALE else 90, 3, 0)


# what people do meanwhile


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_what_is_discarded_while_it_is_placed_leaves_nothing(user, chunks):
    order = draft(user)
    let_place(order, user)
    for _ in range(chunks):
        write_a_chunk(order)
    assert orders.withdraw(order, user=user) is None
    assert (Order.objects.count(), OrderLine.objects.count(), OrderedTerm.objects.count()) == (0, 0, 0)
    assert not worker._work_once("one", order.job, ORDER_JOB_KINDS)


def test_a_worker_that_had_its_chunk_when_the_order_was_discarded_writes_nothing(user):
    order = draft(user)
    let_place(order, user)
    chunk = engine.claim_chunk("slow", order.job, list(ORDER_JOB_KINDS))
    orders.withdraw(order, user=user)
    with pytest.raises(engine.Lost):
        placing.write_lines_of(chunk.job, chunk)
    worker._guarded(chunk.job, chunk, lambda: placing.write_lines_of(chunk.job, chunk))
    assert (OrderLine.objects.count(), engine.chunks_at_work()) == (0, 0)


def test_the_form_of_a_draft_that_is_sent_again_does_not_place_it(user):
    card_ids = [card_in_use(customer="Acme").pk for _ in range(2)]
    make = partial(orders.draft_order, OrderKind.RENEWAL, b.customer(), card_ids, user=user, key=uuid.uuid4())
    order = make()
    work_off_order(order.job)
    let_place(order, user)
    assert (make(), stands(order)) == (order, ("draft", "placing", 0, 0, 0, 0))


def test_nothing_else_is_said_of_a_draft_that_is_being_placed(user):
    order = draft(user)
    let_place(order, user)
    for say in (partial(orders.include_renewed, order, True), partial(orders.place, order)):
        with pytest.raises(MoneyRefused) as refused:
            say(user=user)
        assert refused.value.code == "not_ready"
    dearer(user)
    orders.refresh_drafts([b.fresh(order)])
    assert stands(order) == ("draft", "placing", 0, 0, 0, 0)


def test_old_drafts_are_forgotten_but_not_while_they_are_placed(user):
    order, other = draft(user), draft(user)
    let_place(order, user)
    write_a_chunk(order)
    tomorrow = this_moment() + timedelta(days=1, minutes=1)
    assert orders.expire_unpaid(tomorrow) == 1
    assert (list(Order.objects.all()), other.pk != order.pk) == ([order], True)
    dearer(user)
    work_off_order(order.job)
    Order.objects.update(created_at=this_moment() - timedelta(days=2))
    assert orders.expire_unpaid(this_moment()) == 0  # its page says why it was not placed
    assert (orders.expire_unpaid(tomorrow), OrderLine.objects.count()) == (1, 0)


def test_the_automatic_renewal_leaves_its_draft_to_who_places_it(user):
    b.agree(auto_renews=True, renews_days_ahead=400)
    b.fund("150")
    run = RenewalRun.objects.create(customer=b.customer(), day=TODAY)
    cards = [card_in_use(customer="Acme").pk for _ in range(CARDS)]
    order = orders.draft_order(OrderKind.RENEWAL, run.customer, cards, user=None, key=run.key, day=TODAY)
    work_off_order(order.job)
    let_place(order, user)
    write_a_chunk(order)
    b.renew_for(TODAY, 60)
    assert stands(order) == ("draft", "placing", 2, 60, 2, 0)
    tomorrow = TODAY + timedelta(days=1)
    with on_day(tomorrow):  # it begins anew, and is quicker
        b.renew_for(tomorrow, 60)
        work_off_order(Order.objects.get(day=tomorrow).job)
        b.renew_for(tomorrow, 60)
        work_off_order(order.job)
    assert (stands(order), why(order), b.balance()) == (UNTOUCHED, "renewed_meanwhile", 0)


# workers


def test_a_chunk_that_was_interrupted_is_written_once_by_the_next_worker(user):
    order = draft(user)
    let_place(order, user)
    write_a_chunk(order)
    assert engine.claim_chunk("dead", order.job, list(ORDER_JOB_KINDS))
    order.job.chunks.filter(worker="dead").update(leased_until=this_moment() - timedelta(minutes=5))
    work_off_order(order.job)
    assert stands(order) == PLACED


def test_a_worker_that_died_after_the_last_chunk_is_followed_by_one_that_places_it(user, monkeypatch):
    order = draft(user)
    let_place(order, user)
    with monkeypatch.context() as dying:
        dying.setattr(worker, "_go_on", lambda job, kinds: None)
        for _ in range(3):
            write_a_chunk(order)
    assert stands(order) == ("draft", "placing", 5, 150, 5, 0)
    work_off_order(order.job)
    assert stands(order) == PLACED
    placing.end_placing(order.job)  # the other worker that saw the last chunk
    assert stands(order) == PLACED


def test_an_order_whose_job_failed_over_it_is_checked_again_with_no_line_left(user):
    order = draft(user)
    let_place(order, user)
    write_a_chunk(order)
    orders.resume_order(order, user=user)  # nothing has failed yet
    assert stands(order) == ("draft", "placing", 2, 60, 2, 0)
    engine.fail(order.job, "It broke.")
    assert stands(order) == ("draft", "failed", 2, 60, 2, 0)
    orders.resume_order(order, user=user)
    work_off_order(order.job)
    assert stands(order) == UNTOUCHED
    let_place(order, user)
    work_off_order(order.job)
    assert (stands(order), list(proof.problems())) == (PLACED, [])


def queries(do):
    with CaptureQueriesContext(
        connection,
    ) as caught:
        do()
    return len(caught)


def test_a_chunk_takes_as_many_queries_as_any_other_and_the_click_as_many_however_large_the_order(user):
    first, small, large = draft(user, 3), draft(user, 3), draft(user, 9)
    let_place(first, user)  # what a person may do is read once
    clicks = [queries(lambda order=order: let_place(order, user)) for order in (small, large)]
    write_a_chunk(large)
    assert clicks[0] == clicks[1] <= 24
    assert queries(lambda: write_a_chunk(large)) == queries(lambda: write_a_chunk(large)) <= 22


# the pages


@pytest.mark.once
def test_both_audiences_read_how_far_it_is_and_then_pay(user):
    b.fund("150")
    order = draft(user)
    alice, chief = Phone(logged_in(member())), Phone(logged_in(user))
    alice.open(f"/my/orders/{order.pk}/").press("Order for ¥150.00")
    assert "The lines of the order are being written." in alice.text
    assert '<progress class="meter is-wide" value="0" max="5"' in alice.text
    write_a_chunk(order)
    alice.open(f"/my/orders/{order.pk}/"), chief.open(f"/console/orders/{order.pk}/")
    for page, badge in ((alice, "Placing order"), (chief, "Placing order")):
        assert (badge in page.text, 'value="2" max="5"' in page.text, "Placing started by" in chief.text) == (True,) * 3
    work_off_order(order.job)
    alice.open(f"/my/orders/{order.pk}/").press("Pay ¥150.00 from the wallet")
    work_off_orders(60)
    assert (b.fresh(order).state, b.fresh(order).placed_by.username) == ("fulfilled", "alice")


@pytest.mark.once
def test_both_audiences_read_why_it_was_not_placed_and_see_what_is_offered_now(user):
    b.fund("155")
    order = draft(user)
    alice, chief = Phone(logged_in(member())), Phone(logged_in(user))
    chief.open(f"/console/orders/{order.pk}/").press("Place and pay ¥150.00")
    dearer(user)
    work_off_order(order.job)
    alice.open(f"/my/orders/{order.pk}/"), chief.open(f"/console/orders/{order.pk}/")
    for page in (alice, chief):
        assert "The total is now ¥155.00, not ¥150.00. Review the order again, then place it." in page.text
    chief.press("Place and pay ¥155.00")
    work_off_orders(60)
    assert (b.fresh(order).state, b.balance()) == ("fulfilled", 0)
    assert "The total is now" not in chief.open(f"/console/orders/{order.pk}/").text


@pytest.mark.once
def test_customers_do_not_read_who_of_the_staff_may_not_place_any_more(user):
    order = draft(user)
    let_place(order, user)
    user.user_permissions.clear()
    work_off_order(order.job)
    page = Phone(logged_in(member())).open(f"/my/orders/{order.pk}/")
    assert ("is no longer allowed to do it" in page.text, user.username in page.text) == (True, False)


@pytest.mark.once
def test_a_draft_is_discarded_from_its_page_while_it_is_placed(user):
    order = draft(user)
    let_place(order, user)
    Phone(logged_in(user)).open(f"/console/orders/{order.pk}/").press("Discard")
    assert Order.objects.count() == 0
    order = draft(user)
    alice = Phone(logged_in(member())).open(f"/my/orders/{order.pk}/").press("Order for ¥150.00")
    alice.press("Discard")
    assert (Order.objects.count(), OrderLine.objects.count()) == (0, 0)


def test_what_was_not_shown_is_not_placed(user):
    order = draft(user)
    for wrong, code in (
        (Shown(150, ""), "terms_changed"),
        (Shown(149, shown_by_check(order.job).terms), "price_changed"),
    ):
        assert refusal(order, user, shown=wrong) == code
        work_off_order(order.job)
        assert stands(order) == UNTOUCHED
