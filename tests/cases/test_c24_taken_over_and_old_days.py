"""C24: what a card was taken over with has the days before in it."""

from datetime import date
from pathlib import Path

import pytest

from cards.models import UsageDay
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result, usage_row

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parent / "C24-taken-over-and-old-days"
CARD = "89860412800000000001"
MB = 2**20


def used_and_holds(number):
    card = result("card", number)
    return card["cycle"]["used_bytes"] / MB, card["holds"]


def test_days_before_the_count_was_taken_over_do_not_add_to_it():
    with build.on_day(date(2026, 3, 10)):
        result("import_cards", FILES / "cards.csv")
    with build.on_day(date(2026, 3, 11)):
        assert result("import_usage", FILES / "usage-1.csv")["created"] == 1
        assert used_and_holds(CARD) == (20, [])
    assert list(UsageDay.objects.values_list("day", "bytes")) == [(date(2026, 3, 5), 15 * MB)]


@pytest.mark.parametrize(
    ("day", "state", "used"),
    [
        ("2026-03-09", {"used_mb": 20}, 20),
        ("2026-03-10", {"used_mb": 20}, 25),
        ("2026-03-11", {"used_mb": 20}, 25),
        ("2026-03-09", {"used_mb": 0}, 0),  # nothing is a count, too
        ("2026-03-09", {}, 5),  # no count was taken over: the days are all there is
    ],
)
def test_those_of_the_day_itself_and_later_do(tmp_path, day, state, used):
    row = card_row(opened_on="2026-01-01", state="in_use", activated_on="2026-01-05", service_until="2027-01-01")
    with build.on_day(date(2026, 3, 10)):
        result("import_cards", csv_file(tmp_path / "cards.csv", [row | state]))
    reading = usage_row(day=day, bytes=5 * MB, read_at="2026-03-11T12:00")
    with build.on_day(date(2026, 3, 11)):
        result("import_usage", csv_file(tmp_path / "usage.csv", [reading]))
        assert used_and_holds(iccid(1)) == (used, [])


def test_a_test_period_is_taken_over_with_its_count(tmp_path):
    row = card_row(opened_on="2026-03-01", state="testing", test_months=3, test_quota_mb=10, used_mb=6)
    readings = [
        usage_row(day=day, bytes=3 * MB, read_at="2026-03-11T12:00")
        for day in ("2026-03-05", "2026-03-09", "2026-03-10")
    ]
    with build.on_day(date(2026, 3, 10)):
        result("import_cards", csv_file(tmp_path / "cards.csv", [row]))
    with build.on_day(date(2026, 3, 11)):
        result("import_usage", csv_file(tmp_path / "usage.csv", readings))
        card = result("card", iccid(1))
    assert (card["state"], card["cycle"]["used_bytes"]) == ("testing", 9 * MB)
