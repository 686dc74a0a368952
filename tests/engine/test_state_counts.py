"""The kept sums say at any moment what counting would, whatever happens to the cards, put together or not."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.http import QueryDict
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.actions.compacting import compact
from cards.actions.planner_statistics import update_planner_statistics
from cards.calendar import days
from cards.choices import Hold, State
from cards.filters import CardFilter
from cards.models import Card, Customer, CustomerTally, StateTally, UsageDay, UsageTally
from cards.proof import Proof
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
NOTHING = dict.fromkeys((*State.values, *Hold.values), 0)


def counted():
    """What the cards show, counted one by one; and which holds the suspended ones carry."""
    fleet = list(Card.objects.all())
    shown = Counter(str(card.shown) for card in fleet) | Counter(str(card.state) for card in fleet)
    carried = Counter(str(hold) for card in fleet if card.resumes_to for hold in card.hold_list)
    return NOTHING | shown, dict.fromkeys(Hold.values, 0) | carried


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
        compact(today)
    assert states_on(days(date(2026, 1, 1), today)) == history
    keys = list(StateTally.objects.values_list("day", "action", "state", "holds"))
    assert len(keys) == len(set(keys))
    keys = list(CustomerTally.objects.filter(is_sum=True).values_list("customer", "state", "holds"))
    assert len(keys) == len(set(keys)) == CustomerTally.objects.count()


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
