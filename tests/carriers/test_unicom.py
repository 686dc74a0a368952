"""China Unicom's gateway: what is signed and sent letter by letter, and what is made of each answer."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from cards.carriers.protocols.unicom import Unicom, request_head, request_signature
from cards.carriers.results import (
    Accepted,
    AccountFault,
    AlreadySo,
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

UNICOM = Unicom()
FIELDS = {"app_id": "demoApp01", "open_id": "demoOpen"}
PLANS = {"nac_on": "1001", "nac_off": "1002"}
SECRETS = {"secret": "demoSecret"}
ACCESS = access_to(UNICOM, FIELDS | PLANS, SECRETS)
SIM = Sim(1, "89860600000000000012")
OTHER = Sim(2, "89860600000000000020")
TODAY = date(2026, 11, 28)


def well(**told):
    return {"status": "0000", "message": "success", "data": {"resultCode": "0000", "resultDesc": "成功", **told}}


def not_well(code, text="不行"):
    return {"status": "0000", "message": "success", "data": {"resultCode": code, "resultDesc": text}}


def terminal(status="2", number=SIM.iccid, **more):
    return {"iccid": number, "simStatus": status, **more}


def sent(call):
    """The method and its data, without what every call has."""
    return [
        (path, {name: value for name, value in said["data"].items() if name not in ("messageId", "openId", "version")})
        for _method, path, said in call.asked
    ]


def changed(call, aspect, goal, access=ACCESS):
    return UNICOM.change(call, access, [SIM], aspect, goal)


# the signature


@pytest.mark.parametrize(
    ("timestamp", "trans_id", "token"),
    [
        (
            "2026-01-02 03:04:05 678",
            "20260102030405678123456",
            "fc0f4168c475762fe4cfe51804839b6665d1cef2bdb04b36f0c2ad673f55163b",
        ),
        (
            "2026-11-28 12:00:00 001",
            "20261128120000001000001",
            "dd811334c036c1cccb010ad9367d1b9d51cca8d24f9fe0e5495b77ae3e0e4e13",
        ),
    ],
)
def test_the_signature(timestamp, trans_id, token):
    assert request_signature("demoApp01", timestamp, trans_id, "demoSecret") == token


def test_each_request_says_who_and_when_under_a_number_of_its_own():
    heads = [request_head(ACCESS, NOW) for _each in range(2)]
    numbers = [head.pop("trans_id") for head in heads]
    assert len(set(numbers)) == 2
    assert all(re.fullmatch(r"20261128120000001\d{6}", number) for number in numbers)
    assert [{**head, "token": ""} for head in heads] == [
        {"app_id": "demoApp01", "timestamp": "2026-11-28 12:00:00 001", "token": ""}
    ] * 2
    assert heads[0]["token"] == request_signature("demoApp01", "2026-11-28 12:00:00 001", numbers[0], "demoSecret")


def test_the_clock_is_a_setting():
    head = request_head(access_to(UNICOM, FIELDS, SECRETS, clock="utc"), NOW)
    assert (head["timestamp"], head["trans_id"][:17]) == ("2026-11-28 04:00:00 001", "20261128040000001")


def test_the_whole_body():
    call = Scripted(well())
    changed(call, "service", "stopped")
    method, path, said = call.asked[0]
    number = said["trans_id"]
    assert (method, path) == ("POST", "/api/wsEditTerminal/V1/1Main/vV1.1")
    assert said == {
        "app_id": "demoApp01",
        "timestamp": "2026-11-28 12:00:00 001",
        "trans_id": number,
        "token": request_signature("demoApp01", "2026-11-28 12:00:00 001", number, "demoSecret"),
        "data": {
            "messageId": number,
            "openId": "demoOpen",
            "version": "1.0",
            "iccid": SIM.iccid,
            "changeType": "3",
            "targetValue": "3",
            "asynchronous": "0",
        },
    }
    assert call.sent[0]["request_id"] == number


# changes


@pytest.mark.parametrize(
    ("aspect", "goal", "target"),
    [
        ("service", "stopped", "3"),
        ("service", "active", "2"),
        ("service", "silent", "1"),
        ("activation", "active", "2"),
        ("cancel", "", "4"),
    ],
)
def test_the_states_that_are_ordered(aspect, goal, target):
    call = Scripted(well(iccid=SIM.iccid))
    assert changed(call, aspect, goal) == [Accepted("", "0000", "成功")]
    said = {"iccid": SIM.iccid, "changeType": "3", "targetValue": target, "asynchronous": "0"}
    assert sent(call) == [("/api/wsEditTerminal/V1/1Main/vV1.1", said)]


@pytest.mark.parametrize(("goal", "plan"), [("on", "1001"), ("off", "1002")])
def test_the_data_switch_is_the_accounts_own_communication_plan(goal, plan):
    call = Scripted(well())
    assert changed(call, "data", goal) == [Accepted("", "0000", "成功")]
    said = {"iccid": SIM.iccid, "nacId": plan, "asynchronous": "0"}
    assert sent(call) == [("/api/wsEditNetworkAccessConfig/V1/1Main/vV1.1", said)]


def test_without_the_plans_there_is_no_data_switch():
    bare = access_to(UNICOM, FIELDS, SECRETS)
    assert changed(Scripted(), "data", "off", bare) == [TurnedDown("", "no operation: data off", is_final=True)]
    assert UNICOM.can(FIELDS | PLANS) - UNICOM.can(FIELDS) == {"data"}
    assert "data" not in UNICOM.can(FIELDS | {"nac_on": "1", "nac_off": ""})


def test_what_there_is_no_operation_for_is_not_sent():
    assert changed(Scripted(), "service", "test") == [TurnedDown("", "no operation: service test", is_final=True)]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (not_well("1193", "已是该状态"), AlreadySo("1193", "已是该状态")),
        (not_well("6079"), AlreadySo("6079", "不行")),
        (not_well("E004"), AlreadySo("E004", "不行")),
        (not_well("9017"), TurnedDown("9017", "不行")),
        (not_well("1044"), TurnedDown("1044", "不行")),
        ({"status": "4711", "message": "token校验失败"}, TurnedDown("4711", "token校验失败")),
        ({"status": 4711, "message": None, "data": None}, TurnedDown("4711", "")),
        (answered("", 429), Busy(0, "HTTP 429", "")),
        (answered("<html>IP", 403), AccountFault("HTTP 403", "<html>IP")),
        (answered(well(), 500), Unknown("HTTP 500", answered(well()).text)),
        ({"status": "0000"}, Unknown("", '{"status": "0000"}')),
        ("[]", Unknown("", "[]")),
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
        **{"0": "test", "1": "silent", "7": "silent", 3: "stopped", "3": "stopped"},
        **dict.fromkeys("4569", "cancelled"),
        **{"8": "", "42": ""},
    }.items(),
)
def test_a_state_has_its_word_and_one_that_nobody_knows_has_none(status, service):
    assert UNICOM.ask(Scripted(well(terminals=[terminal(status)])), ACCESS, [SIM]) == [Seen(service, str(status))]


def test_a_look_at_many_cards_is_one_call_and_who_is_left_out_is_missing():
    rows = [
        terminal("3", OTHER.iccid, realNameStatus="1", nacId="1002"),
        terminal("2", SIM.iccid[:19], realNameStatus="3", imei="861", nacId=1001, dateActivated="2026-11-01 08:00:00"),
        terminal("2", "89860600000000000999"),
    ]
    call = Scripted(well(terminals=rows))
    stranger = Sim(3, "89860600000000000038")
    since = datetime(2026, 11, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert UNICOM.ask(call, ACCESS, [SIM, OTHER, stranger]) == [
        Seen("active", "2", data="on", real_name="on", imei="861", since=since),
        Seen("stopped", "3", data="off", real_name="off"),
        Missing(),
    ]
    said = {"iccids": [SIM.iccid, OTHER.iccid, stranger.iccid]}
    assert sent(call) == [("/api/wsGetTerminalDetails/V1/1Main/vV1.1", said)]


@pytest.mark.parametrize(("told", "real_name"), [("0", "off"), ("1", "off"), ("2", "on"), ("9", ""), (None, "")])
def test_who_is_verified(told, real_name):
    call = Scripted(well(terminals=[terminal(realNameStatus=told)]))
    assert UNICOM.ask(call, ACCESS, [SIM]) == [Seen("active", "2", real_name=real_name)]


@pytest.mark.parametrize(
    ("answer", "look"),
    [
        (not_well("4711"), TurnedDown("4711", "不行")),
        (not_well("1193"), Unknown("1193", "不行")),
        (well(), Missing()),
        (well(terminals=None), Missing()),
        (well(terminals=[terminal(None)]), Unknown("", f'{{"iccid": "{SIM.iccid}", "simStatus": null}}')),
        (answered("", 503), Busy(0, "HTTP 503", "")),
        ("{", Unknown("", "{")),
    ],
)
def test_a_look_that_shows_nothing_says_so(answer, look):
    assert UNICOM.ask(Scripted(answer), ACCESS, [SIM]) == [look]


def test_one_card_does_not_hide_the_others():
    call = Scripted(not_well("4711"), well(terminals=[terminal()]), not_well("4711"))
    assert UNICOM.ask(call, ACCESS, [SIM, OTHER]) == [Seen("active", "2"), TurnedDown("4711", "不行")]
    assert [said["iccids"] for _path, said in sent(call)] == [[SIM.iccid, OTHER.iccid], [SIM.iccid], [OTHER.iccid]]


def test_what_the_gateway_itself_refuses_is_not_asked_again_for_each_card():
    call = Scripted({"status": "4711", "message": "token校验失败"})
    assert UNICOM.ask(call, ACCESS, [SIM, OTHER]) == [TurnedDown("4711", "token校验失败")] * 2


# usage and lists


def test_usage_is_megabytes_of_the_cycle():
    rows = [
        terminal(monthToDateDataUsage="3.000000", imei="861"),
        terminal("2", OTHER.iccid, monthToDateDataUsage=""),
    ]
    call = Scripted(well(terminals=rows))
    stranger = Sim(3, "89860600000000000038")
    assert UNICOM.usage(call, ACCESS, [OTHER, SIM, stranger], TODAY) == [
        NoAmount(OTHER),
        Amount(SIM, 3_145_728, NOW, raw="3.000000 MB", imei="861"),
        NoAmount(stranger),
    ]


def test_a_call_for_usage_that_fails_fails_as_a_whole():
    with pytest.raises(CallFailed) as failed:
        UNICOM.usage(Scripted(not_well("4711")), ACCESS, [SIM], TODAY)
    assert failed.value.result == TurnedDown("4711", "不行")


@pytest.mark.parametrize(
    "told",
    [{"iccids": [SIM.iccid, OTHER.iccid]}, {"terminals": [{"iccid": SIM.iccid}, {"iccid": OTHER.iccid}]}],
)
def test_changed_cards_come_in_one_call(told):
    call = Scripted(well(**told))
    assert UNICOM.changed(call, ACCESS, NOW, "") == Listing((SIM.iccid, OTHER.iccid))
    assert sent(call) == [("/api/wsGetModifiedTerminals/V1/1Main/vV1.1", {"since": "2026-11-28 12:00:00"})]


# whatever comes

NAMES = ["status", "message", "data", "resultCode", "terminals", "iccids", "iccid", "simStatus", "realNameStatus"]
NAMES += ["dateActivated", "monthToDateDataUsage", "nacId", "imei"]
WORDS = ["0000", "1193", "2", "3", "12.5", SIM.iccid, "2026-11-28 12:00:00"]


@few
@given(answers(NAMES, WORDS, lambda value: well(terminals=value, iccids=value)))
def test_whatever_comes_nothing_breaks(three):
    def tried(method, *rest):
        try:
            return method(Scripted(*three), ACCESS, *rest)
        except CallFailed:
            return None

    assert len(tried(UNICOM.change, [SIM], "service", "stopped")) == 1
    assert len(tried(UNICOM.ask, [SIM, OTHER])) == 2
    tried(UNICOM.usage, [SIM, OTHER], TODAY)
    tried(UNICOM.changed, NOW, "")
