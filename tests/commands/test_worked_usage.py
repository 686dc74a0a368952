"""The worked dates of the domain that usage brings about, through the commands: files in, actions, the sweep."""

from datetime import date, datetime, timedelta
from itertools import count

import pytest

from cards.models import Card, CardEvent, CarrierPolicy, Plan
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result, usage_row

pytestmark = pytest.mark.django_db

MB = 2**20


@pytest.fixture
def lived(tmp_path):
    """Takes in a card on the day on which it is opened, if a row is given, and takes it through what comes.

    That is (day, what) of each: a sweep, an action with its parameters, or readings (how many MB on which days).
    """
    minutes = count()

    def told(on, megabytes):
        read_at = datetime.fromisoformat(on) + timedelta(minutes=next(minutes))
        readings = [usage_row(day=day, bytes=mb * MB, read_at=read_at.isoformat()) for day, mb in megabytes.items()]
        return result("import_usage", csv_file(tmp_path / "usage.csv", readings))

    def live(row, *life):
        if row:
            with build.on_day(date.fromisoformat(row["opened_on"])):
                assert result("import_cards", csv_file(tmp_path / "cards.csv", [row]))["errors"] == []
        for day, what, *parameters in life:
            with build.on_day(date.fromisoformat(day)):
                if isinstance(what, dict):
                    assert told(day, what)["errors"] == []
                elif what == "sweep":
                    result("sweep")
                else:
                    done = result("act", what, iccid(1), "--reason", "because", *parameters)
                    assert [result["done"] for result in done["results"]] == [True]
                card = result("card", iccid(1))
        return card

    return live


def story(since=1):
    """The card's record in short, from its record `since` on."""
    records = build.story(Card.objects.get())
    return [" ".join(filter(None, (str(on), action, rule))) for action, rule, _to, on in records[since:]]


def used(card):
    return card["cycle"]["used_bytes"] / MB


def test_the_last_day_of_a_month_told_on_the_first(lived):
    row = card_row(opened_on="2026-02-01")
    card = lived(
        row,
        ("2026-02-27", {"2026-02-27": 2}),
        ("2026-03-01", "sweep"),
        ("2026-03-01", {"2026-02-28": 45}),
    )
    assert (card["state"], card["holds"], used(card)) == ("in_use", [], 0)
    assert story() == ["2026-02-27 activate first_use"]


@pytest.mark.parametrize(
    ("corrected_to", "state", "record"),
    [(2, "in_use", ["2026-03-10 lift_hold credit"]), (30, "suspended", []), (50, "suspended", [])],
)
def test_a_hold_by_credit_goes_with_its_figure(lived, corrected_to, state, record):
    row = card_row(opened_on="2026-02-01")
    card = lived(row, ("2026-03-05", {"2026-03-05": 45}), ("2026-03-10", {"2026-03-05": corrected_to}))
    assert (card["state"], used(card)) == (state, corrected_to)
    assert story(2) == ["2026-03-05 place_hold credit", *record]


def test_the_day_on_which_a_test_was_used_up_is_no_first_use(lived):
    row = card_row(opened_on="2026-01-10", test_months=3, test_quota_mb=5)
    card = lived(row, ("2026-01-20", {"2026-01-20": 6}), ("2026-01-21", {"2026-01-20": 7}))
    assert (card["state"], card["silent_from"], card["activated_on"]) == ("unused", "2026-01-20", None)
    card = lived(None, ("2026-01-22", {"2026-01-21": 1}))
    assert (card["state"], card["activated_on"]) == ("in_use", "2026-01-21")


def test_a_test_does_not_end_before_a_day_that_was_counted(lived):
    row = card_row(opened_on="2026-02-01", test_months=3, test_quota_mb=10)
    card = lived(row, ("2026-02-26", {"2026-02-25": 3}), ("2026-02-27", {"2026-02-20": 8}))
    assert (card["state"], card["silent_from"]) == ("unused", "2026-02-25")
    assert story() == ["2026-02-25 end_test end_test"]


def test_a_day_of_nothing_does_not_keep_a_test_from_ending_before_it(lived):
    row = card_row(opened_on="2026-02-01", test_months=3, test_quota_mb=10)
    card = lived(row, ("2026-02-26", {"2026-02-25": 0}), ("2026-02-27", {"2026-02-20": 12}))
    assert (card["state"], card["silent_from"]) == ("unused", "2026-02-20")


