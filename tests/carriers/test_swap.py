"""A swap at the carriers: the old SIM is stopped there and the new one put to work, each on its own account."""

from datetime import date, timedelta

import pytest

from cards.carriers.actions.asking import LookAtCard, take_looks
from cards.carriers.actions.hearing import hear
from cards.carriers.actions.readings_in import take_days, take_totals
from cards.carriers.models import AccountRule, CycleReading, Line
from cards.carriers.protocols import PROTOCOLS
from cards.carriers.results import Amount, Seen, Sim
from cards.models import UsageDay
from cards.models.card import MB
from tests.build import card_in_use, do, fresh, on_day, open_card, swept, use
from tests.carriers.playing import NOON, Played, account, line_of, orders_told, settled
from tests.carriers.rows import on_account

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 10)
NEW = "89860000000000009001"


@pytest.fixture(autouse=True)
def carrier(monkeypatch):
    played = Played()
    monkeypatch.setitem(PROTOCOLS, "played", played)
    with on_day(DAY):
        yield played


def test_the_new_sim_is_activated_there_and_the_old_one_stopped(carrier):
    account()
    card, new = use(open_card(), DAY, 1), open_card(iccid=NEW)  # by a first use: no activation of the portal's own
    old = card.iccid
    carrier.states |= {old: "active", NEW: "silent"}
    settled(carrier)
    settled(carrier, 10)
    do("swap", card, DAY, iccid=NEW)
    settled(carrier)
    settled(carrier, 10)
    assert carrier.states == {old: "stopped", NEW: "active"}
    assert orders_told(card)[1:] == [("activation", "active", "confirmed", 1)]
    assert sorted(orders_told(new)) == [("cancel", "", "by_hand", 0), ("service", "stopped", "confirmed", 1)]


def test_each_line_goes_to_the_account_of_the_sim_that_it_has_now(carrier):
    one, other = account(), account("other")
    card, new = card_in_use(), open_card(iccid=NEW)
    hear(NOON)
    on_account(card, one)
    on_account(new, other, wanted_service="silent", seen_service="silent")
    do("swap", card, DAY, iccid=NEW)
    hear(NOON)
    lines = [(line.account, line.wanted_service, line.seen_service, line.seen_at) for line in map(line_of, (card, new))]
    assert lines == [(other, "active", "", None), (one, "cancelled", "", None)]


def test_a_card_that_is_not_in_service_is_not_activated_with_its_new_sim(carrier):
    account()
    card, new = open_card(), open_card(iccid=NEW)
    carrier.states |= {card.iccid: "silent", NEW: "silent"}
    settled(carrier)
    do("swap", card, DAY, iccid=NEW)
    settled(carrier)
    settled(carrier, 10)
    assert (orders_told(card), line_of(card).activation_seq) == ([("service", "silent", "confirmed", 0)], 0)
    assert ("cancel", "", "by_hand", 0) in orders_told(new)


def test_where_only_one_of_the_two_has_a_line_the_old_sim_is_on_its_account(carrier):
    one, other = account(), account("other")
    AccountRule.objects.create(account=other, prefix=NEW)
    card, new = card_in_use(), open_card(iccid=NEW)
    hear(NOON)
    on_account(card, one)
    Line.objects.filter(card=new).delete()
    do("swap", card, DAY, iccid=NEW)
    hear(NOON)
    assert [line_of(each).account for each in (card, new)] == [other, one]


def test_what_a_carrier_says_of_the_old_sim_while_it_is_swapped_is_not_the_new_ones(carrier):
    account()
    card, _new = card_in_use(), open_card(iccid=NEW)
    hear(NOON)
    asked = Line.objects.select_related("card").get(card=card)
    do("swap", card, DAY, iccid=NEW)
    take_looks([LookAtCard(asked, Seen("stopped", "st"))], NOON)
    assert line_of(card).seen_at is None


def test_what_is_told_of_a_day_before_the_swap_is_of_another_sim(carrier):
    card, new = use(card_in_use(), date(2026, 3, 9), 5), open_card(iccid=NEW)
    do("swap", card, DAY, iccid=NEW)
    for day, of_new, of_old in ((date(2026, 3, 9), 0, 6), (DAY, 2, 0)):
        told = ((card, of_new), (new, of_old))
        take_days([Amount(Sim(one.pk, one.iccid), mb * MB, NOON) for one, mb in told], day)
    days = UsageDay.objects.filter(card=card).order_by("day")
    assert list(days.values_list("day", "bytes")) == [(date(2026, 3, 9), 6 * MB), (DAY, 2 * MB)]
    assert not UsageDay.objects.filter(card=new, day__lt=DAY).exists()


# totals of a cycle, which the carrier counts for each SIM

FIRST, BEFORE, AFTER = date(2026, 3, 1), date(2026, 3, 9), date(2026, 3, 11)


