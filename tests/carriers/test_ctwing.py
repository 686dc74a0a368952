"""CTWing: signed as its document says, and what its answers mean."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.carriers.choices import OwnWords
from cards.carriers.protocols.ctwing import CTWing, signature
from cards.carriers.results import (
    Accepted,
    AccountFault,
    AlreadySo,
    Amount,
    Busy,
    CallFailed,
    GarbledAnswer,
    Hint,
    Missing,
    NoAmount,
    Seen,
    Sim,
    TurnedDown,
    Unknown,
)
from cards.errors import NothingHeard
from tests.carriers.scripted import NOW, Scripted, access_to, answered

PROTOCOL = CTWing()
FIELDS, SECRETS = {"app_key": "demoKey", "cust_number": "C0001"}, {"secret": "demoSecret"}
ACCESS = access_to(PROTOCOL, FIELDS, SECRETS)
SIM = Sim(1, "89860000000000000001", "1491000000001")
NAMELESS = Sim(2, "89860000000000000002")

VECTORS = (
    (
        [("a", "1"), ("b", "2"), ("c", "3")],
        '{"name":"xf","age":"dd"}',
        ("d1209cfefe895364e03", "20201101021435"),
        "3863613035653132306631333231313733383637376333326536316631643934",
    ),
    (
        [("access_number", "1491000000001")],
        "",
        ("demoSecret", "20261128040000"),
        "3439333237653561313935373530386431383261363532343639313837383537",
    ),
    (
        [("orderTypeId", "19"), ("acctCd", ""), ("access_number", "1491000000001")],
        "",
        ("demoSecret", "20261128040000"),
        "6164323062326437393735343732633766613839656565633234313762636137",
    ),
    (
        [],
        '{"accessNumber":["1491000000001"],"custNumber":"C0001","queryDate":"20261127"}',
        ("demoSecret", "20261128040000"),
        "3566616633323331306430336533643637623663333335396437626539333436",
    ),
)


@pytest.mark.parametrize(("query", "body", "signed_with", "sign"), VECTORS)
def test_signatures_are_those_of_the_document_and_of_other_code(query, body, signed_with, sign):
    assert signature(query, body.encode(), *signed_with) == sign


def xml(**told):
    return answered("<SvcCont>" + "".join(f"<{name}>{text}</{name}>" for name, text in told.items()) + "</SvcCont>")


def changed(said, aspect="service", goal="stopped", access=ACCESS, sim=SIM):
    call = Scripted(*said) if isinstance(said, list) else Scripted(said)
    return PROTOCOL.change(call, access, [sim], aspect, goal)[0], call


def test_an_order_is_sent_with_an_empty_account_and_signed_by_the_clock_that_the_account_has():
    result, call = changed(xml(result=0, resultMsg="成功接收消息", GROUP_TRANSACTIONID="77"))
    query = {"access_number": "1491000000001", "acctCd": "", "orderTypeId": "19"}
    assert result == Accepted("77", "0", "成功接收消息")
    assert call.asked == [("GET", "/5gcmp/openapi/v1/common/disabledNumberService", query)]
    sign = signature(query.items(), b"", "demoSecret", "20261128120000")
    assert call.sent[0]["headers"] == {"AppKey": "demoKey", "Timestamp": "20261128120000", "Sign": sign}
    _, call = changed(xml(result=0), access=access_to(PROTOCOL, FIELDS, SECRETS, clock="utc"))
    assert call.sent[0]["headers"] == {"AppKey": "demoKey", "Timestamp": "20261128040000", "Sign": VECTORS[2][3]}


@pytest.mark.parametrize(
    ("aspect", "goal", "path", "parameters"),
    [
        ("service", "active", "disabledNumberService", (("acctCd", ""), ("orderTypeId", "20"))),
        ("service", "silent", "disabledNumberService", (("acctCd", ""), ("orderTypeId", "21"))),
        ("service", "test", "disabledNumberService", (("acctCd", ""), ("orderTypeId", "22"))),
        ("activation", "active", "requestServActive", ()),
        ("data", "off", "singleCutNet", (("action", "ADD"),)),
        ("data", "on", "singleCutNet", (("action", "DEL"),)),
        ("cap", "1024", "offNetAction", (("action", "1"), ("quota", "1024"), ("type", "1"))),
        ("cap", "", "offNetAction", (("action", "3"), ("quota", "-1"), ("type", "1"))),
        ("binding", "861537040000019", "IMEIReRecord", (("action", "ADD"),)),
    ],
)
def test_each_aspect_has_its_method(aspect, goal, path, parameters):
    _, call = changed(xml(RspType=0, RspCode="0000"), aspect, goal)
    said = {"access_number": "1491000000001"} | dict(parameters)
    assert call.asked == [("GET", f"/5gcmp/openapi/v1/common/{path}", said)]


@pytest.mark.parametrize(("aspect", "goal"), [("cancel", ""), ("service", "cancelled"), ("activation", "test")])
def test_what_no_method_does_is_not_sent(aspect, goal):
    result, call = changed([], aspect, goal)
    assert (result.is_final, call.asked) == (True, [])


def test_a_cap_that_stands_is_changed_and_a_refused_one_is_not():
    stands = xml(RspType=1, RspCode=-9, RspDesc="已订购功能产品,不能重复订购")
    result, call = changed([stands, xml(RspType=0, RspCode="0000")], "cap", "1024")
    assert (result, [said["action"] for _, _, said in call.asked]) == (Accepted("", "0000"), ["1", "2"])
    result, call = changed([xml(RspCode=-1234, RspDesc="失败")], "cap", "1024")
    assert (result, len(call.asked)) == (TurnedDown("-1234", "失败"), 1)


@pytest.mark.parametrize(
    ("said", "result"),
    [
        (answered({"RESULT": "0", "SMSG": "成功", "GROUP_TRANSACTIONID": "7"}), Accepted("7", "0", "成功")),
        (answered({"RESULT": 0, "SMSG": "成功"}), Accepted("", "0", "成功")),
        (answered('\ufeff{"code": 0, "msg": "ok", "data": {"result": "9"}}'), Accepted("", "0", "ok")),
        (answered("<r><a><RspType>0</RspType><RspCode>0000</RspCode></a></r>"), Accepted("", "0000", "")),
        (answered("<w:r xmlns:w='http://x'><w:IRESULT>0</w:IRESULT></w:r>"), Accepted("", "0", "")),
        (answered("已存在相关停机记录，无需再次办理停机"), AlreadySo("", "已存在相关停机记录，无需再次办理停机")),
        (
            xml(result=1999, resultMsg="已存在停机类型为120000的停机记录"),
            AlreadySo("1999", "已存在停机类型为120000的停机记录"),
        ),
        (xml(rspcode=-9, rspdesc="不能重复订购"), AlreadySo("-9", "不能重复订购")),
        (xml(RspCode=9000, RspDesc="系统忙"), Busy(0, "9000", "系统忙")),
        (answered("-4711：号码不存在"), TurnedDown("-4711", "-4711：号码不存在")),
        (answered("号码不存在"), TurnedDown("", "号码不存在")),
        (answered({"RESULT": "E7", "SMSG": "失败"}), TurnedDown("E7", "失败")),
        (xml(result=100008, resultMsg="可激活"), TurnedDown("100008", "可激活")),
        (answered('{"SMSG": "成功"}'), Unknown("", '{"SMSG": "成功"}')),
        (answered("<r>0</r>"), Unknown("", "<r>0</r>")),
        (answered('{"RESULT": "0'), Unknown("", '{"RESULT": "0')),
        (answered("<r><result>0</result>"), Unknown("", "<r><result>0</result>")),
        (answered(""), Unknown("", "")),
        (answered("oops", 500), Unknown("HTTP 500", "oops")),
        (answered("", 503, **{"retry-after": "7"}), Busy(7, "HTTP 503", "")),
        (answered("<html>维护</html>"), AccountFault("HTTP 200", "<html>维护</html>")),
        (answered("", 403), AccountFault("HTTP 403", "")),
    ],
)
def test_what_became_of_an_order(said, result):
    assert changed(said)[0] == result


def test_entities_are_never_read():
    bomb = '<!DOCTYPE r [<!ENTITY a "0">]><r><result>&a;</result></r>'
    assert changed(answered(bomb))[0] == Unknown("", bomb)


def test_a_card_that_was_never_activated_is_not_resumed_and_that_is_for_a_person():
    never = xml(result=100008, resultMsg="可激活状态")
    assert changed(never, goal="active")[0] == TurnedDown("100008", "可激活状态", is_final=True)
    assert changed(never, "activation", "active")[0] == TurnedDown("100008", "可激活状态")


def test_a_card_without_msisdn_is_not_asked_for():
    refused = TurnedDown("", OwnWords.NO_MSISDN, is_final=True)
    assert changed([], sim=NAMELESS)[0] == refused
    assert PROTOCOL.ask(Scripted(), ACCESS, [NAMELESS]) == [refused]
    assert PROTOCOL.usage(Scripted(), ACCESS, [NAMELESS], date(2026, 11, 27)) == [NoAmount(NAMELESS, refused.text)]


def state(*codes, **more):
    products = [{"productMainStatusCd": code, "productMainStatusName": f"名{code}"} for code in codes]
    return answered({"result": "0", "number": SIM.msisdn, "productInfo": products} | more)


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (state("1"), Seen("silent", "1", "名1")),
        (state(2), Seen("test", "2", "名2")),
        (state("3"), Seen("silent", "3", "名3")),
        (
            state("4", netBlockStatusName="未断网", authStatus="1"),
            Seen("active", "4", "名4", data="on", real_name="on"),
        ),
        (
            state("6", "4", netBlockStatusName="已断网", authStatus=0),
            Seen("active", "4", "名4", data="off", real_name="off"),
        ),
        (state("5", "6"), Seen("stopped", "5", "名5", reasons=("own",))),
        (state("6"), Seen("stopped", "6", "名6", reasons=("managed",))),
        (state("7"), Seen("cancelled", "7", "名7")),
        (state("88", netBlockStatusName="？"), Seen("", "88", "名88")),
        (state(), Missing("0", "")),
        (answered({"result": "0", "productInfo": [None, {}]}), Missing("0", "")),
        (answered({"resultCode": 0, "productInfo": {"productMainStatusCd": 4}}), Seen("active", "4")),
        (
            answered(
                "<r><result>0</result><productInfo><productMainStatusCd>5</productMainStatusCd></productInfo></r>"
            ),
            Seen("stopped", "5", reasons=("own",)),
        ),
        (answered({"result": "E1", "resultMsg": "号码不存在"}), TurnedDown("E1", "号码不存在")),
        (answered({"result": "9000"}), Busy(0, "9000", "")),
        (answered("", 403), AccountFault("HTTP 403", "")),
        (answered("{"), Unknown("", "{")),
    ],
)
def test_what_a_card_is_there(said, seen):
    call = Scripted(said)
    assert PROTOCOL.ask(call, ACCESS, [SIM]) == [seen]
    query = {"access_number": "1491000000001", "queryDropCard": "true"}
    assert call.asked == [("GET", "/openapi/v1/prodinst/queryCardMainStatus", query)]


def flow(number=SIM.msisdn, amount="3.00", **more):
    return {"accessNumber": number, "result": "1", "unit": "MB", "flowAmount": amount, "status": "0"} | more


OTHER = Sim(3, "89860000000000000003", "1491000000003")
DAY = date(2026, 11, 27)
MB3 = 3 * 1024 * 1024


def test_usage_of_a_day_is_asked_for_at_once_and_signed_as_it_is_sent():
    call = Scripted(answered({"code": 0, "msg": "查询成功", "data": [flow(), flow(OTHER.msisdn, "0.01")]}))
    told = PROTOCOL.usage(call, ACCESS, [OTHER, SIM, NAMELESS], DAY)
    no_msisdn = NoAmount(NAMELESS, "")
    assert told == [
        Amount(OTHER, 10486, NOW, DAY, "0.01 MB"),
        Amount(SIM, MB3, NOW, DAY, "3.00 MB"),
        no_msisdn,
    ]
    body = '{"accessNumber":["1491000000003","1491000000001"],"custNumber":"C0001","queryDate":"20261127"}'
    assert call.asked == [("POST", "/api/v1/batchQry/batchQryFlowByDate", body)]
    assert call.sent[0]["headers"] == {
        "Content-Type": "application/json",
        "AppKey": "demoKey",
        "Timestamp": "20261128120000",
        "Sign": signature((), body.encode(), "demoSecret", "20261128120000"),
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (flow(unit="KB", amount="3072"), Amount(SIM, MB3, NOW, DAY, "3072 KB")),
        (flow(unit=None, amount="3.00MB"), Amount(SIM, MB3, NOW, DAY, "3.00 MB")),
        (flow(unit=None), NoAmount(SIM, "3.00")),
        (flow(unit="条"), NoAmount(SIM, "3.00 (条)")),
        (flow(amount=""), NoAmount(SIM, "")),
        (flow(amount="-3"), NoAmount(SIM, "-3")),
        (flow(status="1", statusDesc="未开通"), NoAmount(SIM, "未开通")),
        (flow("1491000000009"), NoAmount(SIM, "")),
    ],
)
def test_only_a_figure_in_a_known_unit_is_usage(row, told):
    assert PROTOCOL.usage(Scripted(answered({"code": "0", "data": [row]})), ACCESS, [SIM], DAY) == [told]


def test_usage_of_a_month_is_that_of_the_month_asked_for():
    said = answered({"code": 0, "data": [flow(month="202610"), flow(OTHER.msisdn, month="202611")]})
    call = Scripted(said)
    told = PROTOCOL.usage_of_month(call, ACCESS, [SIM, OTHER], date(2026, 10, 1))
    assert told == [Amount(SIM, MB3, NOW, None, "3.00 MB"), NoAmount(OTHER, "202611")]
    body = '{"accessNumber":["1491000000001","1491000000003"],"custNumber":"C0001","month":"202610"}'
    assert call.asked == [("POST", "/api/v1/batchQry/batchQryFlowByMonth", body)]


@pytest.mark.parametrize(
    ("said", "result"),
    [
        (answered({"code": 17, "msg": "客户不存在"}), TurnedDown("17", "客户不存在")),
        (answered("系统异常"), TurnedDown("", "系统异常")),
        (answered("", 403), AccountFault("HTTP 403", "")),
    ],
)
def test_a_whole_call_that_fails_says_how(said, result):
    with pytest.raises(CallFailed) as failed:
        PROTOCOL.usage(Scripted(said), ACCESS, [SIM], DAY)
    assert failed.value.result == result


PUSH = (
    "<NotifyContractRoot><TYPE>1</TYPE><GROUP_TRANSACTIONID>1</GROUP_TRANSACTIONID><STATUSINFO>竣工</STATUSINFO>"
    "<ACCNBR>1491000000001</ACCNBR><ACCEPTTYPE>8</ACCEPTTYPE></NotifyContractRoot>"
)
HEARD = (
    "<ContractRoot><SUCCESS>true</SUCCESS><NOTIFY_CODE>000000</NOTIFY_CODE><RESULTMSG>调用成功</RESULTMSG>"
    "</ContractRoot>"
)


def test_a_push_names_the_cards_to_look_at():
    assert PROTOCOL.hear(ACCESS, PUSH.encode()) == ([Hint("1491000000001")], HEARD)
    warning = PUSH.replace("NotifyContractRoot", "WanrningContractRoot")
    assert PROTOCOL.hear(ACCESS, warning.encode()) == ([Hint("1491000000001")], HEARD)
    assert PROTOCOL.hear(ACCESS, b"<NotifyContractRoot><ACCNBR/></NotifyContractRoot>") == ([], HEARD)


@pytest.mark.parametrize("body", ["", "no XML", "<Other/>", PUSH[:-5], "<!DOCTYPE x>" + PUSH, '{"ACCNBR": "1"}'])
def test_what_is_no_push_is_not_heard(body):
    with pytest.raises(GarbledAnswer):
        PROTOCOL.hear(ACCESS, body.encode())


BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"{", b"[[]]", b'{"result": {"result": []}}', b"<a/>", b"<a>&x;</a>", b"\xef\xbb\xbf", b"-9:"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["result", "code", "data", "productInfo", "productMainStatusCd", "accessNumber", "unit"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(lambda document: repr(document).replace("'", '"').replace("None", "null").encode()),
)


@given(body=BODIES, status=st.sampled_from([200, 200, 400, 500]))
def test_no_answer_whatever_raises_anything_else(body, status):
    said = answered(body, status)
    assert len(PROTOCOL.change(Scripted(said), ACCESS, [SIM], "service", "stopped")) == 1
    assert len(PROTOCOL.ask(Scripted(said), ACCESS, [SIM])) == 1
    for told in (PROTOCOL.usage, PROTOCOL.usage_of_month):
        with suppress(CallFailed):
            assert len(told(Scripted(said), ACCESS, [SIM], DAY)) == 1
    with suppress(GarbledAnswer):
        PROTOCOL.hear(ACCESS, body)


def test_nothing_heard_is_said_to_whoever_called():
    with pytest.raises(NothingHeard):
        changed(NothingHeard())
