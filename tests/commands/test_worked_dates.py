"""The worked dates of the domain, through the commands: a file in, the forecast, the sweep, the card."""

from datetime import date

import pytest

from cards.choices import Carrier
from cards.models import CarrierPolicy, Plan
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result, usage_row

pytestmark = pytest.mark.django_db

DAYS_360 = {"carrier": Carrier.CUCC, "valid_from": date(2020, 1, 1), "forced_mode": "days", "silent_days": 360}
FROM_THE_27TH = {"carrier": Carrier.CTCC, "valid_from": date(2020, 1, 1), "cycle_day": 27}


@pytest.fixture
def created(tmp_path):
    """Takes in one card on the day it is opened on, and makes sure that the forecast is what the sweep then does."""

    def create(**columns):
        row = card_row(**columns)
        with build.on_day(date.fromisoformat(row["opened_on"])):
            document = result("import_cards", csv_file(tmp_path / "cards.csv", [row]))
        assert (document["created"], document["errors"]) == (1, [])

    return create


@pytest.fixture
def first_used(created, tmp_path):
    """Takes in one card and its first use."""

    def use(day, **columns):
        created(opened_on=day, **columns)
        with build.on_day(date.fromisoformat(day)):
            reading = usage_row(day=day, bytes=1, read_at=f"{day}T23:00")
            assert result("import_usage", csv_file(tmp_path / "usage.csv", [reading]))["created"] == 1
        return result("card", iccid(1))

    return use


def foretold_and_swept(through):
    """The card's forecast, and what the sweep made of it: both must say the same."""
    forecast = [(step["on"], step["action"]) for step in result("forecast", iccid(1), "--through", through)["forecast"]]
    with build.on_day(date.fromisoformat(through)):
        swept = result("sweep")
    assert [(step["on"], step["action"]) for step in swept["changes"]] == forecast
    return forecast


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"opened_on": "2026-01-15"}, [("2026-08-01", "force_activate")]),
        ({"opened_on": "2026-02-01"}, [("2026-09-01", "force_activate")]),
        ({"opened_on": "2025-08-31"}, [("2026-03-01", "force_activate")]),
        (
            {"opened_on": "2026-01-15", "test_months": 3, "test_quota_mb": 10},
            [("2026-04-15", "end_test"), ("2026-11-01", "force_activate")],
        ),
    ],
)
def test_silence_ends_by_months(created, columns, expected):
    created(**columns)
    assert foretold_and_swept(expected[-1][0]) == expected
    card = result("card", iccid(1))
    assert (card["state"], card["activated_on"], card["activation_cause"]) == ("in_use", expected[-1][0], "forced")


def test_silence_ends_by_days(created):
    CarrierPolicy.objects.create(**DAYS_360)
    created(carrier="cucc", opened_on="2026-01-15")
    assert foretold_and_swept("2027-01-10") == [("2027-01-10", "force_activate")]


@pytest.mark.parametrize(
    ("used_on", "columns", "service_until"),
    [
        ("2026-03-20", {"plan": "Y1-30"}, "2027-03-01"),
        ("2026-03-20", {"plan": "Y1-1024"}, "2027-03-20"),
        ("2026-03-20", {"plan": "Y1-30", "carrier": "ctcc"}, "2027-02-27"),
    ],
)
def test_a_term_ends_with_the_month_the_day_or_the_cycle(first_used, used_on, columns, service_until):
    CarrierPolicy.objects.create(**FROM_THE_27TH)
    card = first_used(used_on, **columns)
    assert (card["state"], card["activated_on"], card["service_until"]) == ("in_use", used_on, service_until)
    assert [step["on"] for step in card["forecast"] if step["action"] == "expire"] == [service_until]


def test_a_month_from_the_31st_ends_on_the_last_of_february(first_used):
    Plan.objects.create(code="M1-DAY", kind="plan", months=1, alignment="anniversary", quota_mb=100)
    assert first_used("2026-01-31", plan="M1-DAY")["service_until"] == "2026-02-28"


def test_not_renewed_it_is_shut_down_and_then_cancelled(first_used):
    card = first_used("2026-03-20", plan="M1-100")
    assert card["service_until"] == "2026-04-01"
    assert foretold_and_swept("2026-06-29") == [("2026-04-01", "expire")]
    assert result("card", iccid(1))["cancel_on"] == "2026-06-30"
    assert foretold_and_swept("2026-06-30") == [("2026-06-30", "cancel")]
    assert result("card", iccid(1))["state"] == "cancelled"
