"""The kept sums say at any moment what counting would, whatever happens to the cards, put together or not."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.actions.compacting import compact
from cards.actions.fleet_snapshot import days_of_cards, snapshot
from cards.actions.planner_statistics import update_planner_statistics
from cards.calendar import days, midnight
from cards.choices import Hold, State
from cards.filters import CardFilter
from cards.models import Card, Customer, CustomerTally, DayTally, FleetFigures, StateTally, UsageDay, UsageTally
from cards.proof import Proof
from cards.querysets import NEVER_READ
from cards.quick import QUICK
from cards.state_counts import (
    LONG_AGO,
    cards_of_customers,
    carried_now,
    shown_now,
    shown_of_customers,
    states_on,
    tab_counts,
    usage_by_day,
)
from cards.triggers import install_triggers
from tests.build import card_in_use, do, member, on_day, open_card, swept, use, without_triggers
from tests.engine.test_forecast import anyhow, cards, live, lives, rolled_back

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
of_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite counts what has a day")
NOTHING = dict.fromkeys((*State.values, *Hold.values), 0)


def counted():
    """What the cards show, counted one by one; and which holds the suspended ones carry."""
    fleet = list(Card.objects.all())
    shown = Counter(str(card.shown) for card in fleet) | Counter(str(card.state) for card in fleet)
    carried = Counter(str(hold) for card in fleet if card.resumes_to for hold in card.hold_list)
    return NOTHING | shown, dict.fromkeys(Hold.values, 0) | carried


def counted_by_day(day):
    """How many cards each figure by day of the fleet counts, as the lists have them; and as the kept sums have them."""
    fleet, today = list(Card.objects.order_by("pk")), day
    long_ago, ahead = today - timedelta(days=30), today + timedelta(days=7)
    due = Counter(str(card.next_due_on) for card in fleet if card.next_due_on and today < card.next_due_on <= ahead)
    began = Counter(
        str(card.activated_on) for card in fleet if card.activated_on and long_ago < card.activated_on <= today
    )
    ending = Counter(str(card.service_until) for card in Card.objects.ending(today, 84))
    cancelling = Counter(str(card.cancel_on) for card in Card.objects.cancelling(today, 14))
    in_use = [card for card in fleet if card.state == State.IN_USE]
    read_on = Counter(card.read_at and timezone.localdate(card.read_at) for card in in_use)
    older = {
        f"older_{number}": sum(cards for on, cards in read_on.items() if on and on < today - timedelta(days=number))
        for number in (1, 3, 7)
    }
    quick = {
        name: QUICK[name].cards(Card.objects.all(), today).count()
        for name in ("low", "used_up", "forced", "cancelling", "expiring")
    }
    readings = {"in_use": len(in_use), "never": read_on[None], **older}
    by_hand = {"agenda": due, "activated": began, "ending": ending, "cancelling": cancelling, "readings": readings}
    quick |= {"late": readings["older_3"] + readings["never"]}
    FleetFigures.objects.all().delete()
    document = snapshot(today).document
    found = document["readings"]
    document["readings"] = {name: found[name] for name in readings}
    return by_hand | {"quick": quick}, {name: document[name] for name in (*by_hand, "quick")}


def counted_by_customer():
    """(customer, state, holds) of all cards that are somebody's, counted one by one; and as the sums have it."""
    fleet = Card.objects.exclude(customer=None).values_list("customer", "state", "holds")
    kept = CustomerTally.objects.values_list("customer", "state", "holds").annotate(Sum("tallied"))
    return Counter(fleet), {tuple(key): cards for *key, cards in kept if cards}


@given(st.lists(st.tuples(cards, lives), min_size=1, max_size=3))
@settings(anyhow, max_examples=8)
@rolled_back()
def test_the_sums_are_what_counting_says_after_any_lives_before_and_after_they_are_put_together(stories):
    for facts, life in stories:
        test, device = facts.pop("test"), facts.pop("device")
        today = live(open_card(**facts, **test, **device), life)
    swept(Card.objects.last(), today)
    usage = dict(
        UsageDay.objects.filter(day__gte=date(2026, 1, 1)).values_list("day").order_by("day").annotate(Sum("bytes"))
    )
    history = states_on(days(date(2026, 1, 1), today))
    for _ in range(2):
        assert (shown_now(), carried_now(), usage_by_day(date(2026, 1, 1))) == (*counted(), usage)
        one_by_one, kept = counted_by_customer()
        assert kept == one_by_one
        for ago in (0, 40, 100, 300):
            by_hand, kept = counted_by_day(today - timedelta(days=ago))
            assert kept == by_hand
        compact(today)
    assert states_on(days(date(2026, 1, 1), today)) == history
    keys = list(StateTally.objects.values_list("day", "action", "state", "holds"))
    assert len(keys) == len(set(keys))
    keys = list(CustomerTally.objects.filter(is_sum=True).values_list("customer", "state", "holds"))
    assert len(keys) == len(set(keys)) == CustomerTally.objects.count()
    keys = list(DayTally.objects.filter(is_sum=True).values_list("kind", "day"))
    assert len(keys) == len(set(keys)) == DayTally.objects.count()


