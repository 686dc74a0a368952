"""The fakes are what `carrier-protocols.md` says, and strict: without that the contract would prove nothing."""

import http.client
import itertools
import json
from urllib.parse import urlencode, urlsplit

import pytest

from tests.carriers.fakes import ctwing, m2m, unicom
from tests.carriers.fakes.base import CONTROL
from tests.carriers.fakes.onelink5 import OneLinkFake

pytestmark = pytest.mark.once
ICCID = "89860000000000000001"


@pytest.fixture
def onelink():
    with OneLinkFake(seed=2) as fake:
        yield fake


def said(fake, method, path, document=None):
    """Status and body of what is answered."""
    connection = http.client.HTTPConnection(urlsplit(fake.base_url).netloc, timeout=60)
    try:
        connection.request(method, path, None if document is None else json.dumps(document))
        with connection.getresponse() as answer:
            return answer.status, answer.read().decode()
    finally:
        connection.close()


numbers = itertools.count(1)


def onelink_call(fake, path, **parameters):
    transid = f"{fake.fields['appid']}{fake.beijing():%Y%m%d%H%M%S}{next(numbers):08d}"
    status, text = said(fake, "GET", f"/v5/ec/{path}?{urlencode(parameters | {'transid': transid})}")
    document = json.loads(text)
    assert status == 200
    return document["status"], document["result"]


def token_of(fake):
    _, ((token),) = onelink_call(fake, "get/token", **fake.fields, **fake.secrets)
    return token["token"]


def test_signatures_of_unicom():
    assert unicom.sm3_token("demoApp01", "2026-01-02 03:04:05 678", "20260102030405678123456", "demoSecret") == (
        "fc0f4168c475762fe4cfe51804839b6665d1cef2bdb04b36f0c2ad673f55163b"
    )


def test_signatures_of_ctwing():
    body = '{"accessNumber":["1491000000001"],"custNumber":"C0001","queryDate":"20261127"}'
    assert [
        ctwing.signature("a=1&b=2&c=3", '{"name":"xf","age":"dd"}', "d1209cfefe895364e03", "20201101021435"),
        ctwing.signature("access_number=1491000000001", "", "demoSecret", "20261128040000"),
        ctwing.signature("", body, "demoSecret", "20261128040000"),
    ] == [
        "3863613035653132306631333231313733383637376333326536316631643934",
        "3439333237653561313935373530386431383261363532343639313837383537",
        "3566616633323331306430336533643637623663333335396437626539333436",
    ]


def test_signatures_of_m2m():
    signed = ",".join(sorted(["1491000000001", "demoUser", "demoPass", "disabledNumber", "", "19"]))
    assert signed == ",1491000000001,19,demoPass,demoUser,disabledNumber"
    assert [
        m2m.str_enc("test", "abcdefghi"),
        m2m.str_enc("demoPass", "abc123xyz"),
        m2m.str_enc(signed, "abc123xyz")[:64],
    ] == [
        "41894168BD86A2CC",
        "9275E948D134111141573C611D2447B5",
        "1832E24AB8287E86E0549AC2AB9AA30CD1F17BD81295A34445A938B270010360",
    ]


def test_a_card_is_stopped_once_and_the_rest_is_refused(onelink):
    onelink.add(ICCID, style=0)
    token = token_of(onelink)
    assert onelink_call(onelink, "query/sim-status", token="old", iccid=ICCID) == ("12021", [])
    assert onelink_call(onelink, "query/sim-status", token=token, iccid="8986" + "9" * 16) == ("11011", [])
    status, (told,) = onelink_call(onelink, "change/sim-status", token=token, iccid=ICCID, operType="0")
    assert (status, told["iccid"]) == ("0", ICCID)
    status, _ = onelink_call(onelink, "change/sim-status", token=token, iccid=ICCID, operType="0")
    assert status == onelink.codes["already"]
    _, (state,) = onelink_call(onelink, "query/sim-status", token=token, iccid=ICCID)
    assert state["cardStatus"] in ("4", "02")
    _, (order,) = onelink_call(onelink, "query/order-info", token=token, orderNum=told["orderNum"])
    assert (order["status"], onelink.done(ICCID), onelink.violations) == ("completed", ["stopped"], [])


def test_what_is_against_the_protocol_is_noted(onelink):
    onelink.add(ICCID)
    path = f"/v5/ec/query/sim-status?token=x&transid=1&iccid={ICCID}"
    assert said(onelink, "GET", path)[0] == 400
    assert onelink.violations == ["GET /v5/ec/query/sim-status: ValueError('transid 1')"]


def test_an_effect_takes_its_time(onelink):
    onelink.add(ICCID)
    onelink.lag = 60
    onelink_call(onelink, "change/sim-status", token=token_of(onelink), iccid=ICCID, operType="0")
    assert onelink.done(ICCID) == []
    onelink.advance(61)
    assert onelink.done(ICCID) == ["stopped"]


@pytest.mark.parametrize(("kind", "done"), [("drop_before", []), ("drop_after", ["stopped"])])
def test_a_connection_is_dropped_on_either_side_of_the_effect(onelink, kind, done):
    onelink.add(ICCID)
    token = token_of(onelink)
    onelink.spoil(kind)
    with pytest.raises(http.client.RemoteDisconnected):
        onelink_call(onelink, "change/sim-status", token=token, iccid=ICCID, operType="0")
    assert onelink.done(ICCID) == done


def test_another_process_has_a_door_of_its_own(onelink):
    said(onelink, "POST", CONTROL, {"do": "add", "with": {"iccid": ICCID, "state": "stopped"}})
    said(onelink, "POST", CONTROL, {"set": {"guard_s": 200}, "do": "spoil", "with": {"kind": "500"}})
    status, text = said(onelink, "GET", CONTROL)
    assert (status, json.loads(text)["cards"]) == (200, {ICCID: {"state": "stopped", "effects": []}})
    assert (onelink.guard_s, [fault.kind for fault in onelink.faults]) == (200, ["500"])
