"""`card` and `forecast`: what a card is and what will become of it, letter for letter as scripts rely on it."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cards.models import CarrierPolicy
from tests import build
from tests.commands.calls import iccid, result, run

pytestmark = pytest.mark.django_db

TODAY = date(2026, 4, 2)


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(TODAY):
        yield


def test_a_new_card_in_full():
    build.open_card(msisdn="1440000000001", customer="海川共享")
    assert result("card", iccid(1)) == {
        "iccid": iccid(1),
        "msisdn": "1440000000001",
        "carrier": "cmcc",
        "customer": "海川共享",
        "state": "unused",
        "holds": [],
        "resumes_to": None,
        "opened_on": "2026-01-15",
        "test_until": None,
        "silent_from": "2026-01-15",
        "forced_activation_on": "2026-08-01",
        "activated_on": None,
        "activation_cause": None,
        "service_until": None,
        "cancel_on": None,
        "version": 1,
        "cycle": {"starts_on": None, "until": None, "used_bytes": 0, "quota_bytes": None, "limit_bytes": None},
        "forecast": [
            {"on": "2026-08-01", "action": "force_activate", "rule": "force_activate"},
            {"on": "2027-08-01", "action": "expire", "rule": "expire"},
            {"on": "2027-10-30", "action": "cancel", "rule": "cancel"},
        ],
        "events": [
            {
                "seq": 1,
                "action": "open",
                "from": None,
                "to": "unused",
                "effective_on": "2026-01-15",
                "actor": "manage.py",
                "rule": None,
                "reason": None,
            }
        ],
    }


def test_a_stopped_card_with_its_cycle_and_its_holds_by_precedence():
    card = build.card_in_use()
    build.do("set_limit", card, date(2026, 4, 1), limit_mb="20")
    build.do("suspend", card, date(2026, 4, 1), reason="on holiday")
    build.use(card, date(2026, 4, 1), 31)
    card = result("card", iccid(1))
    assert (card["state"], card["holds"], card["resumes_to"]) == (
        "suspended",
        ["credit", "threshold", "voluntary"],
        "in_use",
    )
    assert card["cycle"] == {
        "starts_on": "2026-04-01",
        "until": "2026-05-01",
        "used_bytes": 31 << 20,
        "quota_bytes": 30 << 20,
        "limit_bytes": 20 << 20,
    }
    assert card["forecast"][0] == {"on": "2026-05-01", "action": "roll_over", "rule": "roll_over"}
    reasons = [(event["action"], event["actor"], event["rule"], event["reason"]) for event in card["events"][3:]]
    assert reasons == [
        ("suspend", "manage.py", None, "on holiday"),
        ("place_hold", "rule:credit", "credit", None),
        ("place_hold", "rule:threshold", "threshold", None),
    ]


def test_a_card_is_shown_as_it_stands_even_if_something_is_due():
    build.open_card(opened_on="2025-06-01")
    card = result("card", iccid(1))
    assert (card["state"], card["forecast"][0]["on"]) == ("unused", "2026-01-01")


def test_several_and_all_are_arrays():
    for number in (1, 2, 3):
        build.open_card(iccid=iccid(number))
    assert [card["iccid"] for card in result("card", iccid(3), iccid(1))] == [iccid(3), iccid(1)]
    assert [card["iccid"] for card in result("card", "--all")] == [iccid(1), iccid(2), iccid(3)]
    assert result("card", iccid(1), iccid(1)) == [result("card", iccid(1))]


def test_all_of_nothing_is_an_empty_array():
    assert result("card", "--all") == []


def test_hundreds_of_cards_cost_as_many_queries_as_one():
    for number in range(1, 21):
        build.open_card(iccid=iccid(number))
    with CaptureQueriesContext(
        connection,
    ) as one:
        result("card", iccid(1))
    with CaptureQueriesContext(connection) as all_of_them:
        result("card", "--all")
    assert len(all_of_them) <= len(one) + 1


def test_19_characters_and_small_letters_will_do():
    build.open_card(iccid="898600000000000000A1")
    assert result("card", "898600000000000000a")["iccid"] == "898600000000000000A1"


def test_an_unknown_card_is_named():
    build.open_card()
    ended = run("card", iccid(1), iccid(2), "--json")
    assert (ended.code, len(ended.document), ended.err) == (1, 1, f"There is no card {iccid(2)}.\n")
    ended = run("card", iccid(2), "--json")
    assert (ended.code, ended.document, ended.err) == (1, None, f"There is no card {iccid(2)}.\n")
    ended = run("forecast", iccid(2), "--json")
    assert (ended.code, ended.document, ended.err) == (1, None, f"There is no card {iccid(2)}.\n")


def test_a_number_that_may_be_several_cards_is_none():
    build.open_card(iccid="89860000000000000011")
    build.open_card(iccid="89860000000000000012")
    ended = run("card", "8986000000000000001")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Several cards begin with 8986000000000000001: give all 20 characters.\n"


@pytest.mark.parametrize("arguments", [(), (iccid(1), "--all")])
def test_either_numbers_or_all(arguments):
    ended = run("card", *arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", "Give ICCIDs, or --all.\n")


def test_people_read_the_same():
    card = build.card_in_use(customer="海川共享")
    build.do("suspend", card, date(2026, 4, 1), reason="on holiday")
    assert run("card", iccid(1)).out.splitlines() == [
        "89860000000000000001  China Mobile  海川共享",
        "State: Suspended (Suspended manually) → In use",
        "  opened on: 2026-01-15",
        "  silent from: 2026-01-15",
        "  forced activation on: 2026-08-01",
        "  activated on: 2026-01-15",
        "  last day of service: 2026-12-31",
        "Cycle from 2026-04-01 to 2026-04-30: 0 of 30 MB",
        "Forecast:",
        "  2027-01-01  Shut down (The last term has ended)",
        "  2027-04-01  Cancel (Not renewed in time)",
        "Record:",
        "   1  2026-01-15  Open  Unused  manage.py",
        "   2  2026-01-15  Activate  Unused → In use  manage.py  “because”",
        "   3  2026-04-01  Suspend  In use → Suspended  manage.py  “on holiday”",
        "",
    ]


def test_a_forecast_with_its_evidence_through_a_day():
    build.open_card()
    assert result("forecast", iccid(1), "--through", "2026-12-31") == {
        "iccid": iccid(1),
        "forecast": [
            {
                "on": "2026-08-01",
                "action": "force_activate",
                "rule": "force_activate",
                "evidence": {"silent_from": "2026-01-15", "forced_activation_on": "2026-08-01"},
            }
        ],
    }
    assert run("forecast", iccid(1)).out.splitlines() == [
        iccid(1),
        "  2026-08-01  Force activation (The silent period is over)",
        "  2027-08-01  Shut down (The last term has ended)",
        "  2027-10-30  Cancel (Not renewed in time)",
    ]


def test_a_parked_card_has_no_forecast_and_says_why():
    card = build.open_card(carrier="cucc")
    CarrierPolicy.objects.filter(carrier="cucc").update(valid_from=date(2027, 1, 1))
    build.attempt("activate", card, TODAY)
    why = "no policy of the carrier China Unicom is in force on 2026-04-02"
    ended = run("forecast", iccid(1), "--json")
    assert (ended.code, ended.err) == (1, f"{why}\n")
    assert ended.document == {"iccid": iccid(1), "forecast": []}
    assert result("card", iccid(1))["forecast"] == []
    assert f"Parked: {why}" in run("card", iccid(1)).out
