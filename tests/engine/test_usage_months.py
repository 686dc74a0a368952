"""On PostgreSQL the usage of each month is a part of the table: made ahead, and filled with what came before it."""

from datetime import date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cards.actions import old_usage
from cards.actions.planner_statistics import update_planner_statistics
from cards.actions.usage_months import drop_month, make_months_ahead
from cards.calendar import add_months, first_of_month
from cards.errors import InvariantBroken
from cards.models import DeletedUsage, PastCycle, UsageDay
from cards.models.card import MB
from cards.tasks import housekeeping
from simportal.retention import apply_retention
from tests.build import card_in_use, on_day, open_card, spoil, swept, use
from tests.test_upgrades import on_postgresql, somebody_else
from tests.usage_parts import make_past_month

pytestmark = [pytest.mark.django_db, on_postgresql]

PARTS = """
    SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class JOIN pg_inherits ON inhrelid = oid
    WHERE inhparent = 'cards_usageday'::regclass ORDER BY relname
"""


def ask(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


def parts():
    return dict(ask(PARTS))


def months_of(names):
    return sorted(name.removeprefix("cards_usageday_") for name in names)


def month(ahead):
    """The first day of a month after that of today, by the clock of the database."""
    return add_months(first_of_month(ask("SELECT CURRENT_DATE")[0][0]), ahead)


def known(card, day):
    UsageDay.objects.create(card=card, day=day, bytes=7, read_at=timezone.now())


def numbers():
    """How many rows have a number, as the code of before knows them, and whether they are found by it."""
    return ask("SELECT COUNT(DISTINCT id), to_regclass('cards_usageday_pkey') IS NOT NULL FROM cards_usageday")[0]


def part_of(day):
    (name,) = ask("SELECT tableoid::regclass::text FROM cards_usageday WHERE day = %s", day)
    return name[0].removeprefix("cards_usageday_")


def test_there_are_parts_up_to_the_third_month_ahead_and_no_gap():
    """As of the first and of the last day of a month; asked again, there is nothing to make."""
    make_months_ahead(month(0))
    for today in (month(0), month(1) - timedelta(days=1)):
        assert make_months_ahead(today) == 0
    assert make_months_ahead(month(1)) == 1
    until = f"{month(4):%Y_%m}"
    assert months_of(parts())[-3:] == [until, "before", "outside"]
    ends = {bound.partition(" TO ")[2] for bound in parts().values()} - {""}
    begins = {bound.partition("FROM ")[2].partition(" TO ")[0] for bound in parts().values()} - {"", "(MINVALUE)"}
    assert ends - begins == {f"('{month(5)}')"}


def test_no_more_than_a_month_ahead_of_the_databases_own_clock():
    make_months_ahead(date(2099, 12, 31))
    assert months_of(parts())[-3] <= f"{month(5):%Y_%m}"


def test_each_day_stands_in_its_part_and_what_fell_outside_moves_in():
    card, later = open_card(), month(4)
    make_months_ahead(month(0))
    days = {date(2001, 1, 1): "before", month(3): f"{month(3):%Y_%m}", later - timedelta(days=1): f"{month(3):%Y_%m}"}
    for day in (*days, later, later + timedelta(days=40)):
        known(card, day)
    assert {day: part_of(day) for day in days} == days
    assert part_of(later) == "outside"
    make_months_ahead(month(1))
    assert (part_of(later), part_of(later + timedelta(days=40))) == (f"{later:%Y_%m}", "outside")
    assert UsageDay.objects.filter(card=card).count() == 5


def test_the_worker_makes_them_and_has_all_looked_at_as_one():
    housekeeping()
    assert make_months_ahead(month(0)) == 0
    assert ask("SELECT COUNT(*) FROM pg_class WHERE relname = 'cards_usageday' AND reltuples >= 0") == [(1,)]


@pytest.fixture
def old_month():
    """The first day of a month that was over thirteen months ago and is a part of its own."""
    first = month(-16)
    make_past_month(first)
    with on_day(month(0)):
        yield first


def used_in(month):
    """A card with two days of this month and one of the next."""
    card = card_in_use(month, plan="Y1-30")
    for after in (3, 5, 40):
        use(card, month + timedelta(days=after), 1)
    return swept(card, month + timedelta(days=100))


def days_of(card):
    return list(UsageDay.objects.filter(card=card).order_by("day").values_list("day", flat=True))


def kept_of(card):
    return list(PastCycle.objects.filter(card=card).order_by("cycle_from").values_list("cycle_from", "bytes"))


def test_a_month_that_is_over_is_dropped_as_a_whole_once_its_cycles_are_kept(old_month):
    cards = [used_in(old_month) for _ in range(2)]
    with CaptureQueriesContext(connection) as asked:
        DeletedUsage.objects.create(pk=1, day=old_month - timedelta(days=1), through_card=None)
        with on_day(add_months(old_month, 14) + timedelta(days=3)):
            assert apply_retention()["usage"] == 4
    assert [query["sql"] for query in asked if "DELETE FROM cards_usageday" in query["sql"]] == []
    assert f"cards_usageday_{old_month:%Y_%m}" not in parts()
    assert [days_of(card) for card in cards] == [[old_month + timedelta(days=40)]] * 2
    assert [kept_of(card) for card in cards] == [[(old_month, 2 * MB)]] * 2


def test_where_a_meter_counts_a_day_of_it_the_others_are_deleted(old_month, monkeypatch):
    """Also where it begins to once others' cycles are kept."""
    monkeypatch.setattr(old_usage, "CARDS_LOOKED_AT", 1)
    cards = [used_in(old_month) for _ in range(2)]
    DeletedUsage.objects.create(pk=1, day=old_month - timedelta(days=1), through_card=None)
    with on_day(add_months(old_month, 14) + timedelta(days=3)):
        assert old_usage.delete_old_days() == (2, True)
        spoil(cards[1], parked=InvariantBroken("no_cycle").written(), next_due_on=None)
        apply_retention()
        assert [len(days_of(card)) for card in cards] == [1, 3]
        assert [kept_of(card) for card in cards] == [[(old_month, 2 * MB)], []]
        assert f"cards_usageday_{old_month:%Y_%m}" in parts()


def test_an_old_month_is_dropped_when_it_is_empty_too(old_month):
    DeletedUsage.objects.create(pk=1, day=old_month - timedelta(days=1), through_card=None)
    assert apply_retention()["usage"] == 0
    assert f"cards_usageday_{old_month:%Y_%m}" not in parts()


def test_the_database_drops_no_month_that_was_over_less_than_a_year_ago():
    with pytest.raises(IntegrityError, match="over a year ago"), transaction.atomic():
        drop_month(month(-12))
    with pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
        drop_month(month(-13))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_works_outside_is_not_waited_for_long():
    with somebody_else() as other:
        other.execute("LOCK TABLE cards_usageday_outside IN ROW EXCLUSIVE MODE")
        begun = datetime.now()
        assert make_months_ahead(month(1)) == 0
        assert datetime.now() - begun < timedelta(seconds=20)
    update_planner_statistics()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_layout_goes_back_to_one_table_and_to_months_again_with_every_row():
    card = open_card()
    days = [date(2001, 1, 1), month(0), month(2), month(3), month(9)]
    make_months_ahead(month(0))
    for day in days:
        known(card, day)
    assert numbers() == (0, False)
    kept = list(UsageDay.objects.order_by("day").values())
    call_command("migrate", "cards", "0068", verbosity=0)
    numbered = "SELECT COUNT(DISTINCT id), relkind FROM cards_usageday, pg_class WHERE relname = 'cards_usageday'"
    assert ask(f"{numbered} GROUP BY relkind") == [(5, "r")]
    with pytest.raises(IntegrityError, match="one_reading_per_card_and_day"), transaction.atomic():
        known(card, month(0))
    ask("DELETE FROM cards_usageday WHERE day >= %s", month(2))
    call_command("migrate", verbosity=0)
    known(card, month(-1))
    assert numbers() == (3, True)
    UsageDay.objects.filter(day=month(-1)).delete()
    assert list(UsageDay.objects.order_by("day").values()) == kept[:2]
    assert [part_of(day) for day in days[:2]] == ["before"] * 2
    with pytest.raises(IntegrityError, match="usage_before_key"), transaction.atomic():
        known(card, month(0))
