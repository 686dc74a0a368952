"""The kept sums say at any moment what counting would, whatever happens to the cards, put together or not."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.actions.compacting import compact
from cards.actions.planner_statistics import update_planner_statistics
from cards.calendar import days
from cards.choices import Hold, State
from cards.models import Card, StateTally, UsageDay, UsageTally
from cards.state_counts import LONG_AGO, carried_now, shown_now, states_on, usage_by_day
from tests.build import card_in_use, do, open_card, swept, use
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
        compact(today)
    assert states_on(days(date(2026, 1, 1), today)) == history
    keys = list(StateTally.objects.values_list("day", "action", "state", "holds"))
    assert len(keys) == len(set(keys))


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