def test_first_use_told_in_the_month_after(lived):
    row = card_row(opened_on="2026-04-01")
    card = lived(row, ("2026-05-02", {"2026-04-20": 45}))
    assert (card["state"], card["activated_on"], card["service_until"]) == ("in_use", "2026-04-20", "2027-04-01")
    assert card["cycle"] == {
        "starts_on": "2026-05-01",
        "until": "2026-06-01",
        "used_bytes": 0,
        "quota_bytes": 30 * MB,
        "limit_bytes": None,
    }
    assert story() == ["2026-04-20 activate first_use"]
    known = Card.objects.get()
    assert (known.cycle_from, known.cycle_until, known.used_bytes) == (date(2026, 5, 1), date(2026, 6, 1), 0)


def test_first_use_told_when_its_only_month_is_over(lived):
    row = card_row(opened_on="2026-04-01", plan="M1-100")
    card = lived(row, ("2026-05-02", {"2026-04-20": 145}))
    assert (card["state"], card["activated_on"], card["holds"]) == ("in_use", "2026-04-20", [])
    foreseen = [(step["on"], step["action"]) for step in card["forecast"]]
    assert foreseen == [("2026-05-01", "expire"), ("2026-07-30", "cancel")]
    card = lived(None, ("2026-05-02", "sweep"))
    assert (card["state"], card["cancel_on"]) == ("shut_down", "2026-07-30")
    assert story() == ["2026-04-20 activate first_use", "2026-05-01 expire expire"]


def test_first_use_without_a_check_told_in_the_month_after(lived):
    row = card_row(opened_on="2026-04-01", certification="individual")
    card = lived(row, ("2026-05-02", {"2026-04-20": 45}))
    facts = (card["state"], card["holds"], card["resumes_to"], card["service_until"], used(card))
    assert facts == ("suspended", ["real_name"], "in_use", None, 0)
    assert story() == ["2026-04-20 place_hold first_use"]


def test_forced_active_it_stays_so(lived):
    row = card_row(opened_on="2025-08-31")
    card = lived(row, ("2026-03-01", "sweep"), ("2026-03-02", {"2026-02-27": 45}))
    assert (card["state"], card["activated_on"], card["activation_cause"], used(card)) == (
        "in_use",
        "2026-03-01",
        "forced",
        0,
    )
    assert story() == ["2026-03-01 force_activate force_activate"]


def test_a_hold_goes_by_itself_when_its_own_figure_is_withdrawn(lived):
    row = card_row(opened_on="2026-03-01")
    card = lived(
        row,
        ("2026-03-02", "activate"),
        ("2026-03-02", "set_limit", "--set", "limit_mb=20"),
        ("2026-03-05", {"2026-03-05": 45}),
        ("2026-03-10", {"2026-03-05": 25}),
    )
    assert (card["holds"], used(card)) == (["threshold"], 25)
    assert story(3) == [
        "2026-03-05 place_hold credit",
        "2026-03-05 place_hold threshold",
        "2026-03-10 lift_hold credit",
    ]
    assert CardEvent.objects.latest("seq").evidence == {
        "used_bytes": 25 * MB,
        "allowance_bytes": 30 * MB,
        "lifted": ["credit"],
        "still_held": ["threshold"],
    }
    card = lived(None, ("2026-03-11", {"2026-03-05": 2}))
    assert (card["state"], card["holds"]) == ("in_use", [])


def test_both_holds_go_each_with_a_record_of_its_own(lived):
    row = card_row(opened_on="2026-03-01")
    card = lived(
        row,
        ("2026-03-02", "activate"),
        ("2026-03-02", "set_limit", "--set", "limit_mb=20"),
        ("2026-03-05", {"2026-03-05": 45}),
        ("2026-03-06", "suspend"),
        ("2026-03-10", {"2026-03-05": 2}),
    )
    assert card["holds"] == ["voluntary"]
    assert story(6) == ["2026-03-10 lift_hold credit", "2026-03-10 lift_hold threshold"]


