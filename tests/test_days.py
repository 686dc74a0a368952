"""The days carried on together: a portal that was down ends as one that never was, its money included."""

import contextlib
import itertools
import re
from datetime import date, datetime, time, timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from billing import proof
from billing.actions.auto_renew import switch
from billing.actions.day_steps import DAY_STEPS
from billing.choices import PriceKind
from billing.models import (
    AnnouncedRenewal,
    Entry,
    MissedRenewal,
    Notice,
    Order,
    OrderLine,
    Posting,
    RenewalRun,
    RenewedTerm,
)
from cards.actions.sweep import release_brake, sweep
from cards.calendar import as_of, days
from cards.choices import DayStep
from cards.models import Card, CardEvent, DaysAtWork, Job, JobChunk, Plan, ServiceTerm, StepOfDay, SweptDay
from cards.proof import Proof
from simportal.days import are_made_up, carry_on, carry_through
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, open_card, use

pytestmark = pytest.mark.django_db

# Down after the first of these days, for 48 days and two ends of months, and up again on the last.
LAST_UP = date(2026, 1, 25)
UP_AGAIN = LAST_UP + timedelta(days=49)
PRICE_RISES, PRICE_ENDS = date(2026, 2, 10), date(2026, 2, 20)


def rung(day, times=1):
    """What the bells do on a day."""
    with on_day(day):
        for _ in range(times):
            carry_on(day, 600)


def fleet():
    """Cards of every kind, and what their customers have agreed on and paid in."""
    opened = LAST_UP - timedelta(days=10)
    Plan.objects.create(code="M1A", kind="plan", months=1, alignment="anniversary", quota_mb=100)
    b.price("M1-100", "5.00"), b.price("M1-100", "6.00", since=PRICE_RISES), b.price("Y1-30", "30.00")
    b.price("M1A", "7.00"), b.price("M1A", None, since=PRICE_ENDS)
    b.price("M1-100", "1.00", PriceKind.CUSTOMER, customer=b.customer("Rich"))
    for name, ahead, money in (("Acme", 7, "100"), ("Poor", 3, "8"), ("Rich", 30, "1000"), ("Late", 1, "12")):
        b.agree(name, auto_renews=True, renews_days_ahead=ahead, low_below="20.00")
        b.fund(money, name=name)
    b.agree("Manual", auto_renews=False, renews_days_ahead=7, muted=["expiring"])
    monthly = [
        card_in_use(opened, plan=plan, customer=name)
        for name, count in (("Acme", 3), ("Poor", 3), ("Rich", 2), ("Late", 2), ("Manual", 2), ("", 1))
        for plan in ["M1-100"] * count + ["M1A"]
    ]
    of_acme, of_manual = monthly[0], next(card for card in monthly if card.customer and card.customer.name == "Manual")
    do("renew", do("renew", of_manual, opened, plan="M1-100"), opened, plan="M1A")
    switch([of_acme], False, user=b.clerk())
    do("suspend", monthly[1], opened), do("place_hold", monthly[2], opened, kind="anomaly")
    use(monthly[4], opened, 120), use(do("set_limit", monthly[5], opened, limit_mb=10), opened, 15)
    do("top_up", use(monthly[6], opened, 120), opened, plan="PACK-100")
    open_card(customer="Acme", opened_on=date(2025, 7, 20)), open_card(opened_on=opened, test_months=1, test_quota_mb=5)
    open_card(customer="Poor", opened_on=date(2025, 7, 20), certification="individual", plan="M1-100")
    for name in ("Acme", "Manual"):  # over in November, cancelled while the portal is down
        ended = card_in_use(date(2025, 10, 20), plan="M1-100", customer=name)
    do("protect", ended, date(2025, 10, 20))
    card_in_use(date(2025, 2, 10), customer="Poor")  # a year's end that Poor cannot pay
    return monthly


def unpaid_order(card, user):
    """A renewal that nobody pays: it expires while the portal is down."""
    with as_of(timezone.make_aware(datetime.combine(LAST_UP, time(11)))):
        return b.placed(cards=[card], user=user, plan="M1-100", name="Late")


@pytest.fixture
def business():
    with on_day(LAST_UP):
        monthly = fleet()
        sweep(LAST_UP - timedelta(days=1))
        unpaid_order(next(card for card in monthly if card.customer and card.customer.name == "Late"), b.financier())
    return monthly


def values(rows, *columns):
    return list(rows.values_list(*columns))


