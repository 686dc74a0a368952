"""What the protocols make of answers: pages, halves and other people's documents, figures, instants and numbers."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cards.carriers.protocols.reading import (
    code_in,
    document_of,
    is_about,
    numbers_within,
    objects_in,
    told_amount,
    told_instant,
    words,
)
from cards.carriers.results import AccountFault, Amount, Busy, CallFailed, NoAmount, Sim, Unknown
from tests.carriers.scripted import NOW, answered

pytestmark = pytest.mark.once

SIM = Sim(1, "89860000000000000017", "1440000000001", "460040000000001")
PAGE = "<!DOCTYPE html><html><body>Forbidden</body></html>"


def heard(answer):
    try:
        return document_of(answer)
    except CallFailed as failed:
        return failed.result


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (answered({"status": "0"}), {"status": "0"}),
        (answered({"errorCode": "1"}, 404), {"errorCode": "1"}),
        (answered({"status": "0"}, 200, **{"content-type": "text/html"}), {"status": "0"}),
        (answered("busy", 429, **{"retry-after": "7"}), Busy(7, "HTTP 429", "busy")),
        (answered("", 429, **{"retry-after": "9999999"}), Busy(3600, "HTTP 429", "")),
        (answered(PAGE, 503), Busy(0, "HTTP 503", PAGE)),
        (answered("", 503, **{"retry-after": "Sat, 28 Nov 2026 12:00:00 GMT"}), Busy(0, "HTTP 503", "")),
        (answered({"status": "0"}, 500), Unknown("HTTP 500", '{"status": "0"}')),
        (answered(PAGE, 502), Unknown("HTTP 502", PAGE)),
        (answered(PAGE), AccountFault("HTTP 200", PAGE)),
        (answered(f"\n <!-- gateway -->{PAGE}", 404), AccountFault("HTTP 404", f"<!-- gateway -->{PAGE}")),
        (answered({"message": "<html>"}), {"message": "<html>"}),
        (answered("<Response><title>1</title></Response>"), Unknown("", "<Response><title>1</title></Response>")),
        (answered("<!---->" * 9999), Unknown("", ("<!---->" * 99)[:500])),
        (answered("<h1>no</h1>", 400), AccountFault("HTTP 400", "<h1>no</h1>")),
        (answered({"status": "9"}, 403), AccountFault("HTTP 403", '{"status": "9"}')),
        (answered("", 401), AccountFault("HTTP 401", "")),
        (answered("", 302, location="/login"), Unknown("HTTP 302", "")),
        (answered("not found", 404), Unknown("HTTP 404", "not found")),
        (answered(""), Unknown("", "")),
        (answered('{"status":"0","res'), Unknown("", '{"status":"0","res')),
        (answered("[1, 2]"), Unknown("", "[1, 2]")),
        (answered("null"), Unknown("", "null")),
        (answered(b"\xff\x00\xfe"), Unknown("", "\ufffd\ufffd")),
        (answered("[" * 100_000), Unknown("", "[" * 500)),
        (answered("x" * 5000), Unknown("", "x" * 500)),
    ],
)
def test_an_answer_is_a_document_or_says_what_is_wrong(answer, result):
    assert heard(answer) == result


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  a ", "a"),
        (7, "7"),
        (None, ""),
        ({"a": 1}, ""),
        (["a"], ""),
        ("a\x00b", "ab"),
        ("\ud800", "?"),
        (True, "True"),
    ],
)
def test_words_can_be_kept_by_every_database(value, text):
    assert words(value) == text


def test_a_code_is_short_and_may_come_as_a_number():
    assert (code_in(12021), code_in("12021"), code_in("9" * 99)) == ("12021", "12021", "9" * 40)


def test_objects_are_found_in_a_list_or_alone():
    assert [objects_in(each) for each in ([{"a": 1}, 2, None], {"a": 1}, "a", None)] == [[{"a": 1}], [{"a": 1}], [], []]


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        ("3072", "KB", 3 * 1024 * 1024),
        ("3", "MB", 3 * 1024 * 1024),
        ("3.00MB", "", 3 * 1024 * 1024),
        ("3072 KB", "KB", 3 * 1024 * 1024),
        (3145728, "B", 3 * 1024 * 1024),
        (0.5, "KB", 512),
        ("0.0005", "KB", 1),
        ("0", "MB", 0),
        ("1.5gb", "", 1_610_612_736),
    ],
)
def test_a_figure_in_any_unit_is_bytes(value, unit, told):
    amount = told_amount(SIM, value, unit, NOW)
    assert (type(amount), amount.bytes, amount.told_at, amount.day) == (Amount, told, NOW, None)


@pytest.mark.parametrize(
    ("value", "unit", "why"),
    [
        ("", "KB", ""),
        (None, "KB", ""),
        ("-1", "KB", "-1"),
        ("NaN", "KB", "NaN"),
        ("1e9", "KB", "1e9"),
        ("1,024", "KB", "1,024"),
        ("１２", "KB", "１２"),
        (True, "KB", "True"),
        ("12", "", "12"),
        ("12TB", "", "12TB"),
        ("12", "兆", "12 (兆)"),
        ("12MB", "KB", "12MB (KB)"),
        ("999999999999999", "MB", "999999999999999"),
        ({"a": 1}, "KB", ""),
    ],
)
def test_what_is_no_plain_figure_in_a_known_unit_is_no_amount(value, unit, why):
    assert told_amount(SIM, value, unit, NOW) == NoAmount(SIM, why)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261128120000", "2026-11-28T12:00:00+08:00"),
        ("2026-11-28 12:00:00", "2026-11-28T12:00:00+08:00"),
        ("2026-11-28T04:00:00Z", "2026-11-28T12:00:00+08:00"),
        ("2026-11-28T04:00:00.000+0000", "2026-11-28T12:00:00+08:00"),
    ],
)
def test_an_instant_is_of_beijing_unless_a_zone_stands_behind_it(text, moment):
    assert told_instant(text) == datetime.fromisoformat(moment).astimezone(ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        {"a": 1},
        "soon",
        "20261332120000",
        "2026-02-30 12:00:00",
        "0001-01-01T00:00:00+14:00",
        "00010101000000",
    ],
)
def test_what_is_no_instant_is_none(text):
    assert told_instant(text) is None


def test_a_card_is_known_by_any_of_its_numbers_and_without_its_check_digit():
    known = [SIM.iccid, SIM.iccid[:19], SIM.msisdn, SIM.imsi]
    unknown = ["", SIM.iccid[:18], "89860000000000000025", "14400000000012"]
    assert [is_about([each], SIM) for each in known + unknown] == [True] * 4 + [False] * 4
    assert not is_about([""], Sim(2, "89860000000000000025"))


def test_cards_are_found_however_an_answer_lists_them():
    deep = {"result": [{"total": "3", "list": [{"iccid": "A", "msisdn": "1"}, {"msisdn": "2"}]}, {"iccid": ""}]}
    assert numbers_within(deep) == ("A", "2")
