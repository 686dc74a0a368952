"""OneLink v5: what is sent letter by letter, and what is made of each answer. Numbers and secrets are invented."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from cards.carriers.protocols.onelink import OneLink, stop_reasons, transaction_number
from cards.carriers.results import (
    Accepted,
    AccountFault,
    AlreadySo,
    Amount,
    Busy,
    CallFailed,
    Listing,
    LoginRefused,
    Missing,
    NoAmount,
    Ordered,
    Seen,
    Sim,
    Token,
    TurnedDown,
    Unknown,
)
from cards.errors import NothingHeard
from tests.carriers.anything import answers, few
from tests.carriers.scripted import NOW, Scripted, access_to, answered

pytestmark = pytest.mark.once

ONELINK = OneLink()
ACCESS = access_to(ONELINK, {"appid": "demoApp01"}, {"password": "demoPass"})
SIM = Sim(1, "89860400000000000017", "1440000000001")
WITHOUT_NUMBER = Sim(2, "89860400000000000025")
OTHER = Sim(3, "89860400000000000033", "1440000000003")
DAY = date(2026, 11, 27)


def taken(*rows):
    return {"status": "0", "message": "正确", "result": list(rows)}


def refused(code, message="不行"):
    return {"status": code, "message": message, "result": []}


def sent(call):
    """What was asked, without what is the same or new in each."""
    return [
        (path, {name: value for name, value in said.items() if name not in ("token", "transid")})
        for _method, path, said in call.asked
    ]


def changed(call, aspect, goal, *sims):
    return ONELINK.change(call, ACCESS, sims or [SIM], aspect, goal)


# login


def test_a_login_gives_the_token_and_its_seconds_as_text_or_number():
    call = Scripted(taken({"token": "T", "ttl": "3600"}), taken({"token": "U", "ttl": 60}), taken({"token": "V"}))
    assert [ONELINK.login(call, ACCESS) for _each in range(3)] == [Token("T", 3600), Token("U", 60), Token("V", 300)]
    method, path, said = call.asked[0]
    assert (method, path) == ("POST", "/v5/ec/get/token")
    assert said == {"appid": "demoApp01", "password": "demoPass", "transid": call.sent[0]["request_id"]}


def test_a_transaction_has_the_account_the_second_and_eight_digits_of_its_own():
    numbers = {transaction_number("demoApp01", NOW) for _each in range(100)}
    assert len(numbers) == 100
    assert all(re.fullmatch(r"demoApp0120261128120000\d{8}", number) for number in numbers)


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (refused("12001", "密码错误"), LoginRefused, "12001 密码错误"),
        (answered("IP", 403), LoginRefused, "HTTP 403 IP"),
    ],
)
def test_an_account_that_is_not_accepted_gets_no_token(answer, error, text):
    with pytest.raises(error, match=text):
        ONELINK.login(Scripted(answer), ACCESS)


@pytest.mark.parametrize(
    ("answer", "busy"),
    [
        (answered("", 503, **{"retry-after": "9"}), Busy(9, "HTTP 503", "get/token")),
        (answered("oops", 500), Busy(0, "HTTP 500", "get/token")),
        ('{"status":"0","result":[{"token":"half of a to', Busy(0, "", "get/token")),
        (taken(), Busy(0, "0", "get/token")),
    ],
)
def test_a_login_that_fails_for_now_is_tried_later_and_repeats_no_piece_of_a_token(answer, busy):
    with pytest.raises(CallFailed) as failed:
        ONELINK.login(Scripted(answer), ACCESS)
    assert failed.value.result == busy


def test_a_refused_token_is_renewed_once():
    expired, done = refused("12021", "TOKEN不存在或已过期"), taken({"orderNum": "N1", "msisdn": SIM.msisdn})
    call = Scripted(expired, done)
    assert changed(call, "service", "stopped") == [Accepted("N1", "0", "正确")]
    assert [said["token"] for _method, _path, said in call.asked] == ["T1", "T2"]
    assert call.asked[0][2]["transid"] != call.asked[1][2]["transid"]
    call = Scripted(expired, expired)
    assert changed(call, "service", "stopped") == [Busy(0, "12021", "TOKEN不存在或已过期")]


# changes of one card

ORDER = taken({"orderNum": "N1"})


@pytest.mark.parametrize(
    ("code", "aspect", "goal", "operation"),
    [
        ("2", "service", "stopped", "0"),
        ("4", "service", "active", "1"),
        ("6", "service", "silent", "4"),
        ("7", "activation", "active", "2"),
        ("6", "activation", "active", "5"),
        ("1", "activation", "active", "6"),
    ],
)
def test_the_operations_of_one_card(code, aspect, goal, operation):
    call = Scripted(ORDER)
    sim = Sim(1, SIM.iccid, SIM.msisdn, code=code)
    assert changed(call, aspect, goal, sim) == [Accepted("N1", "0", "正确")]
    assert sent(call) == [("/v5/ec/change/sim-status", {"msisdn": SIM.msisdn, "operType": operation})]


def test_what_there_is_no_operation_for_is_not_sent():
    assert changed(Scripted(), "service", "test") == [TurnedDown("", "no operation: service test", is_final=True)]
    assert (
        changed(Scripted(), "service", "test", SIM, OTHER)
        == [TurnedDown("", "no operation: service test", is_final=True)] * 2
    )


def test_a_card_without_a_number_goes_by_its_iccid():
    call = Scripted(taken({"iccid": WITHOUT_NUMBER.iccid}))
    assert changed(call, "service", "stopped", WITHOUT_NUMBER) == [Accepted("", "0", "正确")]
    assert sent(call) == [("/v5/ec/change/sim-status", {"iccid": WITHOUT_NUMBER.iccid, "operType": "0"})]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (refused("11011"), TurnedDown("11011", "不行", is_final=True)),
        (refused("12199"), TurnedDown("12199", "不行", is_final=True)),
        (refused("47110815", "该卡三分钟内已办理"), TurnedDown("47110815", "该卡三分钟内已办理")),
        (refused(77), TurnedDown("77", "不行")),
        (answered({"status": 404, "error": "Not Found"}, 404), TurnedDown("404", "")),
        (answered("slow down", 429, **{"retry-after": "3"}), Busy(3, "HTTP 429", "slow down")),
        (answered("<html>", 200), AccountFault("HTTP 200", "<html>")),
        (answered("oops", 500), Unknown("HTTP 500", "oops")),
        ("{}", Unknown("", "{}")),
        ('{"status":null}', Unknown("", '{"status":null}')),
        ("", Unknown("", "")),
    ],
)
def test_what_becomes_of_a_change(answer, result):
    assert changed(Scripted(answer), "service", "stopped") == [result]


def test_silence_is_the_callers_affair():
    with pytest.raises(NothingHeard):
        changed(Scripted(NothingHeard("timeout")), "service", "stopped")


def functions(*services):
    names = ("serviceType", "serviceStatus", "apnName")
    return taken({"serviceTypeList": [dict(zip(names, service, strict=False)) for service in services]})


def test_data_is_switched_by_the_apns_that_the_card_has():
    call = Scripted(
        functions(("01", "1"), ("11", "1", "CMIOT"), ("11", "0", "CMMTM"), ("11", "1", "APN3")), ORDER, ORDER
    )
    assert changed(call, "data", "off") == [Accepted("N1", "0", "正确")]
    assert sent(call) == [
        ("/v5/ec/query/sim-communication-function-status", {"msisdn": SIM.msisdn}),
        ("/v5/ec/operate/sim-apn-function", {"msisdn": SIM.msisdn, "operType": "1", "apnName": "CMIOT"}),
        ("/v5/ec/operate/sim-apn-function", {"msisdn": SIM.msisdn, "operType": "1", "apnName": "APN3"}),
    ]
    call = Scripted(functions(("11", "0", "CMIOT")), ORDER)
    assert changed(call, "data", "on") == [Accepted("N1", "0", "正确")]
    assert sent(call)[1][1]["operType"] == "0"


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([functions(("11", "0", "CMIOT"))], AlreadySo()),
        ([functions(("11", "1", "CMIOT")), refused("12048")], AlreadySo("12048", "不行")),
        ([functions(("11", "1", "CMIOT")), refused("1")], TurnedDown("1", "不行")),
        ([functions(("01", "1"))], TurnedDown("", "no operation: data off", is_final=True)),
        ([functions(("11", "1"))], TurnedDown("", "no operation: data off", is_final=True)),
        ([refused("1")], TurnedDown("1", "不行")),
    ],
)
def test_data_is_not_switched_twice_and_not_without_an_apn(answers, result):
    assert changed(Scripted(*answers), "data", "off") == [result]


def test_a_card_is_bound_to_a_device_and_let_go():
    call = Scripted(ORDER, ORDER)
    assert changed(call, "binding", "356938035643809") == [Accepted("N1", "0", "正确")]
    assert changed(call, "binding", "") == [Accepted("N1", "0", "正确")]
    bound = {"msisdn": SIM.msisdn, "operType": "1", "bindingStyle": "1", "tac": "35693803564380"}
    assert sent(call) == [
        ("/v5/ec/operate/card-bind-by-bill", bound),
        ("/v5/ec/operate/card-bind-by-bill", {"msisdn": SIM.msisdn, "operType": "2"}),
    ]


# changes of many cards


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("stopped", {"operType": "9", "reason": "01"}),
        ("active", {"operType": "11", "reason": "01"}),
        ("silent", {"operType": "2"}),
    ],
)
def test_a_batch_has_numbers_of_its_own_for_the_same_operations(goal, said):
    call = Scripted(taken({"jobId": "J1"}))
    assert changed(call, "service", goal, SIM, OTHER) == [Accepted("J1", "0", "正确", is_batch=True)] * 2
    assert sent(call) == [("/v5/ec/change/sim-status/batch", {"msisdns": "1440000000001_1440000000003", **said})]


def test_numbers_of_a_batch_are_of_one_kind():
    call = Scripted(refused("1"))
    assert changed(call, "service", "stopped", SIM, WITHOUT_NUMBER) == [TurnedDown("1", "不行")] * 2
    assert sent(call)[0][1]["iccids"] == f"{SIM.iccid}_{WITHOUT_NUMBER.iccid}"


# orders


@pytest.mark.parametrize(
    ("row", "ordered"),
    [
        ({"orderNum": "N1", "status": "completed", "statusDate": "20261128120000"}, Ordered(True, False, "completed")),
        ({"status": "Failed", "failReason": "卡欠费"}, Ordered(False, True, "Failed", "卡欠费")),
        ({"status": "aborted"}, Ordered(False, True, "aborted")),
        ({"status": "inProgress"}, Ordered(False, False, "inProgress")),
        ({"status": "whatever"}, Ordered(False, False, "whatever")),
        ({}, Ordered()),
    ],
)
def test_an_order_is_done_failed_or_under_way(row, ordered):
    call = Scripted(taken(row))
    assert ONELINK.order(call, ACCESS, SIM, "N1", False) == ordered
    assert sent(call) == [("/v5/ec/query/order-info", {"orderNum": "N1"})]


PARTS = [
    {"resultType": "1", "resultId": OTHER.msisdn, "status": "0", "message": "ok"},
    {"resultType": "1", "resultId": SIM.msisdn, "status": "4711", "message": "三分钟内已办理"},
]


@pytest.mark.parametrize(
    ("job", "sim", "ordered"),
    [
        ({"jobStatus": "0"}, SIM, Ordered(code="0")),
        ({"jobStatus": 1}, SIM, Ordered(code="1")),
        ({"jobStatus": "2"}, SIM, Ordered(is_done=True, code="2", text="正确")),
        ({"jobStatus": "3", "resultList": PARTS}, SIM, Ordered(is_failed=True, code="4711", text="三分钟内已办理")),
        ({"jobStatus": "3", "resultList": PARTS}, OTHER, Ordered(is_done=True, code="0", text="ok")),
        ({"jobStatus": "3", "resultList": PARTS}, WITHOUT_NUMBER, Ordered(code="3", text="正确")),
        ({"jobStatus": "4"}, SIM, Ordered(is_failed=True, code="4", text="正确")),
        ({}, SIM, Ordered(text="正确")),
    ],
)
def test_a_job_says_of_each_card_what_became_of_it(job, sim, ordered):
    call = Scripted(taken(job))
    assert ONELINK.order(call, ACCESS, sim, "J1", True) == ordered
    assert sent(call) == [("/v5/ec/query/sim-batch-result", {"jobId": "J1"})]


def test_an_order_that_nobody_tells_of_is_no_failed_order():
    with pytest.raises(CallFailed) as failed:
        ONELINK.order(Scripted(refused("1")), ACCESS, SIM, "N1", False)
    assert failed.value.result == TurnedDown("1", "不行")


# state

CODES = {
    **{"1": "silent", "2": "active", "6": "test", "7": "silent", "8": "cancelled", "9": "cancelled"},
    **{"00": "active", "03": "cancelled", "04": "cancelled", "07": "silent"},
    **{"05": "", "06": "", "77": ""},
}
SINCE = datetime(2026, 11, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(("code", "service"), CODES.items())
def test_a_state_has_its_word_and_one_that_nobody_knows_has_none(code, service):
    call = Scripted(taken({"cardStatus": code, "lastChangeDate": "20261101080000"}))
    assert ONELINK.ask(call, ACCESS, [SIM]) == [Seen(service, code, since=SINCE)]
    assert sent(call) == [("/v5/ec/query/sim-status", {"msisdn": SIM.msisdn})]


@pytest.mark.parametrize("code", ["4", "01", "02"])
def test_a_stopped_card_is_asked_why(code):
    why = taken({"platformType": "1", "stopReason": "000200002000", "shutdownReasonDesc": "管理停机"})
    call = Scripted(taken({"cardStatus": code}), why)
    seen = Seen("stopped", code, reasons=("managed", "own"), reason_text="000200002000 管理停机")
    assert ONELINK.ask(call, ACCESS, [SIM]) == [seen]


@pytest.mark.parametrize(
    ("why", "look"),
    [
        (refused("5", "无记录"), Seen("stopped", "4", reason_text="5 无记录")),
        (taken(), Seen("stopped", "4")),
        (answered("", 503), Busy(0, "HTTP 503", "")),
        (answered("oops", 500), Unknown("HTTP 500", "oops")),
    ],
)
def test_a_stop_is_not_told_without_its_reason_unless_there_is_none(why, look):
    assert ONELINK.ask(Scripted(taken({"cardStatus": "4"}), why), ACCESS, [SIM]) == [look]


@pytest.mark.parametrize(
    ("mask", "reasons"),
    [
        ("200000000000", ("ended",)),
        ("020000000000", ("device",)),
        ("002000000000", ("other",)),
        ("000020000000", ("credit",)),
        ("000000002220", ("own", "region", "forced")),
        ("000000000000", ()),
        ("111111111111", ()),
        ("", ()),
        ("2", ("other",)),
    ],
)
def test_the_twelve_places_of_reasons(mask, reasons):
    assert stop_reasons(mask) == reasons


def test_a_thorough_look_asks_for_the_rest():
    call = Scripted(
        taken({"cardStatus": "2"}),
        taken({"realNameStatus": "1"}),
        taken({"imei": "356938035643809"}),
        functions(("11", "0", "CMIOT"), ("11", "1", "CMMTM")),
    )
    seen = Seen("active", "2", data="on", real_name="on", imei="356938035643809")
    assert ONELINK.ask(call, ACCESS, [SIM], is_thorough=True) == [seen]
    assert [path.removeprefix("/v5/ec/query/") for path, _said in sent(call)] == [
        "sim-status",
        "sim-real-name-status",
        "sim-imei",
        "sim-communication-function-status",
    ]


def test_what_a_thorough_look_is_not_told_stays_blank():
    call = Scripted(taken({"cardStatus": "2"}), NothingHeard(), taken({"imei": "861"}), NothingHeard())
    assert ONELINK.ask(call, ACCESS, [SIM], is_thorough=True) == [Seen("active", "2", imei="861")]
    call = Scripted(taken({"cardStatus": "2"}), refused("1"), answered("", 500), functions(("11", "9", "CMIOT")))
    assert ONELINK.ask(call, ACCESS, [SIM], is_thorough=True) == [Seen("active", "2")]
    call = Scripted(taken({"cardStatus": "2"}), taken({"realNameStatus": "0"}), taken(), functions(("11", "0", "A")))
    assert ONELINK.ask(call, ACCESS, [SIM], is_thorough=True) == [Seen("active", "2", data="off", real_name="off")]


@pytest.mark.parametrize(
    ("answer", "look"),
    [
        (refused("11011"), Missing("11011", "不行")),
        (taken({"cardStatus": "99"}), Missing("99")),
        (refused("1"), TurnedDown("1", "不行")),
        (taken(), Unknown("", '{"status": "0", "message": "正确", "result": []}')),
        (refused("12047"), Unknown("12047", "不行")),
        (answered("", 503), Busy(0, "HTTP 503", "")),
        ("", Unknown("", "")),
    ],
)
def test_a_look_that_shows_nothing_says_so(answer, look):
    assert ONELINK.ask(Scripted(answer), ACCESS, [SIM]) == [look]


# usage, lists, links


def test_the_usage_of_a_day_is_kilobytes_and_blank_is_not_zero():
    rows = [
        {"msisdn": SIM.msisdn, "dataAmount": "3072.00", "apnDataAmountList": [{"apnName": "A", "apnDataAmount": "9"}]},
        {"msisdn": OTHER.msisdn, "dataAmount": ""},
    ]
    call = Scripted(taken({"dataAmountList": rows}))
    missing = Sim(4, "89860400000000000041", "1440000000004")
    assert ONELINK.usage(call, ACCESS, [OTHER, SIM, missing], DAY) == [
        NoAmount(OTHER),
        Amount(SIM, 3_145_728, NOW, day=DAY, raw="3072.00 KB"),
        NoAmount(missing),
    ]
    said = {"msisdns": "1440000000003_1440000000001_1440000000004", "queryDate": "20261127"}
    assert sent(call) == [("/v5/ec/query/sim-data-usage-daily/batch", said)]


def test_the_usage_of_a_month():
    call = Scripted(taken({"dataAmountList": [{"iccid": WITHOUT_NUMBER.iccid[:19], "dataAmount": 1}]}))
    amount = Amount(WITHOUT_NUMBER, 1024, NOW, raw="1 KB")
    assert ONELINK.usage_of_month(call, ACCESS, [WITHOUT_NUMBER], date(2026, 11, 1)) == [amount]
    said = {"iccids": WITHOUT_NUMBER.iccid, "queryDate": "202611"}
    assert sent(call) == [("/v5/ec/query/sim-data-usage-monthly/batch", said)]


def test_a_call_for_usage_that_fails_fails_as_a_whole():
    with pytest.raises(CallFailed) as failed:
        ONELINK.usage(Scripted(refused("1")), ACCESS, [SIM], DAY)
    assert failed.value.result == TurnedDown("1", "不行")


def test_changed_cards_are_listed_by_day_and_page():
    full = taken({"totalCount": "51", "simList": [{"msisdn": f"144{number:010}"} for number in range(50)]})
    call = Scripted(full, taken({"simList": [{"msisdn": "1", "iccid": "A"}]}), taken())
    since, cursor, pages = datetime(2026, 11, 27, 23, tzinfo=ZoneInfo("Asia/Shanghai")), "", []
    while not pages or cursor:
        page = ONELINK.changed(call, ACCESS, since, cursor)
        pages.append((len(page.numbers), page.cursor))
        cursor = page.cursor
    assert pages == [(50, "2026-11-27:2"), (1, "2026-11-28:1"), (0, "")]
    assert [said for _path, said in sent(call)] == [
        {"changeDate": "20261127", "queryDate": "20261127", "pageSize": "50", "startNum": "1"},
        {"changeDate": "20261127", "queryDate": "20261127", "pageSize": "50", "startNum": "2"},
        {"changeDate": "20261128", "queryDate": "20261128", "pageSize": "50", "startNum": "1"},
    ]


def test_a_carrier_that_pages_for_ever_is_left():
    call = Scripted(taken({"simList": [{"msisdn": "1"}] * 50}))
    assert ONELINK.changed(call, ACCESS, NOW, "2026-11-28:2000") == Listing(("1",) * 50)


def test_the_link_for_the_id_verification():
    call = Scripted(taken({"busiSeq": "1", "url": "https://carrier.example/h5?x=1"}), taken({"url": "javascript:1"}))
    assert ONELINK.real_name_link(call, ACCESS, SIM) == "https://carrier.example/h5?x=1"
    assert sent(call) == [("/v5/ec/secure/sim-real-name-reg", {"msisdn": SIM.msisdn, "urlType": "1"})]
    with pytest.raises(CallFailed):
        ONELINK.real_name_link(call, ACCESS, SIM)


# whatever comes

NAMES = [
    *("status", "message", "result", "token", "ttl", "cardStatus", "stopReason", "realNameStatus", "lastChangeDate"),
    *("serviceTypeList", "serviceType", "apnName", "jobId", "jobStatus", "resultList", "resultId", "orderNum", "url"),
    *("dataAmountList", "dataAmount", "msisdn", "iccid"),
]
WORDS = ["0", "12021", "12048", "4", "2", "11", "99", "12.5", SIM.iccid, SIM.msisdn, "20261128120000"]


@few
@given(answers(NAMES, WORDS, lambda value: {"status": "0", "message": value, "result": value}))
def test_whatever_comes_nothing_breaks(three):
    def tried(method, *rest):
        try:
            return method(Scripted(*three * 4, tokens="abcdefghijklm"), ACCESS, *rest)
        except (CallFailed, LoginRefused):
            return None

    for aspect, goal in (("service", "stopped"), ("data", "off"), ("binding", ""), ("activation", "active")):
        assert len(tried(ONELINK.change, [SIM], aspect, goal)) == 1
    assert len(tried(ONELINK.change, [SIM, OTHER], "service", "stopped")) == 2
    assert len(tried(ONELINK.ask, [SIM], True)) == 1
    tried(ONELINK.login)
    tried(ONELINK.order, SIM, "N1", False)
    tried(ONELINK.order, SIM, "J1", True)
    tried(ONELINK.usage, [SIM, OTHER], DAY)
    tried(ONELINK.changed, NOW, "")
    tried(ONELINK.real_name_link, SIM)
