"""`import_usage`: readings, what they cause, and what is wrong with those that are not taken."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from cards.models import UsageDay
from cards.models.card import MB
from tests import build
from tests.commands.calls import csv_file, iccid, result, run, usage_row, xlsx_file

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 25)
NOTHING = {
    "rows": 0,
    "created": 0,
    "updated": 0,
    "unchanged": 0,
    "stale": 0,
    "quarantined": 0,
    "errors": [],
    "warnings": [],
}
IMEI, OTHER_IMEI = "861537040000019", "861537040000027"


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(TODAY):
        yield


@pytest.fixture
def imported(tmp_path):
    def run_import(*rows, options=()):
        return run("import_usage", csv_file(tmp_path / "usage.csv", rows), *options, "--json").document

    return run_import


def state(number=1):
    card = result("card", iccid(number))
    return card["state"], card["holds"], card["cycle"]["used_bytes"]


def last_event(number=1):
    event = result("card", iccid(number))["events"][-1]
    return event["action"], event["rule"], event["effective_on"]


def test_first_use_activates_on_the_day_of_the_reading(imported):
    build.open_card()
    assert imported(usage_row(bytes=5)) == NOTHING | {"rows": 1, "created": 1}
    assert state() == ("in_use", [], 5)
    assert last_event() == ("activate", "first_use", "2026-03-20")


def test_an_individual_without_real_name_check_is_stopped_by_first_use(imported):
    build.open_card(certification="individual")
    imported(usage_row())
    assert state() == ("suspended", ["real_name"], 0)
    assert last_event() == ("place_hold", "first_use", "2026-03-20")


def test_a_later_reading_replaces_an_earlier_and_an_older_one_is_stale(imported):
    build.card_in_use()
    assert imported(usage_row(bytes=100, read_at="2026-03-21T06:00"))["created"] == 1
    assert imported(usage_row(bytes=300, read_at="2026-03-21T12:00"))["updated"] == 1
    assert imported(usage_row(bytes=900, read_at="2026-03-21T09:00")) == NOTHING | {"rows": 1, "stale": 1}
    assert imported(usage_row(bytes=300, read_at="2026-03-21T12:00")) == NOTHING | {"rows": 1, "stale": 1}
    assert state() == ("in_use", [], 300)
    assert UsageDay.objects.get().bytes == 300


def test_the_same_file_twice_changes_nothing(imported):
    build.card_in_use()
    rows = [usage_row(bytes=31 * MB), usage_row(day="2026-03-19", bytes=7)]
    assert imported(*rows) == NOTHING | {"rows": 2, "created": 2}
    before = result("card", iccid(1))
    assert imported(*rows) == NOTHING | {"rows": 2, "stale": 2}
    assert result("card", iccid(1)) == before


def test_a_day_that_a_file_has_twice_counts_once(imported):
    build.card_in_use()
    rows = [usage_row(bytes=300, read_at="2026-03-21T12:00"), usage_row(bytes=100, read_at="2026-03-21T06:00")]
    assert imported(*rows) == NOTHING | {"rows": 2, "created": 1, "stale": 1}
    assert state() == ("in_use", [], 300)


def test_a_closed_cycle_goes_to_the_history_and_stops_nothing(imported):
    card = build.card_in_use()
    build.use(card, date(2026, 3, 2), 1)
    imported(usage_row(day="2026-02-10", bytes=40 * MB))
    assert state() == ("in_use", [], MB)
    assert UsageDay.objects.count() == 2


def test_the_allowance_and_the_limit_stop_a_card(imported):
    card = build.card_in_use()
    build.do("set_limit", card, date(2026, 3, 1), limit_mb="20")
    imported(usage_row(day="2026-03-18", bytes=25 * MB))
    assert state() == ("suspended", ["threshold"], 25 * MB)
    imported(usage_row(day="2026-03-19", bytes=5 * MB))
    assert state() == ("suspended", ["credit", "threshold"], 30 * MB)
    assert last_event() == ("place_hold", "credit", "2026-03-19")


def test_a_card_29_point_9_of_30_goes_on(imported):
    build.card_in_use()
    imported(usage_row(bytes=30 * MB - 1))
    assert state() == ("in_use", [], 30 * MB - 1)


def test_the_test_allowance_ends_the_test_and_a_later_day_is_first_use(imported):
    build.open_card(test_months=3, test_quota_mb=10)
    imported(usage_row(day="2026-03-01", bytes=4 * MB))
    assert state() == ("testing", [], 4 * MB)
    imported(usage_row(day="2026-03-02", bytes=6 * MB))
    card = result("card", iccid(1))
    assert (card["state"], card["silent_from"], card["cycle"]["quota_bytes"]) == ("unused", "2026-03-02", None)
    imported(usage_row(day="2026-03-02", bytes=7 * MB, read_at="2026-03-22T01:00"))
    assert card["version"] == result("card", iccid(1))["version"]
    imported(usage_row(day="2026-03-03", bytes=MB))
    assert state() == ("in_use", [], MB)
    assert last_event() == ("activate", "first_use", "2026-03-03")


def test_what_was_due_before_comes_first(imported):
    """The test ended on the 15th, though nobody swept: the reading of the 20th is first use."""
    build.open_card(test_months=2, test_quota_mb=10)
    imported(usage_row(bytes=5))
    actions = [(event["action"], event["effective_on"]) for event in result("card", iccid(1))["events"]]
    assert actions == [("open", "2026-01-15"), ("end_test", "2026-03-15"), ("activate", "2026-03-20")]


def test_another_device_stops_a_bound_card(imported):
    build.open_card(binding="first_use")
    imported(usage_row(imei=IMEI))
    assert [event["action"] for event in result("card", iccid(1))["events"]] == ["open", "activate", "bind"]
    imported(usage_row(day="2026-03-21", imei=OTHER_IMEI))
    assert state() == ("suspended", ["rebind"], 2000)
    assert last_event() == ("place_hold", "rebind", "2026-03-21")


def test_usage_of_a_shut_down_card_is_kept_and_noted(imported):
    card = build.card_in_use(plan="M1-100")
    build.swept(card, date(2026, 2, 1))
    imported(usage_row())
    assert state()[:2] == ("shut_down", [])
    assert UsageDay.objects.count() == 1
    assert build.fresh(card).stray_usage_on == date(2026, 3, 20)


BAD_CELLS = [
    ({"iccid": "8.98608E+19"}, "iccid", "was rounded by a spreadsheet"),
    ({"iccid": iccid(9)}, "iccid", "there is no card with this ICCID"),
    ({"iccid": ""}, "iccid", "a value is required"),
    ({"day": "yesterday"}, "day", "“yesterday” is not a date; write it as 2026-03-02"),
    ({"day": "2026-03-26"}, "day", "2026-03-26 is in the future"),
    ({"bytes": "-5"}, "bytes", "“-5” is not a whole number"),
    ({"bytes": "1.5"}, "bytes", "“1.5” is not a whole number"),
    ({"bytes": "1e9"}, "bytes", "“1e9” is not a whole number"),
    ({"read_at": "noon"}, "read_at", "“noon” is not a date and time; write it as 2026-03-02T08:00"),
    ({"read_at": "2026-02-30T08:00"}, "read_at", "“2026-02-30T08:00” is not a date and time"),
    ({"read_at": ""}, "read_at", "a value is required"),
]


@pytest.mark.parametrize(("columns", "field", "message"), BAD_CELLS)
def test_a_bad_cell_is_named_and_the_other_rows_go_in(tmp_path, columns, field, message):
    build.open_card()
    path = csv_file(tmp_path / "usage.csv", [usage_row(**columns), usage_row(day="2026-03-19")])
    ended = run("import_usage", path, "--json")
    (error,) = ended.document["errors"]
    assert (ended.code, ended.document["created"], error["row"], error["field"]) == (1, 1, 2, field)
    assert message in error["message"]
    assert UsageDay.objects.get().day == date(2026, 3, 19)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-21T01:00", datetime(2026, 3, 20, 17, 0, tzinfo=UTC)),
        ("2026-03-21 01:00:30", datetime(2026, 3, 20, 17, 0, 30, tzinfo=UTC)),
        ("2026-03-21T01:00Z", datetime(2026, 3, 21, 1, 0, tzinfo=UTC)),
        ("2026-03-21T01:00+09:00", datetime(2026, 3, 20, 16, 0, tzinfo=UTC)),
    ],
)
def test_an_instant_without_a_zone_is_shanghais(imported, text, instant):
    build.open_card()
    imported(usage_row(read_at=text))
    assert UsageDay.objects.get().read_at == instant


def test_19_characters_find_the_card_of_20_and_the_reverse(imported):
    for number in ("89860000000000000011", "89860000000000000021", "89860000000000000022", "8986000000000000003"):
        build.open_card(iccid=number)
    rows = [
        usage_row(iccid="8986000000000000001", bytes=1),
        usage_row(iccid="8986000000000000002", bytes=2),
        usage_row(iccid="89860000000000000039", bytes=3),
        usage_row(iccid="89860000000000000022", bytes=4),
    ]
    assert imported(*rows) == NOTHING | {
        "rows": 4,
        "created": 3,
        "errors": [{"row": 3, "field": "iccid", "message": "several cards begin with this ICCID"}],
    }
    used = {usage.card.iccid: usage.bytes for usage in UsageDay.objects.select_related("card")}
    assert used == {"89860000000000000011": 1, "8986000000000000003": 3, "89860000000000000022": 4}


def test_a_workbook(tmp_path):
    build.open_card()
    rows = [list(usage_row()), [iccid(1), date(2026, 3, 20), 1234, datetime(2026, 3, 21, 1, 0)]]
    assert result("import_usage", xlsx_file(tmp_path / "usage.xlsx", rows))["created"] == 1
    usage = UsageDay.objects.get()
    assert (usage.bytes, usage.read_at) == (1234, datetime(2026, 3, 20, 17, 0, tzinfo=UTC))


def test_a_dry_run_says_the_same_and_writes_nothing(imported):
    build.open_card()
    rows = [usage_row(bytes=5), usage_row(day="soon")]
    before = result("card", iccid(1))
    preview = imported(*rows, options=["--dry-run"])
    assert (result("card", iccid(1)), UsageDay.objects.count()) == (before, 0)
    assert imported(*rows) == preview


def test_more_rows_than_a_chunk(imported):
    card = build.card_in_use()
    build.do("set_limit", card, date(2026, 3, 1), limit_mb="1")
    midnight = datetime(2026, 3, 21)
    rows = [usage_row(bytes=n, read_at=(midnight + timedelta(seconds=n)).isoformat()) for n in range(5_001)]
    assert imported(*rows) == NOTHING | {"rows": 5_001, "created": 1, "stale": 5_000}
    assert state() == ("in_use", [], 5_000)


def test_all_that_is_wrong_with_a_row_is_said_at_once(tmp_path):
    build.card_in_use(iccid=iccid(1))
    path = tmp_path / "usage.csv"
    path.write_text(f"iccid,day,bytes,read_at\n{iccid(1)},2026/13/40,many,\n")
    refused = run("import_usage", str(path), "--json")
    (error,) = json.loads(refused.out)["errors"]
    assert (refused.code, error["row"], error["field"]) == (1, 2, "read_at")
    assert [name for name in ("day", "bytes") if f"{name}: " in error["message"]] == ["day", "bytes"]
