"""`sweep`: every day not yet swept, in order; a dry run that looks ahead; parked cards."""

from datetime import date

import pytest

from cards.models import Card, CardEvent, CarrierPolicy, SweptDay
from tests import build
from tests.commands.calls import iccid, result, run

pytestmark = pytest.mark.django_db

DAYS = ["2026-08-01", "2026-08-02", "2026-08-03"]
CHANGE = {
    "iccid": iccid(1),
    "on": "2026-08-01",
    "action": "force_activate",
    "rule": "force_activate",
    "from": "unused",
    "to": "in_use",
}


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(date(2026, 8, 3)):
        yield


def break_policy():
    """China Unicom's policy begins too late for its cards: whatever needs it breaks."""
    CarrierPolicy.objects.filter(carrier="cucc").update(valid_from=date(2027, 1, 1))


def test_a_new_database_starts_with_the_first_day_on_which_anything_is_due():
    build.open_card()
    expected = {"days": DAYS, "changes": [CHANGE], "counts": {"force_activate": 1}, "parked": []}
    assert result("sweep") == expected
    assert [str(day) for day in SweptDay.objects.order_by("day").values_list("day", flat=True)] == DAYS


def test_twice_changes_nothing_more():
    build.open_card()
    result("sweep")
    assert result("sweep") == {"days": [], "changes": [], "counts": {}, "parked": []}


def test_through_a_day_and_then_the_rest():
    build.open_card()
    assert result("sweep", "--through", "2026-08-01")["days"] == DAYS[:1]
    assert result("sweep")["days"] == DAYS[1:]


def test_a_card_taken_in_late_is_swept_on_a_day_that_was_swept():
    result("sweep")
    build.open_card()
    assert result("sweep") == {
        "days": ["2026-08-03"],
        "changes": [CHANGE],
        "counts": {"force_activate": 1},
        "parked": [],
    }


def test_a_dry_run_says_what_the_sweep_then_does_and_writes_nothing():
    build.open_card()
    preview = result("sweep", "--dry-run")
    assert (SweptDay.objects.count(), CardEvent.objects.count()) == (0, 1)
    assert result("sweep") == preview


def test_only_a_dry_run_looks_ahead():
    build.open_card()
    ended = run("sweep", "--through", "2026-08-04")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "2026-08-04 is in the future: only a dry run (--dry-run) can look ahead.\n"
    ahead = result("sweep", "--through", "2027-12-01", "--dry-run")
    assert [change["action"] for change in ahead["changes"]] == ["force_activate", "expire", "cancel"]


def test_a_broken_card_is_parked_and_the_rest_go_on():
    build.open_card()
    build.open_card(carrier="cucc")
    break_policy()
    parked = {"iccid": iccid(2), "why": "no policy of the carrier China Unicom is in force on 2026-08-01"}
    preview = run("sweep", "--dry-run", "--json")
    assert (preview.code, preview.document["parked"]) == (1, [parked])
    ended = run("sweep", "--json")
    assert (ended.code, ended.document["parked"]) == (1, [parked])
    assert ended.document["counts"] == {"force_activate": 1, "park": 1}
    assert list(Card.objects.parked().values_list("iccid", flat=True)) == [iccid(2)]
    assert result("sweep")["parked"] == []


def test_people_read_days_counts_and_parked_cards():
    build.open_card()
    build.open_card(carrier="cucc")
    break_policy()
    ended = run("sweep")
    assert ended.out.splitlines() == [
        "Days: 3, from 2026-08-01 through 2026-08-03",
        "The silent period is over (force_activate): 1",
        "The card's data is inconsistent (park): 1",
    ]
    assert ended.err == f"{iccid(2)} is parked: no policy of the carrier China Unicom is in force on 2026-08-01\n"
    assert run("sweep").out == "Days: none\n"
    assert run("sweep", "--dry-run").err.splitlines() == [
        "Dry run: nothing was written.",
        "Only the sweep was rehearsed, without the renewals and notices of these days.",
    ]


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "20260301x"])
def test_a_day_that_is_none_is_a_wrong_call(day):
    ended = run("sweep", "--through", day)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"argument --through: '{day}' is not a date; write it as 2026-03-02\n"