@pytest.fixture
def totals():
    """Takes what is told of a day, each figure an hour after the last: (card, MB) as the cards are then."""
    hours = iter(range(100))

    def take(day, *told, since=FIRST):
        at = NOON + timedelta(hours=next(hours))
        sims = [(Sim(card.pk, fresh(card).iccid), mb) for card, mb in told]
        take_totals([Amount(sim, int(mb * MB), at) for sim, mb in sims], day, since)

    return take


def usage(card):
    """Day of the month and MB of each day that is known of a card, and what its meter says."""
    days = UsageDay.objects.filter(card=card).order_by("day").values_list("day__day", "bytes")
    return [(day, count / MB) for day, count in days], fresh(card).used_bytes / MB


@pytest.fixture
def swapped(totals):
    """A card that had 20 MB of the cycle with its old SIM, and the card that has that SIM now."""
    card, old = card_in_use(), open_card(iccid=NEW)
    totals(BEFORE, (card, 20))
    do("swap", card, DAY, iccid=NEW)
    return card, old


def test_after_a_swap_the_cycle_goes_on_with_what_the_new_sim_has(swapped, totals):
    card, old = swapped
    for day, of_new in ((BEFORE, 1), (DAY, 2), (DAY, 4), (AFTER, 9)):
        with on_day(max(day, DAY)):
            totals(day, (card, of_new), (old, 20))
    assert usage(card) == ([(9, 20), (10, 4), (11, 5)], 29)
    assert usage(old) == ([], 0)


def test_a_card_is_stopped_by_what_both_sims_used_and_not_a_byte_before(swapped, totals):
    card, old = swapped
    totals(DAY, (card, 9.9), (old, 20))
    assert fresh(card).holds == ""
    with on_day(AFTER):
        totals(AFTER, (card, 10), (old, 20))
    assert (fresh(card).holds, usage(card)[1]) == ("credit", 30)


def test_the_cycle_after_the_swap_begins_with_the_new_sim_alone(swapped, totals):
    card, old = swapped
    last, first = date(2026, 3, 31), date(2026, 4, 1)
    with on_day(last):
        totals(last, (card, 5), (old, 20))
    with on_day(first):
        swept(card, first)
        totals(first, (card, 3), (old, 1), since=first)
    assert usage(card) == ([(9, 20), (31, 5), (1, 3)], 3)


@pytest.mark.parametrize(("day", "counted"), [(BEFORE, 26), (DAY, 24), (AFTER, 24)])
@pytest.mark.parametrize("with_new", [False, True])
def test_a_late_total_of_the_old_sim_counts_if_it_is_of_a_day_before_the_swap(swapped, totals, day, counted, with_new):
    card, old = swapped
    totals(DAY, (card, 4))
    with on_day(AFTER):
        totals(day, (old, 22), *([(card, 4)] if with_new else []))
        assert usage(card)[1] == counted
        totals(AFTER, (card, 4), (old, 22))
    assert (usage(card)[1], usage(old)[0]) == (counted, [])


def test_a_late_total_that_says_less_takes_nothing_back(swapped, totals):
    card, old = swapped
    totals(DAY, (card, 4))
    for mb in (0, 19, 20):
        totals(BEFORE, (old, mb))
    assert usage(card) == ([(9, 20), (10, 4)], 24)
    totals(DAY, (card, 3))
    assert usage(card) == ([(9, 20), (10, 3)], 23), "the carrier corrects what the new SIM has"


def test_what_a_sim_was_used_for_in_stock_is_not_the_cards(totals):
    card, new = card_in_use(), open_card(iccid=NEW)
    totals(BEFORE, (card, 5), (new, 0))
    CycleReading.objects.filter(card=new).update(bytes=2 * MB)
    do("swap", card, DAY, iccid=NEW)
    totals(DAY, (card, 3))
    assert usage(card) == ([(9, 5), (10, 1)], 6)


def test_a_sim_swapped_twice_in_a_cycle_adds_up_with_late_totals_of_either(swapped, totals):
    card, first = swapped
    totals(DAY, (card, 3))
    second = open_card(iccid="89860000000000009002")
    with on_day(AFTER):
        do("swap", card, AFTER, iccid=second.iccid)
        totals(AFTER, (card, 2))
        assert usage(card)[1] == 25
        totals(DAY, (second, 4))
        totals(BEFORE, (first, 21))
        totals(AFTER, (card, 2.5), (first, 30), (second, 30))
    assert usage(card)[1] == 21 + 4 + 2.5


def test_a_swap_on_the_first_day_of_the_cycle_goes_on_from_what_that_day_had(totals):
    card, _old = card_in_use(), open_card(iccid=NEW)
    totals(DAY, (card, 5), since=DAY)
    do("swap", card, DAY, iccid=NEW)
    totals(DAY, (card, 1), since=DAY)
    assert usage(card)[0] == [(10, 6)]
