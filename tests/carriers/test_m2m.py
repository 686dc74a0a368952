"""The old Telecom door: signed and enciphered as its demo does it; what answers mean is tested with CTWing's."""

from datetime import date

import pytest
from django.utils.translation import override

from cards.carriers.protocols.m2m import M2M, keys_of, signed_text
from cards.carriers.protocols.str_enc import str_enc
from cards.carriers.results import (
    Accepted,
    AccountFault,
    Amount,
    Busy,
    CallFailed,
    Missing,
    NoAmount,
    Seen,
    Sim,
    TurnedDown,
    Unknown,
)
from tests.carriers.scripted import NOW, Scripted, access_to, answered

PROTOCOL = M2M()
FIELDS, SECRETS = {"user_id": "demoUser"}, {"password": "demoPass", "key": "abc123xyz"}
ACCESS = access_to(PROTOCOL, FIELDS, SECRETS)
SIM = Sim(1, "89860000000000000001", "1491000000001")
NAMELESS = Sim(2, "89860000000000000002")
PASSWORD = "9275E948D134111141573C611D2447B5"
DONE = answered("<r><RspType>0</RspType><result>0</result><GROUP_TRANSACTIONID>7</GROUP_TRANSACTIONID></r>")


def said(method, *signed, number=SIM.msisdn, **parameters):
    """The parameters of a call, whose signature is over what each has and these."""
    sign = str_enc(signed_text([number, "demoUser", "demoPass", method, *signed]), *keys_of("abc123xyz"))
    name = "access_number" if number == SIM.msisdn else "iccid"
    return {"method": method, "user_id": "demoUser", name: number, "passWord": PASSWORD, "sign": sign} | parameters


def test_an_order_is_a_get_whose_signature_begins_with_the_empty_account():
    call = Scripted(DONE)
    assert PROTOCOL.change(call, ACCESS, [SIM], "service", "stopped") == [Accepted("7", "0", "")]
    text = ",1491000000001,19,demoPass,demoUser,disabledNumber"
    assert signed_text(["1491000000001", "demoUser", "demoPass", "disabledNumber", "", "19"]) == text
    query = said("disabledNumber", "", "19", acctCd="", orderTypeId="19")
    assert query["sign"] == str_enc(text, "abc", "123", "xyz")
    assert call.asked == [("GET", "/m2m_ec/query.do", query)]


@pytest.mark.parametrize(
    ("aspect", "goal", "method", "parameters"),
    [
        ("activation", "active", "requestServActive", ()),
        ("data", "off", "singleCutNet", (("action", "ADD"),)),
        ("cap", "1024", "offNetAction", (("action", "1"), ("quota", "1024"), ("type", "1"))),
        ("binding", "861537040000019", "IMEIReRecord", (("action", "ADD"),)),
    ],
)
def test_all_parameters_of_an_order_are_signed(aspect, goal, method, parameters):
    call = Scripted(DONE)
    PROTOCOL.change(call, ACCESS, [SIM], aspect, goal)
    query = said(method, *(value for _, value in parameters), **dict(parameters))
    assert call.asked == [("GET", "/m2m_ec/query.do", query)]


def test_a_card_without_msisdn_is_known_by_its_iccid():
    call = Scripted(answered({"resultCode": "0", "productInfo": [{"productMainStatusCd": "4"}]}))
    assert PROTOCOL.ask(call, ACCESS, [NAMELESS]) == [Seen("active", "4")]
    assert call.asked == [("GET", "/m2m_ec/query.do", said("queryCardMainStatus", number=NAMELESS.iccid))]


NOT_FOUND = answered({"resultCode": "0", "resultMsg": "成功", "productInfo": []})
CANCELLED = answered({"resultCode": "0", "productInfo": [{"productMainStatusCd": "7"}]})


def test_a_card_that_is_not_found_is_looked_for_among_the_cancelled():
    call = Scripted(NOT_FOUND, CANCELLED)
    assert PROTOCOL.ask(call, ACCESS, [SIM]) == [Seen("cancelled", "7")]
    plain = said("queryCardMainStatus")
    assert [query for _, _, query in call.asked] == [plain, plain | {"queryDropCard": "true"}]


@pytest.mark.parametrize(
    ("answers", "seen"),
    [
        ([NOT_FOUND, NOT_FOUND], Missing("0", "成功")),
        ([answered("号码不存在"), answered("号码不存在")], TurnedDown("", "号码不存在")),
        ([answered("号码不存在"), answered("", 500)], TurnedDown("", "号码不存在")),
        ([answered({"RspCode": "9000"})], Busy(0, "9000", "")),
        ([answered("-3：签名错误")], AccountFault("-3", "-3：签名错误")),
        ([answered("", 500)], Unknown("HTTP 500", "")),
    ],
)
def test_what_is_no_state_is_not_taken_for_one(answers, seen):
    call = Scripted(*answers)
    assert (PROTOCOL.ask(call, ACCESS, [SIM]), len(call.asked)) == ([seen], len(answers))


DAY = date(2026, 11, 27)


def used(text):
    return answered(
        f"<root><w:Rsp xmlns:w='http://x'><IRESULT>0</IRESULT><TOTAL_BYTES_CNT>{text}</TOTAL_BYTES_CNT></w:Rsp></root>"
    )


@pytest.mark.parametrize(("sign_dates", "dates"), [("no", []), ("yes", ["20261127", "20261127"])])
def test_dates_are_signed_as_the_account_says(sign_dates, dates):
    call = Scripted(used("3.00MB"))
    access = access_to(PROTOCOL, FIELDS, SECRETS, sign_dates=sign_dates)
    assert PROTOCOL.usage(call, access, [SIM], DAY) == [Amount(SIM, 3 * 1024 * 1024, NOW, DAY, "3.00 MB")]
    of_the_day = {"startDate": "20261127", "endDate": "20261127", "needDtl": "0"}
    assert call.asked == [("GET", "/m2m_ec/query.do", said("queryTrafficByDate", *dates, **of_the_day))]


def test_a_month_ends_with_its_last_day():
    call = Scripted(used("1.5GB"))
    told = PROTOCOL.usage_of_month(call, ACCESS, [SIM], date(2028, 2, 1))
    assert told == [Amount(SIM, 1536 * 1024 * 1024, NOW, None, "1.5 GB")]
    [(_, _, query)] = call.asked
    assert (query["startDate"], query["endDate"]) == ("20280201", "20280229")


@pytest.mark.parametrize(
    ("told", "why"), [(used("3.00"), "3.00"), (used(""), ""), (answered("号码不存在"), "号码不存在")]
)
def test_no_figure_is_not_zero(told, why):
    assert PROTOCOL.usage(Scripted(told), ACCESS, [SIM], DAY) == [NoAmount(SIM, why)]


def test_a_call_that_fails_as_a_whole_says_so():
    with pytest.raises(CallFailed):
        PROTOCOL.usage(Scripted(answered("", 403)), ACCESS, [SIM], DAY)


@override("en")
def test_a_key_has_nine_characters():
    sentence = "The key that Telecom gives for this protocol has nine characters."
    complaints = [PROTOCOL.complaint(FIELDS, {"key": key}) for key in ("abc123xyz", "abc123xy", "abc123xyz0")]
    assert complaints == ["", sentence, sentence]
    assert PROTOCOL.complaint(FIELDS, {}) == sentence