def facts():
    """All that the days have made, but for instants and keys."""
    lines = OrderLine.objects.order_by("card", "order__day", "fulfilled_on", "pk")
    postings = Posting.objects.order_by("entry__customer__name", "pk")
    terms = ServiceTerm.objects.order_by("card", "number")
    steps = values(SweptDay.objects.order_by("day"), "day", "counts")
    return {
        "events": values(
            CardEvent.objects.order_by("card", "seq"),
            *("card__iccid", "seq", "action", "rule", "from_state", "to_state", "holds"),
            *("effective_on", "actor_kind", "actor_name", "evidence"),
        ),
        "cards": values(Card.objects.order_by("pk")),
        "terms": values(terms, "card__iccid", "number", "plan__code", "starts_on", "service_until"),
        "orders": sorted(
            (
                order.customer.name,
                order.number[:8] if order.day else "",
                order.kind,
                order.state,
                order.total,
                order.size,
            )
            for order in Order.objects.select_related("customer")
        ),
        "lines": values(lines, "card__iccid", "order__day", "state", "unit_price", "seq", "fulfilled_on", "refused"),
        "entries": sorted(values(Entry.objects, "customer__name", "booked_on", "kind", "actor_name")),
        "postings": values(postings, "entry__customer__name", "entry__booked_on", "account", "amount", "balance"),
        "runs": sorted(values(RenewalRun.objects, "day", "customer__name", "order__total", "is_short")),
        "renewed": sorted(values(RenewedTerm.objects, "card__iccid", "term", "order__day")),
        "missed": sorted(values(MissedRenewal.objects, "card__iccid", "term", "why", "since", "ends_on")),
        "announced": sorted(
            values(AnnouncedRenewal.objects.order_by("card", "term"), "card__iccid", "term", "announced_on", "price"),
            key=str,
        ),
        "swept": steps,
    }


def notices(since=0):
    """(day, customer, kind, card, about, step, facts) of each notice given after this key, on a day if it says so."""
    given = Notice.objects.filter(pk__gt=since)
    columns = ("day", "customer__name", "kind", "card__iccid", "on", "step", "facts")
    return values(given.order_by("pk"), *columns)


@contextlib.contextmanager
def undone():
    """What happens within never did."""
    before = transaction.savepoint()
    yield
    transaction.savepoint_rollback(before)


def newest_notice():
    return Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def uninterrupted(until=UP_AGAIN, times=1):
    """The facts and the notices, each with its day, of a portal whose bells ring on each day."""
    told = []
    with undone():
        for day in days(LAST_UP, until):
            last = newest_notice()
            rung(day, times)
            told += [(made_up_for or day, *rest) for made_up_for, *rest in notices(last)]
        found = facts()
    return found, sorted(told, key=str)


@pytest.mark.once  # nine days of it are enough for the statements, below
def test_a_portal_that_was_down_for_48_days_ends_as_one_that_never_was(business):
    as_ever, told = uninterrupted()
    rung(LAST_UP)
    first = notices()
    rung(UP_AGAIN)
    for name, found in facts().items():
        assert found == as_ever[name], name
    given = [(day or LAST_UP, *rest) for day, *rest in notices()[: len(first)]]
    given += [(day or UP_AGAIN, *rest) for day, *rest in notices()[len(first) :]]
    assert sorted(given, key=str) == told
    assert [*proof.problems(), *Proof().problems()] == []
    assert StepOfDay.objects.exclude(finished_at=None).filter(tries=0).count() == 50 * 3
    kinds = {notice[2] for notice in told}
    assert len(kinds) >= 7, kinds


# What follows needs a few days and two cards.

END = date(2026, 4, 1)  # a card in use since 2026-03-02 with M1-100 has service until then
WEEK_BEFORE = END - timedelta(days=7)
DAY = timedelta(days=1)


@pytest.fixture
def renewing():
    """Acme's card, which renews itself a week before its end; the portal has rung up to the day before."""
    b.price("M1-100", "5.00")
    with on_day(WEEK_BEFORE - DAY):
        b.agree("Acme", auto_renews=True, renews_days_ahead=7)
        b.fund("100")
        card = card_in_use(date(2026, 3, 2), plan="M1-100", customer="Acme")
    rung(WEEK_BEFORE - DAY)
    return card


def ordered():
    return values(Order.objects.order_by("pk"), "day", "state")


def steps_left():
    """(day, step, failed attempts, whether given up) of each step of a day that is not simply done."""
    odd = StepOfDay.objects.exclude(tries=0).order_by("day", "step")
    return values(odd, "day", "step", "tries", "gave_up")


def test_the_tables_of_steps_are_the_same():
    assert list(DAY_STEPS) == list(DayStep)


@pytest.mark.parametrize(("after", "orders"), [(-1, 0), (0, 1), (1, 1)])
def test_a_renewal_is_made_on_its_day_whenever_the_portal_comes_to_it(renewing, after, orders):
    rung(WEEK_BEFORE + after * DAY)
    assert ordered() == [(WEEK_BEFORE, "fulfilled")] * orders