def test_what_a_pack_has_lifted_no_correction_lifts_again(lived):
    row = card_row(opened_on="2026-03-01")
    card = lived(
        row,
        ("2026-03-05", {"2026-03-05": 45}),
        ("2026-03-06", "top_up", "--set", "plan=PACK-100"),
        ("2026-03-07", {"2026-03-05": 2}),
        ("2026-04-01", "sweep"),
    )
    assert (card["state"], card["cycle"]["quota_bytes"]) == ("in_use", 30 * MB)
    assert story(2) == ["2026-03-05 place_hold credit", "2026-03-06 grant", "2026-04-01 roll_over roll_over"]


def test_a_waiver_stays_whatever_is_corrected(lived):
    row = card_row(opened_on="2026-03-01")
    lived(
        row,
        ("2026-03-02", "activate"),
        ("2026-03-02", "set_limit", "--set", "limit_mb=20"),
        ("2026-03-05", {"2026-03-05": 25}),
        ("2026-03-06", "resume"),
        ("2026-03-07", {"2026-03-05": 2}),
    )
    assert Card.objects.get().limit_waived
    lived(None, ("2026-04-01", "sweep"))
    assert not Card.objects.get().limit_waived
    assert story(3) == ["2026-03-05 place_hold threshold", "2026-03-06 resume", "2026-04-01 roll_over roll_over"]


def test_a_hold_from_an_earlier_cycle_has_no_figure_in_this_one(lived):
    CarrierPolicy.objects.update(restores_credit=False)
    row = card_row(opened_on="2026-03-01")
    march = [("2026-03-05", {"2026-03-05": 45}), ("2026-04-01", "sweep")]
    card = lived(row, *march, ("2026-04-03", {"2026-04-02": 40}))
    assert (card["holds"], used(card)) == (["credit"], 40)
    card = lived(None, ("2026-04-04", {"2026-04-02": 20}))
    assert (card["holds"], used(card)) == (["credit"], 20)
    card = lived(None, ("2026-04-05", "top_up", "--set", "plan=PACK-100"))
    assert (card["holds"], card["state"]) == ([], "in_use")
    assert story(2) == ["2026-03-05 place_hold credit", "2026-04-01 roll_over roll_over", "2026-04-05 grant"]


def test_chains_of_anniversary_terms_begin_anew_behind_a_calendar_term(lived):
    Plan.objects.create(code="M1A", kind="plan", months=1, alignment="anniversary", quota_mb=100)
    row = card_row(opened_on="2026-01-31", plan="M1A")
    renewals = [("2026-01-31", "renew", "--set", f"plan={plan}") for plan in ("M1-100", "M1A")]
    card = lived(row, ("2026-01-31", "activate"), *renewals)
    assert [step["on"] for step in card["forecast"]][:3] == ["2026-02-28", "2026-03-01", "2026-04-01"]


@pytest.mark.parametrize(
    ("renewed_on", "service_until"),
    [("2026-02-28", "2026-03-31"), ("2026-03-01", "2026-04-01"), ("2026-03-05", "2026-04-05")],
)
def test_a_day_without_service_ends_a_chain(lived, renewed_on, service_until):
    Plan.objects.create(code="M1A", kind="plan", months=1, alignment="anniversary", quota_mb=100)
    card = lived(
        card_row(opened_on="2026-01-31", plan="M1A"),
        ("2026-01-31", "activate"),
        ("2026-02-28", "sweep"),
        (renewed_on, "renew", "--set", "plan=M1A"),
    )
    assert (card["state"], card["service_until"]) == ("in_use", service_until)


@pytest.mark.parametrize("restores", [True, False])
@pytest.mark.parametrize(
    ("queued", "state", "holds", "record"),
    [(True, "in_use", [], "start_term"), (False, "shut_down", ["credit"], "expire")],
)
def test_on_the_last_day_of_its_term_a_cycle_is_followed_by_none(lived, queued, restores, state, holds, record):
    CarrierPolicy.objects.update(restores_credit=restores)
    row = card_row(opened_on="2026-01-01", plan="M1-100")
    renewal = [("2026-01-02", "renew", "--set", "plan=M1-100")] if queued else []
    card = lived(row, *renewal, ("2026-01-20", {"2026-01-20": 145}), ("2026-02-01", "sweep"))
    assert (card["state"], card["holds"]) == (state, holds)
    assert story()[-2:] == ["2026-01-20 place_hold credit", f"2026-02-01 {record} {record}"]
