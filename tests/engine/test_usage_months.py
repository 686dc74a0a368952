"""On PostgreSQL the usage of each month is a part of the table: made ahead, and filled with what came before it."""

from datetime import date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from cards.actions.planner_statistics import update_planner_statistics
from cards.actions.usage_months import make_months_ahead
from cards.calendar import add_months, first_of_month
from cards.models import UsageDay
from cards.tasks import housekeeping
from tests.build import open_card
from tests.test_upgrades import on_postgresql, somebody_else

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
    kept = list(UsageDay.objects.order_by("day").values())
    call_command("migrate", "cards", "0068", verbosity=0)
    numbered = "SELECT COUNT(DISTINCT id), relkind FROM cards_usageday, pg_class WHERE relname = 'cards_usageday'"
    assert ask(f"{numbered} GROUP BY relkind") == [(5, "r")]
    with pytest.raises(IntegrityError, match="one_reading_per_card_and_day"), transaction.atomic():
        known(card, month(0))
    ask("DELETE FROM cards_usageday WHERE day >= %s", month(2))
    call_command("migrate", verbosity=0)
    assert list(UsageDay.objects.order_by("day").values()) == kept[:2]
    assert [part_of(day) for day in days[:2]] == ["before"] * 2
    with pytest.raises(IntegrityError, match="usage_before_key"), transaction.atomic():
        known(card, month(0))
