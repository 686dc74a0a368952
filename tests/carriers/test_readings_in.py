"""Usage as carriers tell it: a day's bytes, or the total of a cycle so far."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.actions.usage import Reading, apply_readings
from cards.calendar import cycle_start
from cards.carriers.actions.pieces import CameOfPiece
from cards.carriers.actions.readings_in import CycleBook, compare_months, take_days, take_totals
from cards.carriers.models import CycleReading, Drift
from cards.carriers.results import Amount, NoAmount, Sim
from cards.models import QuarantinedReading, UsageDay
from cards.models.card import MB
from tests.build import card_in_use, fresh, on_day, use
from tests.carriers.anything import few
from tests.carriers.telling import account_with, beijing, told_by

pytestmark = pytest.mark.django_db

NOV_3, NOV_4 = date(2026, 11, 3), date(2026, 11, 4)
NOV_26, NOV_27, NOV_28, NOV_29 = (date(2026, 11, day) for day in (26, 27, 28, 29))
DEC_2 = date(2026, 12, 2)
PHONE = "490154203237518"


@pytest.fixture(autouse=True)
def carrier():
    with told_by() as carrier:
        yield carrier


def told(card, bytes, at, imei=""):
    return Amount(Sim(card.pk, card.iccid), bytes, at, imei=imei)


def usage_of(card):
    return {row.day: row.bytes for row in UsageDay.objects.filter(card=card).order_by("day")}


def in_mb(card):
    return {day: bytes / MB for day, bytes in usage_of(card).items()}


def totals(card, *figures):
    """What the days come to after these (day, MB, hour), each told on its day."""
    for day, mb, hour in figures:
        with on_day(day):
            take_totals([told(card, int(mb * MB), beijing(day, hour))], day, cycle_start(day, 27))
    return in_mb(card)


# days


@on_day(NOV_4)
def test_a_day_that_is_told_again_is_corrected_and_not_doubled():
    card = card_in_use()
    came = [take_days([told(card, mb * MB, beijing(NOV_4, hour))], NOV_3) for mb, hour in ((3, 6), (5, 10), (4, 11))]
    assert came == [CameOfPiece(told=1)] * 3
    assert (in_mb(card), fresh(card).used_bytes) == ({NOV_3: 4}, 4 * MB)


@on_day(NOV_4)
def test_the_same_figure_again_writes_nothing():
    card = card_in_use()
    take_days([told(card, 3 * MB, beijing(NOV_4, 6), PHONE)], NOV_3)
    assert take_days([told(card, 3 * MB, beijing(NOV_4, 10))], NOV_3) == CameOfPiece(told=1)
    row = UsageDay.objects.get()
    assert (row.bytes, row.read_at, row.imei) == (3 * MB, beijing(NOV_4, 6), PHONE)
    take_days([told(card, 3 * MB, beijing(NOV_4, 11), "356938035643809")], NOV_3)
    assert UsageDay.objects.get().imei == "356938035643809"


@on_day(NOV_4)
def test_no_figure_is_not_zero():
    silent, idle = card_in_use(), card_in_use()
    came = take_days([NoAmount(Sim(silent.pk, silent.iccid), "blank"), told(idle, 0, beijing(NOV_4, 6))], NOV_3)
    assert came == CameOfPiece(told=1, missing=1, why="blank")
    assert (usage_of(silent), usage_of(idle)) == ({}, {NOV_3: 0})


@on_day(NOV_4)
def test_what_is_no_figure_at_all_is_refused():
    card = card_in_use()
    came = take_days([told(card, -1, beijing(NOV_4, 6)), told(card, 2**60, beijing(NOV_4, 6))], NOV_3)
    assert (came, usage_of(card)) == (CameOfPiece(told=2, refused=2), {})


@on_day(NOV_4)
def test_more_than_a_card_can_carry_waits_for_somebody_once():
    card = card_in_use()
    take_days([told(card, 2 * 2**40, beijing(NOV_4, 6))], NOV_3)
    take_days([told(card, 2 * 2**40, beijing(NOV_4, 10))], NOV_3)
    assert list(QuarantinedReading.objects.values_list("card", "status")) == [(card.pk, "waiting")]
    take_days([told(card, 2 * MB, beijing(NOV_4, 11))], NOV_3)
    assert list(QuarantinedReading.objects.values_list("card", "status")) == [(card.pk, "replaced")]
    assert in_mb(card) == {NOV_3: 2}


@on_day(NOV_4)
def test_a_plausible_figure_ends_the_quarantine_though_it_was_known_before():
    card = card_in_use()
    for mb, hour in ((2, 6), (2 * 2**20, 7), (2, 8)):
        take_days([told(card, mb * MB, beijing(NOV_4, hour))], NOV_3)
    assert (QuarantinedReading.objects.get().status, in_mb(card)) == ("replaced", {NOV_3: 2})


# totals of a cycle


def test_a_day_is_what_the_total_grew_by():
    card = card_in_use(carrier="cucc")
    assert totals(card, (NOV_3, 10, 23), (NOV_4, 10.5, 6), (NOV_4, 12, 23)) == {NOV_3: 10, NOV_4: 2}
    assert fresh(card).used_bytes == 12 * MB


def test_a_new_cycle_begins_at_its_own_figure():
    card = card_in_use(carrier="cucc")
    assert totals(card, (NOV_26, 900, 23), (NOV_27, 1, 6), (NOV_27, 4, 23), (NOV_28, 6, 23)) == {
        NOV_26: 900,
        NOV_27: 4,
        NOV_28: 2,
    }


def test_a_total_that_goes_down_lowers_the_last_days_in_turn_and_none_below_zero():
    card = card_in_use(carrier="cucc")
    days = totals(card, (NOV_27, 10, 23), (NOV_28, 15, 23), (NOV_29, 9, 6))
    assert days == {NOV_27: 9, NOV_28: 0, NOV_29: 0}
    assert (sum(days.values()), fresh(card).used_bytes) == (9, 9 * MB)
    assert totals(card, (NOV_29, 12, 23)) == {NOV_27: 9, NOV_28: 0, NOV_29: 3}


def test_the_same_day_told_lower_is_corrected():
    assert totals(card_in_use(carrier="cucc"), (NOV_27, 10, 23), (NOV_28, 15, 20), (NOV_28, 12, 23)) == {
        NOV_27: 10,
        NOV_28: 2,
    }


def test_days_of_which_nothing_was_told_stand_in_the_next():
    assert totals(card_in_use(carrier="cucc"), (NOV_27, 10, 23), (NOV_29, 16, 23)) == {NOV_27: 10, NOV_29: 6}


def test_days_that_a_file_told_are_not_counted_again():
    card = use(card_in_use(carrier="cucc"), NOV_27, 10)
    assert totals(card, (NOV_28, 12, 23)) == {NOV_27: 10, NOV_28: 2}
    apply_readings([Reading(card.pk, NOV_29, MB, beijing(NOV_29, 1))], told_on=NOV_29)
    assert sum(totals(card, (NOV_29 + timedelta(days=1), 15, 23)).values()) == 15


def test_an_older_total_changes_nothing_and_one_for_an_earlier_day_keeps_the_sum():
    card = card_in_use(carrier="cucc")
    totals(card, (NOV_27, 10, 23), (NOV_28, 15, 23))
    with on_day(NOV_28):
        take_totals([told(card, 2 * MB, beijing(NOV_28, 12))], NOV_28, NOV_27)
        assert in_mb(card) == {NOV_27: 10, NOV_28: 5}
        take_totals([told(card, 17 * MB, beijing(NOV_28, 23, 30))], NOV_27, NOV_27)
        assert in_mb(card) == {NOV_27: 10, NOV_28: 7}
    assert [row.bytes // MB for row in CycleReading.objects.order_by("day")] == [10, 17]


def test_a_leap_in_quarantine_that_the_carrier_takes_back_leaves_the_day_before_as_it_was():
    card = card_in_use(carrier="cucc")
    days = totals(card, (NOV_27, 10, 23), (NOV_28, 5 * 2**20, 23))
    assert (days, QuarantinedReading.objects.get().status) == ({NOV_27: 10}, "waiting")
    assert totals(card, (NOV_29, 12, 23)) == {NOV_27: 10, NOV_28: 2, NOV_29: 0}
    assert QuarantinedReading.objects.get().status == "replaced"


@few
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), min_size=1, max_size=12))
def test_the_days_come_to_what_was_told_last_whatever_was_told_before(told_so):
    book, days = CycleBook(1, NOV_27), {}
    for hours, (ahead, total) in enumerate(told_so):
        at = beijing(NOV_27, 0) + timedelta(hours=hours)
        amount = Amount(Sim(1, ""), total, at)
        for reading in book.readings(amount, NOV_27 + timedelta(days=ahead)):
            days[reading.day] = book.known[reading.day] = reading.bytes
        assert (sum(days.values()), min(days.values()) >= 0) == (total, True)


# months


def compared(account, card, mb, hour=8):
    with on_day(DEC_2):
        told_now = [told(card, int(mb * MB), beijing(DEC_2, hour))]
        came = compare_months(account, told_now, date(2026, 11, 1), beijing(DEC_2, hour))
    assert came == CameOfPiece(told=1)
    return list(Drift.objects.order_by("pk").values_list("card", "kind", "state", "evidence"))


@pytest.mark.once
@pytest.mark.parametrize(
    ("days_mb", "month_mb", "differs"),
    [(200, 202.1, True), (200, 197, True), (200, 201.9, False), (2, 2.9, False), (2, 3.1, True), (0, 0, False)],
)
def test_a_month_that_is_more_than_a_hundredth_and_a_megabyte_off_is_a_persons_matter(days_mb, month_mb, differs):
    card = use(card_in_use(since=NOV_3), NOV_26, days_mb)
    use(card, date(2026, 12, 1), 50)  # of another month
    evidence = {"month": "2026-11", "told": f"{month_mb:.1f} MB", "days": f"{days_mb:.1f} MB"}
    found = [(card.pk, "usage", "open", evidence)] if differs else []
    assert compared(account_with([card]), card, month_mb) == found


def test_a_month_that_agrees_at_last_closes_its_difference():
    card = use(card_in_use(since=NOV_3), NOV_26, 10)
    account = account_with([card])
    compared(account, card, 20)
    (_card, _kind, state, _evidence) = compared(account, card, 10.1, hour=9)[0]
    assert state == "self_closed"


def test_a_month_of_which_nothing_is_told_says_nothing():
    card = card_in_use()
    came = compare_months(account_with([card]), [NoAmount(Sim(card.pk, card.iccid))], NOV_3, beijing(DEC_2, 8))
    assert (came, Drift.objects.count()) == (CameOfPiece(missing=1), 0)
