"""The core of the API: who asks, one card and many, and that what is asked twice is done once."""

from datetime import timedelta

import pytest

from cards.calendar import civil_today
from cards.models import CardEvent
from simportal.api.actions.keys import revoke_key
from simportal.api.models import ApiKey, KeptAnswer
from tests.api.program import BASE, Program
from tests.build import SHELL, card_in_use, fresh

pytestmark = pytest.mark.django_db


def own_card(**columns):
    return card_in_use(customer="Acme", **columns)


def test_a_card_by_each_of_its_numbers(program):
    card = own_card(msisdn="1440000000001", imsi="460000000000001")
    status, document = program.get(f"/cards/{card.iccid}")
    assert (status, document["iccid"], document["state"], document["version"]) == (200, card.iccid, "in_use", 2)
    assert program.get("/cards/msisdn:1440000000001") == (200, document)
    assert program.get("/cards/imsi:460000000000001") == (200, document)


def test_a_card_of_another_is_none(program):
    others = card_in_use(customer="Other")
    assert program.get(f"/cards/{others.iccid}")[0] == 404
    status, problem = program.post(f"/cards/{others.iccid}/actions", {"action": "suspend"})
    assert (status, problem["code"]) == (404, "not_found")
    assert program.get("/cards")[1]["items"] == []


def test_a_card_is_suspended_and_the_record_says_which_key(program):
    card = own_card()
    status, operation = program.post(f"/cards/{card.iccid}/actions", {"action": "suspend", "reason": "lost"})
    assert (status, operation["status"], operation["portal"], operation["carrier"]) == (200, "done", "done", None)
    record = CardEvent.objects.get(card=card, seq=operation["version"])
    assert (record.action, record.actor_kind, record.actor_name, record.reason) == (
        *("suspend", "customer", "key:erp", "lost"),
    )
    assert program.get(f"/operations/{operation['id']}") == (200, operation)


def test_a_refusal_says_why_and_what_is_possible_instead(program):
    card = own_card()
    program.post(f"/cards/{card.iccid}/actions", {"action": "suspend"})
    status, problem = program.post(f"/cards/{card.iccid}/actions", {"action": "suspend"})
    assert (status, problem["code"], problem["card"], problem["action"]) == (
        *(409, "already_voluntary", card.iccid, "suspend"),
    )
    assert (problem["type"], "resume" in problem["allowed"]) == ("/api/problems/already-voluntary", True)


def test_the_same_request_twice_is_done_once_and_answered_the_same(program):
    card = own_card()
    sent = (f"/cards/{card.iccid}/actions", {"action": "suspend"})
    first = program.post(*sent, idempotency_key="k1")
    again = program.send("POST", BASE + sent[0], sent[1], idempotency_key="k1")
    assert (again.status_code, again.json()) == first
    assert again.headers["Idempotent-Replayed"] == "true"
    assert fresh(card).version == first[1]["version"]
    assert KeptAnswer.objects.count() == 1


def test_a_refusal_is_kept_too(program):
    card = own_card()
    path = f"/cards/{card.iccid}/actions"
    refused = program.post(path, {"action": "resume"}, idempotency_key="k1")
    assert refused[0] == 409
    program.post(path, {"action": "suspend"})
    assert program.post(path, {"action": "resume"}, idempotency_key="k1") == refused


def test_a_key_of_another_request_is_refused_and_none_is_asked_for(program):
    card = own_card()
    path = f"/cards/{card.iccid}/actions"
    program.post(path, {"action": "suspend"}, idempotency_key="k1")
    status, problem = program.post(path, {"action": "resume"}, idempotency_key="k1")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    status, problem = program.post(path, {"action": "resume"}, idempotency_key=None)
    assert (status, problem["code"]) == (400, "idempotency_key_missing")
    assert fresh(card).hold_list == ("voluntary",)


def test_many_are_begun_wholly_or_not_at_all(program):
    cards = [own_card(iccid=f"8986{number:016d}") for number in range(1, 4)]
    numbers = [card.iccid for card in cards]
    status, problem = program.post("/actions", {"action": "suspend", "cards": [*numbers, "89860000000000000099"]})
    assert (status, problem["errors"]) == (
        422,
        [{"pointer": "/cards/3", "code": "no_such_card", "detail": "You have no card of this number."}],
    )
    program.post(f"/cards/{numbers[0]}/actions", {"action": "suspend"})
    status, preview = program.post("/actions/preview", {"action": "suspend", "cards": numbers})
    assert (status, preview["summary"]) == (
        200,
        [
            {"outcome": "possible", "count": 2},
            {"outcome": "refused", "code": "already_voluntary", "count": 1},
        ],
    )
    status, operation = program.post("/actions", {"action": "suspend", "cards": numbers, "reason": "holiday"})
    assert (status, operation["cards"]) == (202, 3)


def test_what_a_key_may_not_is_a_403(acme):
    card, reads = own_card(), Program(acme, scopes=["cards:read"])
    assert reads.get(f"/cards/{card.iccid}")[0] == 200
    status, problem = reads.post(f"/cards/{card.iccid}/actions", {"action": "suspend"})
    assert (status, problem["code"], problem["scopes"]) == (403, "scope_missing", ["cards:act"])


def test_keys_that_open_nothing(program):
    assert program.get("/me")[0] == 200
    assert program.get("/me", authorization=None)[1]["code"] == "key_missing"
    assert program.get("/me", authorization=f"Bearer {program.key}x")[1]["code"] == "key_unknown"
    ApiKey.objects.update(expires_on=civil_today() + timedelta(days=1))
    assert program.get("/me")[0] == 200
    ApiKey.objects.update(expires_on=civil_today())
    assert program.get("/me")[1]["code"] == "key_expired"
    revoke_key(program.row, by=SHELL)
    assert program.get("/me")[1]["code"] == "key_revoked"
