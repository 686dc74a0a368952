"""Cards as programs read them: lists, filters, pages, what was, what is used and what comes."""

from datetime import date, timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from simportal.api.actions.card_documents import CARD_DOCUMENT
from tests.api.program import BASE, Program
from tests.build import card_in_use, do, on_day, use

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


def fleet(count, **columns):
    return [card_in_use(customer="Acme", iccid=f"8986{number:016d}", **columns) for number in range(1, count + 1)]


def iccids(program, query=""):
    status, document = program.get(f"/cards{query}")
    assert status == 200, document
    return [item["iccid"] for item in document["items"]]


def test_a_list_is_walked_to_its_end(program):
    numbers = [card.iccid for card in fleet(5)]
    found, path = [], f"{BASE}/cards?limit=2"
    while path:
        response = program.send("GET", path)
        assert "items" in response.json(), response.json()
        found.append([item["iccid"] for item in response.json()["items"]])
        link = response.headers.get("Link", "")
        path = link and link[1 : link.index(">")].removeprefix("http://testserver")
    assert found == [numbers[:2], numbers[2:4], numbers[4:]]


def test_a_place_is_that_of_one_customers_list_alone(program):
    fleet(2)
    token = program.get("/cards?limit=1")[1]["next"]
    other = Program(card_in_use(customer="Other", iccid="89860000000000000099").customer)
    for asks, path in ((other, f"/cards?next={token}"), (program, f"/orders?next={token}"), (program, "/cards?next=1")):
        status, problem = asks.get(path)
        assert (status, problem["errors"][0]["pointer"]) == (422, "query:next")


def test_fields_are_chosen_and_a_wrong_one_is_named(program):
    fleet(1)
    assert program.get("/cards?fields=state")[1]["items"] == [{"state": "in_use"}]
    assert program.get("/cards?fields=state,iccid")[1]["items"] == [
        {"state": "in_use", "iccid": "89860000000000000001"}
    ]
    status, problem = program.get("/cards?fields=state,colour")
    assert (status, [error["pointer"] for error in problem["errors"]]) == (422, ["query:fields/colour"])
    assert list(program.get("/cards")[1]["items"][0]) == list(CARD_DOCUMENT)


def test_filters_narrow_and_what_is_not_understood_is_refused(program):
    first, second, third = fleet(3)
    do("suspend", second, DAY)
    use(third, first.activated_on, 5)
    assert iccids(program, "?state=suspended") == iccids(program, "?hold=voluntary") == [second.iccid]
    assert iccids(program, f"?q={third.iccid}") == [third.iccid]
    assert iccids(program, f"?used_over={5 * 1024 * 1024 - 1}") == [third.iccid]
    assert iccids(program, f"?used_over={5 * 1024 * 1024}") == []
    assert iccids(program, "?sort=-id") == [third.iccid, second.iccid, first.iccid]
    until = first.service_until
    assert iccids(program, f"?expires_before={until}") == []
    assert len(iccids(program, f"?expires_before={until + timedelta(days=1)}")) == 3
    assert program.get("/cards/count?state=in_use") == (200, {"count": 2})
    assert iccids(program, "?step=waiting") == []
    for query, pointer in (
        ("?state=happy", "query:state"),
        ("?colour=red", "query:colour"),
        ("?limit=201", "query:limit"),
        ("?limit=0", "query:limit"),
        ("?used_over=-1", "query:used_over"),
        ("?expires_before=soon", "query:expires_before"),
        ("?sort=remark", "query:sort"),
        ("?step=lost", "query:step"),
        ("?changed_since=yesterday", "query:changed_since"),
        ("?changed_since=2026-03-02T04:00:00", "query:changed_since"),
        ("?changed_since=2026-03-02T04:00:00%2B08:00", "query:changed_since"),
        ("?tag=x", "query:tag"),
        ("?customer=Acme", "query:customer"),
    ):
        status, problem = program.get(f"/cards{query}")
        assert status == 422, (query, problem)
        assert [error["pointer"] for error in problem["errors"]] == [pointer], query


def test_what_was_recorded_since_an_instant(program):
    first, second, third = fleet(3)
    since = timezone.now()
    do("suspend", second, DAY)
    assert iccids(program, f"?changed_since={quote(since.isoformat())}") == [second.iccid]
    assert iccids(program, f"?changed_since={quote((since - timedelta(days=1)).isoformat())}") == [
        *(first.iccid, second.iccid, third.iccid),
    ]
    assert iccids(program, f"?changed_since={quote((timezone.now() + timedelta(seconds=1)).isoformat())}") == []


def test_the_etag_is_the_version(program):
    (card,) = fleet(1)
    response = program.send("GET", f"{BASE}/cards/{card.iccid}")
    assert response.headers["ETag"] == f'"{card.version}"'
    assert program.send("GET", f"{BASE}/cards/{card.iccid}", if_none_match=f'"{card.version}"').status_code == 304
    path = f"/cards/{card.iccid}/actions"
    status, problem = program.post(path, {"action": "suspend"}, if_match='"1"')
    assert (status, problem["code"]) == (412, "changed_meanwhile")
    assert program.post(path, {"action": "suspend"}, if_match=f'"{card.version}"')[0] == 200


