"""C06: the last day of a month is always told after it, and stops nothing."""

from datetime import date
from pathlib import Path

import pytest

from cards.models import UsageDay
from tests import build
from tests.commands.calls import csv_file, result

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parent / "C06-last-day-of-the-month"
FIRST, SECOND = "89860412920000000001", "89860412920000000002"


def take(*names):
    for name in names:
        assert result("import_usage", FILES / name)["errors"] == []


@pytest.mark.parametrize(
    "morning",
    [
        ["usage-2.csv", "usage-3.csv", "usage-4.csv"],
        ["usage-3.csv", "usage-4.csv", "usage-2.csv"],
        ["usage-4.csv", "usage-3.csv", "usage-2.csv"],
    ],
)
@pytest.mark.parametrize("sweeps_first", [True, False])
def test_the_last_day_told_on_the_first_neither_stops_nor_frees_a_card(morning, sweeps_first):
    with build.on_day(date(2026, 2, 27)):
        result("import_cards", FILES / "cards.csv")
        take("usage-1.csv")
        result("sweep")
    with build.on_day(date(2026, 3, 1)):
        if sweeps_first:
            assert result("sweep")["changes"] == []
        take(*morning)
        assert result("sweep")["changes"] == []
        cards = [result("card", number) for number in (FIRST, SECOND)]
    assert [(card["state"], card["holds"], card["version"]) for card in cards] == [("in_use", [], 2)] * 2
    cycle = {"starts_on": "2026-03-01", "until": "2026-04-01", "quota_bytes": 30 * 2**20, "limit_bytes": None}
    assert [card["cycle"] for card in cards] == [cycle | {"used_bytes": used} for used in (0, 1)]
    assert UsageDay.objects.filter(day=date(2026, 2, 28), bytes=40 * 2**20).count() == 2


def test_told_while_the_month_still_runs_it_stops_the_card(tmp_path):
    told = {"iccid": FIRST, "day": "2026-02-28", "bytes": 40 * 2**20, "read_at": "2026-02-28T23:00"}
    with build.on_day(date(2026, 2, 28)):
        result("import_cards", FILES / "cards.csv")
        take("usage-1.csv")
        result("import_usage", csv_file(tmp_path / "usage.csv", [told]))
        assert result("card", FIRST)["holds"] == ["credit"]
    with build.on_day(date(2026, 3, 1)):
        assert [(step["on"], step["rule"]) for step in result("sweep")["changes"]] == [("2026-03-01", "roll_over")]
        assert result("card", FIRST)["holds"] == []
