"""Made-up requests, made from the document: no 500, and no answer that the document does not know.

`EXAMPLES=1000` asks for so many of each operation, instead of a few dozen.
"""

import json
import os
import uuid
from datetime import date
from urllib.parse import quote

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cards.models import Card
from tests.api.program import BASE, Program, the_document
from tests.billing.build import customer, fleet, fund, price
from tests.build import on_day

EXAMPLES = int(os.environ.get("EXAMPLES", 25))
DAY = date(2026, 3, 2)
OPERATIONS = sorted((path, method) for path, methods in the_document()["paths"].items() for method in methods)

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Acme with three cards, an order, a request and an operation; nothing stays of it."""
    with django_db_blocker.unblock(), on_day(DAY), transaction.atomic():
        fleet(3, date(2026, 2, 1))
        price("Y1-30", "12.50")
        fund("100000.00")
        program = Program(customer("Acme"))
        card = Card.objects.first()
        program.post("/orders", {"kind": "renewal", "cards": [card.iccid], "pay": False})
        program.post("/requests", {"card": card.iccid, "text": "why?"})
        program.post("/actions", {"action": "suspend", "cards": [card.iccid]})
        yield program
        transaction.set_rollback(True)


def known(program):
    """What may stand in an address that is there, by the name of the parameter."""
    return {
        "card": list(Card.objects.values_list("iccid", flat=True)),
        "order": [order["id"] for order in program.get("/orders")[1]["items"]],
        "number": [asked["id"] for asked in program.get("/requests")[1]["items"]],
        "operation": ["op_j1", "op_c1"],
        "day": [str(DAY)],
        "month": ["2026-03"],
    }


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda value: value.removeprefix(BASE))
def test_whatever_the_document_allows_is_answered_as_it_says(world, path, method):
    operation = schemathesis.openapi.from_dict(the_document())[path][method]
    there = known(world)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.booleans(), data=st.data())
    def ask(case, real, data):
        places = dict(case.path_parameters or {})
        if real:
            places |= {name: data.draw(st.sampled_from(there[name])) for name in places if there.get(name)}
        address = path
        for name, value in places.items():
            address = address.replace(f"{{{name}}}", quote(str(value), safe="") or "x")
        query = "&".join(f"{quote(str(name))}={quote(str(value))}" for name, value in (case.query or {}).items())
        body = None if case.method == "GET" else case.body if isinstance(case.body, dict) else {}
        with transaction.atomic():
            response = world.send(method, f"{address}?{query}" if query else address, body, idempotency_key=key())
            transaction.set_rollback(True)
        assert response.status_code < 500, (address, query, json.dumps(body, default=str))

    ask()


def key():
    return uuid.uuid4().hex