def test_what_may_be_done_and_why_the_rest_may_not(program):
    (card,) = fleet(1)
    do("suspend", card, DAY)
    items = program.get(f"/cards/{card.iccid}/actions")[1]["items"]
    assert {item["action"]: item["is_possible"] for item in items} == {
        "suspend": False,
        "resume": True,
        "set_limit": True,
        "rebind": False,
        "submit_real_name": False,
    }
    assert next(item for item in items if item["action"] == "suspend")["refusal"] == {
        "code": "already_voluntary",
        "detail": "The card is already suspended manually.",
        "way_out": "Resume it, or leave it suspended.",
    }


def test_arguments_are_read_by_their_own_rules(program):
    (card,) = fleet(1)
    path = f"/cards/{card.iccid}/actions"
    status, problem = program.post(path, {"action": "set_limit", "arguments": {"limit_mb": "much"}})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/arguments/limit_mb")
    assert program.post(path, {"action": "set_limit", "arguments": {"limit_mb": "20"}})[0] == 200
    status, problem = program.post(path, {"action": "set_limit", "arguments": {"colour": "red"}})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/arguments/colour")
    status, problem = program.post(path, {"action": "cancel"})
    assert (status, problem["errors"][0]["code"]) == (422, "no_such_action")


def test_what_happened_is_told_without_the_names_of_staff(program):
    (card,) = fleet(1)
    do("suspend", card, DAY, reason="because he did not pay")
    program.post(f"/cards/{card.iccid}/actions", {"action": "resume"})
    items = program.get(f"/cards/{card.iccid}/events")[1]["items"]
    assert [(item["action"], item["by"]) for item in items] == [
        ("open", "your dealer"),
        ("activate", "your dealer"),
        ("suspend", "your dealer"),
        ("resume", "key:erp"),
    ]
    assert "because" not in str(items)
    first = program.get(f"/cards/{card.iccid}/events?limit=3")[1]
    rest = program.get(f"/cards/{card.iccid}/events?limit=3&next={first['next']}")[1]
    assert (len(first["items"]), rest["items"], rest["next"]) == (3, items[3:], None)


def test_what_was_before_a_card_was_theirs_is_not_theirs(acme):
    card = card_in_use(customer="Other", iccid="89860000000000000001")
    use(card, DAY, 3)
    do("assign", card, DAY + timedelta(days=1), customer=acme.name)
    program = Program(acme)
    assert [item["action"] for item in program.get(f"/cards/{card.iccid}/events")[1]["items"]] == ["assign"]
    assert program.get(f"/cards/{card.iccid}/usage?from=2026-02-01&to=2026-03-31")[1]["items"] == []
    assert program.get(f"/usage/{DAY}")[1] == b""


def test_usage_by_day_and_for_accounting(program):
    first, second = fleet(2)
    use(first, DAY, 3)
    use(second, DAY, 1)
    use(first, DAY + timedelta(days=1), 2)
    mb = 1024 * 1024
    assert program.get(f"/cards/{first.iccid}/usage?from={DAY}&to={DAY}")[1] == {
        "card": first.iccid,
        "items": [{"day": str(DAY), "bytes": 3 * mb}],
        "bytes": 3 * mb,
    }
    assert program.get(f"/usage/{DAY}")[1].decode().splitlines() == [
        f'{{"card": "{first.iccid}", "bytes": {3 * mb}}}',
        f'{{"card": "{second.iccid}", "bytes": {mb}}}',
    ]
    assert program.get("/usage/monthly/2026-03?format=csv")[1].decode().splitlines() == [
        "card,bytes",
        f"{first.iccid},{5 * mb}",
        f"{second.iccid},{mb}",
    ]
    for path in ("/usage/yesterday", "/usage/monthly/2026-13", f"/usage/{DAY}?format=xml"):
        assert program.get(path)[0] == 422, path
    status, problem = program.get(f"/cards/{first.iccid}/usage?from={DAY}&to={DAY - timedelta(days=1)}")
    assert (status, problem["errors"][0]["code"]) == (422, "backwards")
    assert program.get(f"/cards/{first.iccid}/usage?from=2024-01-01&to=2026-03-02")[0] == 422
    for day, status in (("1999-12-31", 422), ("2000-01-01", 200), ("2099-12-31", 200), ("2100-01-01", 422)):
        assert program.get(f"/cards/{first.iccid}/usage?to={day}")[0] == status, day


@on_day(DAY)
def test_what_will_happen_is_the_forecast(program):
    (card,) = fleet(1)
    status, document = program.get(f"/cards/{card.iccid}/forecast")
    assert (status, document["version"]) == (200, card.version)
    assert [(item["action"], item["rule"]) for item in document["items"]] == [
        ("expire", "expire"),
        ("cancel", "cancel"),
    ]
    assert program.get(f"/cards/{card.iccid}/commands") == (200, {"items": [], "next": None})