def test_without_cards_every_sum_is_naught():
    assert (shown_now(), carried_now(), states_on([DAY]), states_on([]), usage_by_day(DAY)) == (
        NOTHING,
        dict.fromkeys(Hold.values, 0),
        {DAY: NOTHING},
        {},
        {},
    )


def test_a_suspended_card_shows_its_first_hold_and_carries_them_all():
    do("suspend", use(card_in_use(), DAY, 31), DAY)
    assert shown_now() == NOTHING | {"suspended": 1, "credit": 1}
    assert carried_now() == dict.fromkeys(Hold.values, 0) | {"credit": 1, "voluntary": 1}


def test_history_tells_each_day_by_its_end(django_assert_num_queries):
    card = card_in_use(since=DAY)
    do("suspend", card, DAY + timedelta(days=2))
    asked = [DAY + timedelta(days=number) for number in (-1, 0, 1, 2)]
    with django_assert_num_queries(1):
        history = states_on(asked)
    assert [history[day] for day in asked] == [
        NOTHING,
        NOTHING | {"in_use": 1},
        NOTHING | {"in_use": 1},
        NOTHING | {"suspended": 1, "voluntary": 1},
    ]
    assert states_on([DAY + timedelta(days=1)]) == {DAY + timedelta(days=1): NOTHING | {"in_use": 1}}


def test_usage_is_told_by_day():
    card = card_in_use()
    use(use(card, DAY, 3), DAY + timedelta(days=1), 2)
    use(open_card(), DAY, 1)
    assert list(usage_by_day(DAY).items()) == [(DAY, 4 * 1_048_576), (DAY + timedelta(days=1), 2 * 1_048_576)]
    assert usage_by_day(DAY + timedelta(days=2)) == {}
    compact(DAY)
    assert list(UsageTally.objects.order_by("day").values_list("day", "readings")) == [
        (DAY, 2),
        (DAY + timedelta(days=1), 1),
    ]


def test_after_400_days_days_are_no_longer_told_apart():
    open_card(opened_on=DAY)
    open_card(opened_on=DAY + timedelta(days=1))
    now = shown_now()
    compact(DAY + timedelta(days=400))
    assert set(StateTally.objects.values_list("day", flat=True)) == {DAY, DAY + timedelta(days=1)}
    compact(DAY + timedelta(days=401))
    compact(DAY + timedelta(days=402))
    compact(DAY + timedelta(days=402))
    assert list(StateTally.objects.values_list("day", "action", "state", "holds", "cards")) == [
        (LONG_AGO, "open", "unused", "", 2)
    ]
    assert shown_now() == now


def test_sums_are_put_together_in_batches(monkeypatch):
    monkeypatch.setattr("cards.actions.compacting.ROWS_PER_BATCH", 3)
    for _ in range(7):
        open_card()
    compact(DAY)
    assert list(StateTally.objects.values_list("cards", flat=True)) == [7]


def test_what_adds_up_to_naught_is_dropped():
    StateTally.objects.create(day=DAY, action="place_hold", state="suspended", holds="credit", cards=1)
    StateTally.objects.create(day=DAY, action="place_hold", state="suspended", holds="credit", cards=-1)
    compact(DAY)
    assert StateTally.objects.count() == 0


@pytest.mark.once  # PostgreSQL looks at its tables by itself
def test_sqlite_looks_at_the_cards_anew_once_they_are_twice_as_many(django_assert_num_queries):
    def looks(queries):
        with django_assert_num_queries(queries):
            update_planner_statistics()

    looks(2)  # There are no cards: their sums, and whether anything is known of tables.
    open_card()
    open_card()
    looks(4)
    looks(3)
    open_card()
    looks(3)
    open_card()
    looks(5)
    looks(3)


# by customer


def of(*names):
    return list(Customer.objects.filter(name__in=names).values_list("pk", flat=True))


