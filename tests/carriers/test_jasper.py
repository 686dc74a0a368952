"""Jasper at China Unicom: what is sent letter by letter, and what is made of each answer."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from cards.carriers.models import CarrierAccount
from cards.carriers.protocols import setting_of
from cards.carriers.protocols.jasper import Jasper
from cards.carriers.results import (
    Accepted,
    AccountFault,
    Amount,
    Busy,
    CallFailed,
    Listing,
    Missing,
    NoAmount,
    Seen,
    Sim,
    TurnedDown,
    Unknown,
)
from cards.errors import NothingHeard
from tests.carriers.anything import answers, few
from tests.carriers.scripted import NOW, Scripted, access_to, answered

pytestmark = pytest.mark.once

JASPER = Jasper()
FIELDS = {"user": "demoUser"}
PLANS = {"plan_on": "IoT", "plan_off": "IoT no data"}
SECRETS = {"api_key": "demo-key"}
ACCESS = access_to(JASPER, FIELDS | PLANS, SECRETS)
SIM = Sim(1, "89860600000000000012")
OTHER = Sim(2, "89860600000000000020")
TODAY = date(2026, 11, 28)
DEVICE = f"/rws/api/v1/devices/{SIM.iccid}"


def refused(status, code="20000001", text="No."):
    return answered({"errorMessage": text, "errorCode": code}, status)


def changed(call, aspect, goal, access=ACCESS):
    return JASPER.change(call, access, [SIM], aspect, goal)


def test_it_is_asked_by_one_call_at_a_time_with_user_and_key():
    account = CarrierAccount(protocol="jasper")
    assert (setting_of(account, "slots"), setting_of(account, "qps")) == (1, 5)
    call = Scripted({"status": "ACTIVATED"})
    JASPER.ask(call, ACCESS, [SIM])
    assert call.sent[0]["headers"] == {"Authorization": "Basic ZGVtb1VzZXI6ZGVtby1rZXk=", "Accept": "application/json"}


@pytest.mark.parametrize(
    ("aspect", "goal", "said"),
    [
        ("service", "stopped", {"status": "DEACTIVATED"}),
        ("service", "active", {"status": "ACTIVATED"}),
        ("service", "silent", {"status": "ACTIVATION_READY"}),
        ("activation", "active", {"status": "ACTIVATED"}),
        ("cancel", "", {"status": "RETIRED"}),
        ("data", "on", {"communicationPlan": "IoT"}),
        ("data", "off", {"communicationPlan": "IoT no data"}),
    ],
)
def test_a_change_is_one_call(aspect, goal, said):
    call = Scripted({"iccid": SIM.iccid})
    assert changed(call, aspect, goal) == [Accepted()]
    assert call.asked == [("PUT", DEVICE, said)]


def test_without_the_plans_there_is_no_data_switch():
    bare = access_to(JASPER, FIELDS, SECRETS)
    assert changed(Scripted(), "data", "off", bare) == [TurnedDown("", "no operation: data off", is_final=True)]
    assert JASPER.can(FIELDS | PLANS) - JASPER.can(FIELDS) == {"data"}


def test_what_there_is_no_operation_for_is_not_sent():
    assert changed(Scripted(), "service", "test") == [TurnedDown("", "no operation: service test", is_final=True)]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (refused(400, "4711"), TurnedDown("4711", "No.")),
        (refused(404), TurnedDown("20000001", "No.", is_final=True)),
        (answered({}, 404), TurnedDown("HTTP 404", "", is_final=True)),
        (refused(400, "10000001"), AccountFault("10000001", "No.")),
        (refused(401, "10000001"), AccountFault("HTTP 401", '{"errorMessage": "No.", "errorCode": "10000001"}')),
        (answered("<html>", 404), AccountFault("HTTP 404", "<html>")),
        (answered("slow", 429, **{"retry-after": "2"}), Busy(2, "HTTP 429", "slow")),
        (refused(500), Unknown("HTTP 500", '{"errorMessage": "No.", "errorCode": "20000001"}')),
        (answered("gone", 404), Unknown("HTTP 404", "gone")),
        ("", Unknown("", "")),
    ],
)
def test_what_becomes_of_a_change(answer, result):
    assert changed(Scripted(answer), "service", "stopped") == [result]


def test_silence_is_the_callers_affair():
    with pytest.raises(NothingHeard):
        changed(Scripted(NothingHeard("timeout")), "service", "stopped")


# state


@pytest.mark.parametrize(
    ("status", "service"),
    {
        **{"TEST_READY": "test", "INVENTORY": "silent", "ACTIVATION_READY": "silent", "DEACTIVATED": "stopped"},
        **dict.fromkeys(("RETIRED", "PURGED", "REPLACED"), "cancelled"),
        **{"HIBERNATED": "", "7": ""},
    }.items(),
)
def test_a_state_has_its_word_and_one_that_nobody_knows_has_none(status, service):
    call = Scripted({"iccid": SIM.iccid, "status": status})
    assert JASPER.ask(call, ACCESS, [SIM]) == [Seen(service, status)]
    assert call.asked == [("GET", DEVICE, {})]


@pytest.mark.parametrize(("plan", "data"), [("IoT", "on"), ("IoT no data", "off"), ("another", ""), (None, "")])
def test_what_else_a_device_says(plan, data):
    device = {
        "status": "ACTIVATED",
        "communicationPlan": plan,
        "imei": "861537040000019",
        "dateActivated": "2026-11-01 00:00:00.000+0000",
    }
    since = datetime(2026, 11, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    seen = Seen("active", "ACTIVATED", data=data, imei="861537040000019", since=since)
    assert JASPER.ask(Scripted(device), ACCESS, [SIM]) == [seen]


@pytest.mark.parametrize(
    ("answer", "look"),
    [
        (refused(404), Missing("20000001", "No.")),
        (refused(400), TurnedDown("20000001", "No.")),
        (answered("", 503), Busy(0, "HTTP 503", "")),
        ({"iccid": SIM.iccid}, Unknown("", f'{{"iccid": "{SIM.iccid}"}}')),
        ("[]", Unknown("", "[]")),
    ],
)
def test_a_look_that_shows_nothing_says_so(answer, look):
    assert JASPER.ask(Scripted(answer), ACCESS, [SIM]) == [look]


# usage and lists


def test_usage_is_bytes_of_the_cycle():
    call = Scripted({"ctdDataUsage": 3_145_728, "imei": "861"}, refused(404), {"ctdDataUsage": None})
    third = Sim(3, "89860600000000000038")
    assert JASPER.usage(call, ACCESS, [SIM, OTHER, third], TODAY) == [
        Amount(SIM, 3_145_728, NOW, raw="3145728 B", imei="861"),
        NoAmount(OTHER, "20000001 No."),
        NoAmount(third),
    ]
    assert call.asked[0] == ("GET", f"{DEVICE}/ctdUsages", {})


def test_a_call_for_usage_that_says_nothing_fails():
    with pytest.raises(CallFailed) as failed:
        JASPER.usage(Scripted(answered("", 503)), ACCESS, [SIM], TODAY)
    assert failed.value.result == Busy(0, "HTTP 503", "")


def test_changed_cards_are_listed_page_by_page():
    call = Scripted(
        {"pageNumber": 1, "devices": [{"iccid": SIM.iccid, "status": "ACTIVATED"}], "lastPage": False},
        {"pageNumber": 2, "devices": [{"iccid": OTHER.iccid}], "lastPage": True},
        {"devices": []},
    )
    assert JASPER.changed(call, ACCESS, NOW, "") == Listing((SIM.iccid,), "2")
    assert JASPER.changed(call, ACCESS, NOW, "2") == Listing((OTHER.iccid,))
    assert JASPER.changed(call, ACCESS, NOW, "3") == Listing(())
    said = {"modifiedSince": "2026-11-28T04:00:00Z", "pageSize": "50", "pageNumber": "1"}
    assert call.asked[0] == ("GET", "/rws/api/v1/devices", said)


# whatever comes

NAMES = ["status", "errorCode", "errorMessage", "iccid", "imei", "devices", "lastPage", "ctdDataUsage", "dateActivated"]
WORDS = ["ACTIVATED", "DEACTIVATED", "10000001", "12.5", SIM.iccid, "2026-11-28T12:00:00Z", False]


@few
@given(answers(NAMES, WORDS, lambda value: {"status": "ACTIVATED", "devices": value, "ctdDataUsage": value}))
def test_whatever_comes_nothing_breaks(three):
    def tried(method, *rest):
        try:
            return method(Scripted(*three), ACCESS, *rest)
        except CallFailed:
            return None

    assert len(tried(JASPER.change, [SIM], "service", "stopped")) == 1
    assert len(tried(JASPER.ask, [SIM, OTHER])) == 2
    tried(JASPER.usage, [SIM, OTHER], TODAY)
    tried(JASPER.changed, NOW, "")