def test_what_is_made_up_for_is_booked_on_its_day_at_this_instant(renewing):
    before = timezone.now()
    rung(END + 2 * DAY)
    order = Order.objects.get()
    assert (order.day, order.number, order.created_at >= before) == (WEEK_BEFORE, f"20260325-{order.pk}", True)
    assert set(order.entries.values_list("booked_on", flat=True)) == {WEEK_BEFORE}
    assert all(entry.booked_at >= before for entry in order.entries.all())
    assert order.lines.get().fulfilled_on == WEEK_BEFORE
    event = renewing.events.get(action="renew")
    assert (event.effective_on, event.executed_at >= before) == (WEEK_BEFORE, True)
    assert [event.action for event in renewing.events.order_by("seq")] == ["open", "activate", "renew", "start_term"]


def test_the_day_that_goes_on_is_done_again_until_it_is_over(renewing):
    """A card that is switched on at noon renews today; the last look of a day is after its end."""
    b.agree("Acme", auto_renews=False)
    rung(WEEK_BEFORE)
    assert (ordered(), are_made_up(WEEK_BEFORE)) == ([], True)
    switch([renewing], True, user=b.clerk("other"))
    assert not are_made_up(WEEK_BEFORE + DAY)
    rung(WEEK_BEFORE + DAY)
    assert ordered() == [(WEEK_BEFORE, "fulfilled")]
    rung(WEEK_BEFORE + DAY, times=2)
    assert len(ordered()) == 1


def test_a_new_portal_sweeps_its_past_and_renews_from_today_on():
    """Cards taken over from before the portal was there: nobody was promised anything then."""
    b.price("M1-100", "5.00")
    b.agree("Acme", auto_renews=True, renews_days_ahead=7)
    b.fund("100")
    past = card_in_use(date(2026, 1, 10), plan="M1-100", customer="Acme")
    present = card_in_use(date(2026, 3, 2), plan="M1-100", customer="Acme")
    rung(WEEK_BEFORE)
    assert [event.action for event in past.events.order_by("seq")] == ["open", "activate", "expire"]
    assert values(OrderLine.objects, "card", "order__day") == [(present.pk, WEEK_BEFORE)]
    assert (DaysAtWork.objects.get().first_day, StepOfDay.objects.count()) == (WEEK_BEFORE, 0)


def test_a_portal_of_before_takes_up_the_last_day_that_it_has_swept(renewing):
    """Its bells went each by itself, and no row says what it has renewed."""
    StepOfDay.objects.all().delete()
    DaysAtWork.objects.all().delete()
    rung(END)
    assert DaysAtWork.objects.get().first_day == WEEK_BEFORE - DAY
    assert ordered() == [(WEEK_BEFORE, "fulfilled")]


def test_a_day_that_the_brake_holds_holds_all_its_steps_and_the_days_after_it(renewing, monkeypatch):
    for _ in range(5):
        card_in_use(date(2026, 2, 2), plan="M1-100")  # all of them are due by now
    SweptDay.objects.create(day=WEEK_BEFORE, braked_at=timezone.now())
    rung(WEEK_BEFORE + DAY)
    assert (ordered(), Notice.objects.filter(day=WEEK_BEFORE).exists()) == ([], False)
    assert not SweptDay.objects.filter(day=WEEK_BEFORE + DAY).exists()
    release_brake(WEEK_BEFORE, b.clerk())
    rung(WEEK_BEFORE + DAY)
    assert ordered() == [(WEEK_BEFORE, "fulfilled")]


def test_a_person_who_sweeps_is_not_held_and_goes_as_far_as_asked(renewing):
    SweptDay.objects.create(day=WEEK_BEFORE, braked_at=timezone.now())
    with on_day(END):
        assert carry_through(WEEK_BEFORE).days == [WEEK_BEFORE]
        assert ordered() == [(WEEK_BEFORE, "fulfilled")]
        assert carry_through(END).days == list(days(WEEK_BEFORE + DAY, END))
        assert carry_through(END).days == []


@pytest.mark.once  # a rule of days
@pytest.mark.parametrize(("days_left", "renewed"), [(60, True), (61, False)])
def test_a_clock_set_far_ahead_makes_no_days_pass_until_a_person_says_so(renewing, caplog, days_left, renewed):
    today = WEEK_BEFORE - DAY + days_left * DAY
    rung(today)
    assert (WEEK_BEFORE in [day for day, _ in ordered()], "the clock" in caplog.text) == (renewed, not renewed)
    with on_day(today):
        carry_through(today)
    assert (WEEK_BEFORE in [day for day, _ in ordered()], are_made_up(today)) == (True, True)


