"""A swap at the carriers: the old SIM is stopped there and the new one put to work, each on its own account."""

from datetime import date, timedelta

import pytest

from cards.carriers.actions.asking import take_look
from cards.carriers.actions.hearing import hear
from cards.carriers.actions.readings_in import take_days, take_totals
from cards.carriers.models import AccountRule, Line
from cards.carriers.protocols import PROTOCOLS
from cards.carriers.results import Amount, Seen, Sim
from cards.models import UsageDay
from cards.models.card import MB
from tests.build import card_in_use, do, fresh, on_day, open_card, use
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
    line, asked = line_of(card), fresh(card)
    do("swap", card, DAY, iccid=NEW)
    take_look(line, asked, Seen("stopped", "st"), NOON)
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


def test_a_total_of_the_new_sim_alone_takes_nothing_back_and_that_of_the_number_goes_on(carrier):
    card, new = card_in_use(), open_card(iccid=NEW)
    first, before = date(2026, 3, 1), date(2026, 3, 9)
    take_totals([Amount(Sim(card.pk, card.iccid), 5 * MB, NOON - timedelta(days=1))], before, first)
    do("swap", card, DAY, iccid=NEW)
    for hours, mb in enumerate((1, 7)):
        take_totals(
            [Amount(Sim(one.pk, one.iccid), mb * MB, NOON + timedelta(hours=hours)) for one in (card, new)], DAY, first
        )
    found = [list(UsageDay.objects.filter(card=one).order_by("day").values_list("day", "bytes")) for one in (card, new)]
    assert found == [[(before, 5 * MB), (DAY, 2 * MB)], []]