def test_cards_are_counted_for_whoever_has_them():
    """They go from stock to a customer, to another one and back; what is not asked for is not counted."""
    Customer.objects.create(name="Acme")
    card, other = card_in_use(), card_in_use(customer="Globex")
    assert (shown_of_customers(of("Acme", "Globex")), CustomerTally.objects.count()) == (
        NOTHING | {"in_use": 1},
        CustomerTally.objects.filter(customer=other.customer).count(),
    )
    card = do("assign", card, DAY, customer="Acme")
    do("suspend", other, DAY)
    assert shown_of_customers(of("Acme")) == NOTHING | {"in_use": 1}
    assert shown_of_customers(of("Globex")) == NOTHING | {"suspended": 1, "voluntary": 1}
    assert shown_of_customers(of("Acme", "Globex")) == NOTHING | {"in_use": 1, "suspended": 1, "voluntary": 1}
    assert cards_of_customers(of("Acme", "Globex")) == dict.fromkeys(of("Acme", "Globex"), 1)
    card = do("assign", card, DAY, customer="Globex")
    assert cards_of_customers(of("Acme", "Globex")) == {
        **dict.fromkeys(of("Acme"), 0),
        **dict.fromkeys(of("Globex"), 2),
    }
    do("unassign", card, DAY)
    compact(DAY)
    assert (cards_of_customers(of("Acme", "Globex")), shown_of_customers([])) == (
        Counter({other.customer_id: 1}),
        NOTHING,
    )
    assert list(CustomerTally.objects.values_list("customer", "state", "holds", "tallied", "is_sum")) == [
        (other.customer_id, "suspended", "voluntary", 1, True)
    ]