def test_a_ring_that_has_no_time_left_leaves_the_rest_to_the_next(renewing):
    with on_day(END):
        carry_on(END, -1)
        assert (ordered(), are_made_up(END)) == ([], False)
    rung(END)
    assert (ordered(), are_made_up(END)) == ([(WEEK_BEFORE, "fulfilled")], True)
    assert StepOfDay.objects.filter(day__gte=WEEK_BEFORE, tries=0).count() == 3 * 7


class Killed(BaseException):
    """The worker is no more."""


@contextlib.contextmanager
def dies_at(count):
    """The worker dies at its statement of this number."""
    statements = itertools.count(1)

    def execute(execute, *statement):
        if next(statements) == count:
            raise Killed
        connection.set_rollback(False)  # a test is one transaction, which outlives the worker
        return execute(*statement)

    with connection.execute_wrapper(execute):
        yield


def test_killed_again_and_again_it_goes_on_exactly_there(business):
    """At statements all over the sweeps, the orders, their payment and service, the notices and what lies between."""
    until = LAST_UP + 9 * DAY
    as_ever, told = uninterrupted(until)
    rung(LAST_UP)
    deaths = 0
    while not are_made_up(until) and deaths < 99:
        with contextlib.suppress(Killed), dies_at(29 + 37 * (deaths % 9)):
            rung(until)
        deaths += 1
        for leased in (DaysAtWork, Job, JobChunk):
            leased.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    rung(until)
    assert deaths > 9
    for name, found in facts().items():
        assert found == as_ever[name], name
    assert sorted(map(str, (row[1:] for row in notices()))) == sorted(map(str, (row[1:] for row in told)))


@contextlib.contextmanager
def refuses(table, times, error=None):
    """The database cannot write what is to go into a table, so many times: somebody else holds it."""
    left = itertools.count(times, -1)
    written = re.compile(f'INSERT (OR IGNORE )?INTO "{table}"')

    def execute(execute, sql, *rest):
        if written.match(sql) and next(left) > 0:
            raise error or OperationalError("database is locked")
        connection.set_rollback(False)  # a test is one transaction, which outlives this failure
        return execute(sql, *rest)

    with connection.execute_wrapper(execute):
        yield


def test_a_step_that_fails_is_tried_again_before_the_next_day_begins(renewing):
    with refuses("billing_renewalrun", 2):
        for tries in (1, 2):
            rung(END)
            assert steps_left() == [(WEEK_BEFORE, "renewals", tries, False)]
        assert not SweptDay.objects.filter(day__gt=WEEK_BEFORE).exists()
        rung(END)
    assert (ordered(), are_made_up(END)) == ([(WEEK_BEFORE, "fulfilled")], True)


@pytest.mark.parametrize(("error", "times"), [(ValueError("a mistake"), 5), (OperationalError("away"), 60)])
def test_what_fails_too_often_is_given_up(renewing, error, times):
    """Five times after a mistake, for an hour after what passes by itself: then the next day looks anew."""
    with refuses("billing_renewalrun", times, error):
        for _ in range(times):
            rung(END)
    assert steps_left() == [(WEEK_BEFORE, "renewals", times, True)]
    assert (ordered(), are_made_up(END)) == ([(WEEK_BEFORE + DAY, "fulfilled")], True)


def test_what_fails_for_one_customer_holds_up_no_other_and_is_made_good(renewing):
    b.agree("Other", auto_renews=True, renews_days_ahead=7)
    b.fund("100", name="Other")
    card_in_use(date(2026, 3, 2), plan="M1-100", customer="Other")
    with refuses("billing_order", 1):
        rung(END)
    assert values(Order.objects.order_by("pk"), "customer__name", "day") == [
        ("Other", WEEK_BEFORE),
        ("Acme", WEEK_BEFORE),
    ]


def test_a_failure_of_today_is_tried_again_at_the_next_ring_and_holds_up_nothing(renewing):
    with refuses("billing_renewalrun", 4):
        for tries in (1, 2, 3, 3):
            rung(WEEK_BEFORE)
            assert (ordered(), steps_left()) == ([], [(WEEK_BEFORE, "renewals", tries, False)])
    assert Notice.objects.filter(kind="expiring", step=7).exists()
    rung(WEEK_BEFORE)
    assert (ordered(), steps_left()) == ([(WEEK_BEFORE, "fulfilled")], [])


def test_while_another_worker_carries_the_days_on_nothing_is_done(renewing):
    at_work = DaysAtWork.objects.filter(pk=1)
    at_work.update(worker="another", leased_until=timezone.now() + timedelta(minutes=1))
    rung(WEEK_BEFORE)
    assert ordered() == []
    at_work.update(leased_until=timezone.now() - timedelta(seconds=1))  # it was killed
    rung(WEEK_BEFORE)
    assert ordered() == [(WEEK_BEFORE, "fulfilled")]
    assert values(at_work, "worker", "leased_until", "tries") == [("", None, 0)]
