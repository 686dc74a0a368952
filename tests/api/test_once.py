"""What is asked with one key is done once: fifty at the same moment, a process killed in between, one that is late."""

import json
import signal
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cards.models import Customer
from simportal.api.actions import kept_answers
from simportal.api.models import KeptAnswer
from simportal.api.pages import exactly_once
from tests.api.program import BASE, Program
from tests.build import card_in_use, fresh
from tests.own_portal import python, rows, running_python
from tests.warm import ALSO_LOADED

AT_ONCE = 50


@pytest.mark.django_db
def test_one_that_was_left_is_taken_over_after_a_minute_and_not_before():
    program, card = Program(Customer.objects.create(name="Acme")), card_in_use(customer="Acme")
    path = f"/cards/{card.iccid}/actions"
    row = KeptAnswer.objects.create(
        customer=program.customer,
        method="POST",
        path=BASE + path,
        key="k1",
        digest=digest_of({"action": "suspend"}),
        taken=uuid.uuid4(),
        taken_at=timezone.now() - kept_answers.TAKEN_OVER_AFTER + timedelta(seconds=5),
    )
    response = program.send("POST", BASE + path, {"action": "suspend"}, idempotency_key="k1")
    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (409, "in_progress", "1")
    late = timezone.now() - kept_answers.TAKEN_OVER_AFTER - timedelta(seconds=1)
    KeptAnswer.objects.filter(pk=row.pk).update(taken_at=late)
    assert program.post(path, {"action": "suspend"}, idempotency_key="k1")[0] == 200


@pytest.mark.django_db
def test_who_was_so_late_that_another_took_over_does_nothing():
    program = Program(Customer.objects.create(name="Acme"))
    row = kept_answers.claim_answer(program.customer, "POST", "/x", "k1", "d")
    KeptAnswer.objects.update(taken=uuid.uuid4())
    with pytest.raises(kept_answers.Problem) as refused:
        kept_answers.lock_answer(row)
    assert refused.value.code == "in_progress"
    kept_answers.forget_answer(row)
    assert KeptAnswer.objects.count() == 1


@pytest.mark.django_db
def test_answers_are_kept_for_three_days():
    program = Program(Customer.objects.create(name="Acme"))
    kept_answers.claim_answer(program.customer, "POST", "/x", "k1", "d")
    now = timezone.now()
    assert kept_answers.forget_old(now + timedelta(hours=71)) == 0
    assert kept_answers.forget_old(now + timedelta(hours=73)) == 1


def digest_of(body):
    return exactly_once._digest(json.dumps(body).encode())


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_fifty_equal_requests_at_once_are_one():
    acme, card = Customer.objects.create(name="Acme"), card_in_use(customer="Acme")
    programs = [Program(acme) for _key in range(5)]  # none asks more often than it may
    path, statuses, begin = f"{BASE}/cards/{card.iccid}/actions", [], threading.Barrier(AT_ONCE)

    def ask(program):
        program.is_limited = True
        begin.wait()
        try:
            response = program.send("POST", path, {"action": "suspend"}, idempotency_key="k1")
            statuses.append((response.status_code, response.json().get("version")))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(programs[number % 5],)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh(card).version == card.version + 1
    assert {status for status, _version in statuses} <= {200, 409, 503}
    assert {version for status, version in statuses if status == 200} == {card.version + 1}
    answer = programs[0].send("POST", path, {"action": "suspend"}, idempotency_key="k1")
    assert answer.headers["Idempotent-Replayed"] == "true"


MADE = """
from tests.api.program import Program
from tests.billing.build import customer
from tests.build import card_in_use
card_in_use(customer="Acme")
print(Program(customer("Acme")).key)
"""
ASK = """
import os, signal
from django.test import Client
from simportal.api.pages import exactly_once
keep, when = exactly_once.kept_answers.keep_answer, "{when}"

def killed(*args):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    keep(*args)
    if when == "after":
        os.kill(os.getpid(), signal.SIGKILL)

exactly_once.kept_answers.keep_answer = killed
answer = Client(SERVER_NAME="127.0.0.1").post(
    "/api/v1/cards/89860000000000000001/actions",
    '{{"action": "suspend"}}',
    content_type="application/json",
    headers={{"authorization": "Bearer {key}", "idempotency-key": "k1"}},
)
print(answer.status_code, answer.json()["code"] if answer.status_code > 299 else answer.json()["version"])
"""


@pytest.mark.processes
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_is_killed_between_effect_and_answer_leaves_nothing(new_portal, when):
    """Its transaction is not there: another request finds the row taken for a minute, and then does it, once."""
    portal = new_portal(**{ALSO_LOADED: "simportal.urls"})
    key = python(portal, MADE).strip()
    with running_python(portal, ASK.format(key=key, when=when)) as process:
        assert process.wait() == -signal.SIGKILL, process.complained
    held = "cards_card WHERE holds = 'voluntary'"
    assert rows(portal, held, "api_keptanswer WHERE status IS NULL") == [0, 1]
    again = ASK.format(key=key, when="never")
    assert python(portal, again).split() == ["409", "in_progress"]
    python(portal, LONG_AGO)
    assert python(portal, again).split() == ["200", "3"]
    assert python(portal, again).split() == ["200", "3"]
    assert rows(portal, held, "api_keptanswer WHERE status = 200", "cards_cardevent WHERE action = 'suspend'") == [
        1,
        1,
        1,
    ]


LONG_AGO = """
from datetime import timedelta
from django.db.models import F
from simportal.api.models import KeptAnswer
from simportal.api.pages import exactly_once
KeptAnswer.objects.update(taken_at=F("taken_at") - timedelta(minutes=2))
"""