def test_only_what_was_appended_is_put_together(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("cards.actions.compacting.ROWS_PER_BATCH", 3)
    for _ in range(4):
        open_card(customer="Acme")
    open_card(customer="Globex")
    compact(DAY)
    assert list(CustomerTally.objects.order_by("customer").values_list("tallied", "is_sum")) == [(4, True), (1, True)]
    stood = set(CustomerTally.objects.filter(customer__name="Globex").values_list("pk", flat=True))
    open_card(customer="Acme")
    compact(DAY)
    assert list(CustomerTally.objects.order_by("customer").values_list("tallied", flat=True)) == [5, 1]
    assert set(CustomerTally.objects.filter(customer__name="Globex").values_list("pk", flat=True)) == stood


def tabs(query, user=None):
    """What the tabs say over this filter, and whether they are sums that are kept."""
    cards = Card.objects.visible_to(user) if user else Card.objects.all()
    counts = tab_counts(CardFilter(QueryDict(query), cards))
    return {code: count for code, count in counts.counts.items() if count}, counts.is_kept


def test_the_tabs_over_all_cards_of_customers_with_many_are_the_kept_sums(monkeypatch):
    monkeypatch.setattr("cards.state_counts.COUNTED", 1)
    do("suspend", card_in_use(customer="Acme"), DAY), card_in_use(customer="Acme"), card_in_use(customer="Globex")
    acme = {"": 2, "in_use": 1, "suspended": 1, "voluntary": 1}
    with on_day(DAY):
        ann = member("Acme", "ann")
        assert tabs("") == (acme | {"": 3, "in_use": 2}, True)
        assert tabs("customer=Acme") == tabs("customer=Acme&state=in_use") == tabs("", ann) == (acme, True)
        assert tabs("carrier=cmcc", ann) == tabs("customer=Acme&carrier=cmcc") == (acme | {"": 1}, False)
        assert tabs("customer=Globex") == ({"": 1, "in_use": 1}, False)
        assert tabs("customer=Globex", ann) == tabs("", member("Nobody", "bob")) == ({}, False)


def test_what_happened_while_the_trigger_was_away_is_counted_as_it_is_laid():
    """So the sums of a portal that had none are filled: whoever writes waits for the trigger, and no longer."""
    do("suspend", card_in_use(customer="Acme"), DAY)
    without_triggers()
    CustomerTally.objects.all().delete()
    card_in_use(customer="Globex"), card_in_use()
    assert cards_of_customers(of("Acme", "Globex")) == {}
    install_triggers()
    one_by_one, kept = counted_by_customer()
    assert kept == one_by_one
    count = CustomerTally.objects.count()
    install_triggers()
    assert CustomerTally.objects.count() == count


def test_sums_that_are_not_what_there_is_are_found():
    card = do("suspend", card_in_use(customer="Acme"), DAY)
    with on_day(DAY), override("en"):
        assert [*Proof().problems()] == []
        CustomerTally.objects.create(customer=card.customer, state="suspended", holds="voluntary", tallied=1)
        CustomerTally.objects.create(customer=card.customer, state="in_use", tallied=-2)
        assert [(problem.code, problem.message) for problem in Proof().problems()] == [
            ("sum", f"customer {card.customer_id} has 0 cards “In use” with the holds “–”, but the sums say -2"),
            (
                "sum",
                f"customer {card.customer_id} has 1 cards “Suspended” with the holds “Suspended manually”,"
                " but the sums say 2",
            ),
        ]


@pytest.mark.once  # a rule of statements, which PostgreSQL sees as a whole
def test_many_cards_changed_by_a_statement_are_one_row_for_each_kind():
    for _ in range(3):
        card_in_use(customer="Acme")
    compact(DAY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cards_card SET used_on = NULL")
    assert CustomerTally.objects.filter(is_sum=False).count() == 0


# by day


def days_of(kind):
    """How many cards have each day of this kind, as the figures have them."""
    found = Counter()
    for _kind, day, by in days_of_cards({kind: (None, None)}):
        found[day] += by
    return {day: count for day, count in found.items() if count}


def read_on(instant, card=None):
    card = card or card_in_use()
    Card.objects.filter(pk=card.pk).update(read_at=instant)
    return card


def test_readings_are_counted_by_the_civil_day_on_which_they_were_made():
    card, before = read_on(midnight(DAY)), str(DAY - timedelta(days=1))
    read_on(midnight(DAY) - timedelta(microseconds=1)), read_on(midnight(DAY)), card_in_use(), open_card()
    assert days_of("read") == {str(NEVER_READ.date()): 1, before: 1, str(DAY): 2}
    do("suspend", card, DAY)
    assert days_of("read")[str(DAY)] == 1
    do("resume", card, DAY)
    assert days_of("read")[str(DAY)] == 2


@of_postgresql
def test_days_that_were_counted_while_no_trigger_stood_are_counted_as_they_are_laid():
    card = card_in_use()
    without_triggers()
    do("suspend", card, DAY), card_in_use()
    assert sum(days_of("read").values()) == 1
    install_triggers()
    assert (sum(days_of("read").values()), sum(days_of("ending").values())) == (1, 2)
    with on_day(DAY), override("en"):
        assert [*Proof().problems()] == []
        DayTally.objects.create(kind="ending", day=DAY, tallied=-1)
        assert [(problem.code, problem.message) for problem in Proof().problems()] == [
            ("sum", f"0 cards count on {DAY} as “ending”, but the sums say -1")
        ]


@of_postgresql
def test_half_of_a_tally_that_was_away_counts_as_all_of_it():
    card = card_in_use()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER card_days_are_touched ON cards_card")
    Card.objects.filter(pk=card.pk).update(next_due_on=DAY)
    assert str(DAY) not in days_of("due")
    install_triggers()
    assert days_of("due") == {str(DAY): 1}


@of_postgresql
def test_days_are_put_together_in_batches(monkeypatch):
    for _ in range(3):
        read_on(midnight(DAY))
    compact(DAY)
    monkeypatch.setattr("cards.actions.compacting.ROWS_PER_BATCH", 2)
    DayTally.objects.bulk_create(DayTally(kind="read", day=DAY, tallied=by) for by in (5, -1, -1, 2, -7, 1))
    before = set(DayTally.objects.exclude(kind="read").values_list("pk", flat=True))
    compact(DAY)
    assert list(DayTally.objects.filter(kind="read", day=DAY).values_list("tallied", "is_sum")) == [(2, True)]
    assert set(DayTally.objects.exclude(kind="read").values_list("pk", flat=True)) == before


@of_postgresql
def test_a_statement_about_counters_leaves_days_alone_and_one_about_both_is_counted():
    """What a statement before it in the same transaction has touched is not remembered."""
    read_on(midnight(DAY)), read_on(midnight(DAY))
    compact(DAY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cards_card SET next_due_on = next_due_on")
        cursor.execute("UPDATE cards_card SET used_bytes = 1")
        cursor.execute("SELECT current_setting('simportal.touched', TRUE)")
        assert cursor.fetchone() == ("",)
    assert DayTally.objects.filter(is_sum=False).count() == 0
    Card.objects.update(next_due_on=DAY, read_at=midnight(DAY + timedelta(days=1)))
    assert (days_of("due"), days_of("read")) == ({str(DAY): 2}, {str(DAY + timedelta(days=1)): 2})
