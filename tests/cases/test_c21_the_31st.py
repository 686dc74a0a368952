"""C21: anniversary terms that follow each other keep the day on which the first of them began."""

from datetime import date
from pathlib import Path

import pytest

from cards.models import Card, Plan
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result

pytestmark = pytest.mark.django_db

CARD = "89860412500000000001"


@pytest.fixture(autouse=True)
def m1a():
    return Plan.objects.create(code="M1A", kind="plan", months=1, alignment="anniversary", quota_mb=100)


def ends_of(number, through):
    """The last days of service in the forecast: when terms start, and when the last one ends."""
    forecast = result("forecast", number, "--through", through)["forecast"]
    return [step["on"] for step in forecast if step["action"] in ("start_term", "expire")]


def test_after_one_february_the_31st_is_the_31st_again():
    with build.on_day(date(2026, 2, 10)):
        result("import_cards", Path(__file__).parent / "C21-the-31st" / "cards.csv")
        for _ in range(4):
            result("act", "renew", CARD, "--set", "plan=M1A")
        assert ends_of(CARD, "2026-12-31") == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]
    with build.on_day(date(2026, 6, 30)):
        result("sweep")
    terms = Card.objects.get(iccid=CARD).terms.order_by("number").values_list("service_until", flat=True)
    assert list(map(str, terms)) == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]


@pytest.mark.parametrize(
    ("columns", "plan", "ends"),
    [
        # the terms since activation end on the very day: the chain began then
        (("2024-02-29", "2026-02-28", "Y1-1024"), "Y1-1024", ["2026-02-28", "2027-02-28", "2028-02-29"]),
        (("2025-10-31", "2026-03-31", "M1A"), "M1A", ["2026-03-31", "2026-04-30", "2026-05-31"]),
        (("2026-01-30", "2026-03-30", "M1A"), "M1A", ["2026-03-30", "2026-04-30", "2026-05-30"]),
        # they do not: it began with the term that runs
        (("2024-03-15", "2026-02-28", "Y1-1024"), "Y1-1024", ["2026-02-28", "2027-02-28", "2028-02-28"]),
        (("2025-06-15", "2026-02-28", "M1A"), "M1A", ["2026-02-28", "2026-03-28", "2026-04-28"]),
        # months of other plans are added up, and a calendar term ends the chain
        (("2025-12-31", "2026-02-28", "M1A"), "Y1-1024", ["2026-02-28", "2027-02-28", "2028-02-29"]),
        (("2025-12-31", "2026-02-28", "M1A"), "M1-100", ["2026-02-28", "2026-03-01", "2026-04-01"]),
    ],
)
def test_of_a_card_taken_over_the_chain_began_where_its_months_come_out(tmp_path, columns, plan, ends):
    activated_on, service_until, opening = columns
    row = card_row(opened_on=activated_on, plan=opening, state="in_use") | {
        "activated_on": activated_on,
        "service_until": service_until,
    }
    with build.on_day(date(2026, 2, 10)):
        assert result("import_cards", csv_file(tmp_path / "cards.csv", [row]))["errors"] == []
        for _ in ends[1:]:
            result("act", "renew", iccid(1), "--set", f"plan={plan}")
        assert ends_of(iccid(1), ends[-1]) == ends
