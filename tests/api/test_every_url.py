"""Every operation of the API, asked with every kind of key: what is not in its table is refused.

What stands in the addresses is Acme's; a key of another customer's finds nothing at any of them.
"""

import re
import uuid
from datetime import date, timedelta

import pytest

from billing.models import Order
from cards.calendar import civil_today
from cards.models import Card, CardRequest, Customer
from simportal.api.actions.keys import revoke_key
from simportal.api.choices import ApiScope
from simportal.api.models import ApiKey
from tests.api.program import BASE, Program, the_document
from tests.billing.build import fleet, fund, price
from tests.build import on_day

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
READS, ACTS = ApiScope.CARDS_READ, ApiScope.CARDS_ACT
LOOKS, BUYS, USAGE = ApiScope.ORDERS_READ, ApiScope.ORDERS_WRITE, ApiScope.USAGE_READ
ASKS, NAMES, HOOKS = ApiScope.REQUESTS_WRITE, ApiScope.REAL_NAME, ApiScope.WEBHOOKS_WRITE
OF_ACTIONS = {ACTS, ApiScope.CARDS_LIMIT, ApiScope.CARDS_BIND, NAMES}
EVERY = set(ApiScope)
SUSPENDED = {"action": "suspend"}

# (method, path): the scopes of which one is enough, what is sent, and whether it names something of a customer's.
TABLE = {
    ("GET", "/me"): (EVERY, None, False),
    ("GET", "/cards"): ({READS}, None, False),
    ("GET", "/cards/count"): ({READS}, None, False),
    ("GET", "/cards/{card}"): ({READS}, None, True),
    ("GET", "/cards/{card}/actions"): (EVERY, None, True),
    ("POST", "/cards/{card}/actions"): ({ACTS}, SUSPENDED, True),
    ("GET", "/cards/{card}/events"): ({READS}, None, True),
    ("GET", "/cards/{card}/usage"): ({USAGE}, None, True),
    ("GET", "/cards/{card}/forecast"): ({READS}, None, True),
    ("GET", "/cards/{card}/commands"): ({READS}, None, True),
    ("POST", "/actions/preview"): ({ACTS}, SUSPENDED | {"cards": ["{card}"]}, True),
    ("POST", "/actions"): ({ACTS}, {"action": "resume", "cards": ["{card}"]}, True),
    ("GET", "/operations/{operation}"): (OF_ACTIONS, None, True),
    ("GET", "/operations/{operation}/items"): (OF_ACTIONS, None, True),
    ("GET", "/orders"): ({LOOKS}, None, False),
    ("GET", "/orders/{order}"): ({LOOKS}, None, True),
    ("GET", "/orders/{order}/lines"): ({LOOKS}, None, True),
    ("POST", "/orders/preview"): ({BUYS}, {"kind": "renewal", "cards": ["{card}"]}, True),
    ("POST", "/orders"): ({BUYS}, {"kind": "renewal", "cards": ["{card}"], "also_renewed": True}, True),
    ("POST", "/orders/{order}/pay"): ({BUYS}, {}, True),
    ("POST", "/orders/{order}/withdraw"): ({BUYS}, {}, True),
    ("GET", "/balance"): ({LOOKS}, None, False),
    ("GET", "/price"): ({LOOKS}, None, True),
    ("GET", "/usage/{day}"): ({USAGE}, None, False),
    ("GET", "/usage/monthly/{month}"): ({USAGE}, None, False),
    ("GET", "/real-name/{card}"): ({READS, NAMES}, None, True),
    ("POST", "/real-name/{card}"): ({NAMES}, {}, True),
    ("GET", "/requests"): ({READS, ASKS}, None, False),
    ("GET", "/requests/{number}"): ({READS, ASKS}, None, True),
    ("POST", "/requests"): ({ASKS}, {"card": "{card}", "text": "?"}, True),
    ("POST", "/requests/{number}/close"): ({ASKS}, {}, True),
}
QUERIES = {"/price": "?card={card}"}
DONE = {200, 201, 202}
# What a rule refuses once the key may ask: an order that is paid, a card that needs no verification.
ALSO = {"/orders/{order}/withdraw": 409, "/real-name/{card}": 409}


@pytest.fixture
def world():
    """Acme with a card, an order, a request and an operation, and what stands of them in addresses."""
    with on_day(DAY):
        fleet(2, date(2026, 2, 1))
        price("Y1-30", "12.50")
        fund("1000.00")
        Customer.objects.get_or_create(name="Other")
        program = Program(Customer.objects.get(name="Acme"))
        card, second = Card.objects.order_by("pk")
        operation = program.post("/actions", {"action": "suspend", "cards": [second.iccid]})[1]
        order = program.post("/orders", {"kind": "renewal", "cards": [second.iccid], "pay": False})[1]
        asked = program.post("/requests", {"card": card.iccid, "text": "why?"})[1]
        program.post(f"/cards/{card.iccid}/actions", {"action": "suspend"})
        program.post(f"/cards/{card.iccid}/actions", {"action": "resume"})
        yield (
            program,
            {
                "{card}": card.iccid,
                "{operation}": operation["id"],
                "{order}": order["id"],
                "{number}": asked["id"],
                "{day}": str(DAY),
                "{month}": "2026-03",
            },
        )


def filled(value, facts):
    if isinstance(value, dict):
        return {name: filled(each, facts) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, facts) for each in value]
    return re.sub(r"\{\w+\}", lambda found: facts[found[0]], value) if isinstance(value, str) else value


def status_of(program, method, path, facts, **headers):
    _scopes, body, _names = TABLE[method, path]
    address = filled(BASE + path + QUERIES.get(path, ""), facts)
    headers = {"idempotency_key": uuid.uuid4().hex} | headers
    return program.send(method, address, filled(body, facts), **headers).status_code


def test_the_table_has_every_operation():
    paths = the_document()["paths"]
    known = {(method.upper(), path.removeprefix(BASE)) for path, methods in paths.items() for method in methods}
    elsewhere = {key for key in known if re.match(r"/(webhooks|events)", key[1])}  # test_webhooks.py, test_events.py
    assert known - elsewhere == set(TABLE)


def test_without_a_living_key_nothing_is_answered(world):
    program, facts = world
    expired, revoked = Program(program.customer), Program(program.customer)
    ApiKey.objects.filter(pk=expired.row.pk).update(expires_on=civil_today())
    revoke_key(revoked.row, by=program.row.user)
    for method, path in TABLE:
        assert status_of(program, method, path, facts, authorization=None) == 401, (method, path)
        assert status_of(program, method, path, facts, authorization="Basic eA==") == 401, (method, path)
        assert status_of(expired, method, path, facts) == 401, (method, path)
        assert status_of(revoked, method, path, facts) == 401, (method, path)


def test_each_scope_opens_what_is_in_its_table_and_nothing_else(world):
    program, facts = world
    for scope in ApiScope:
        narrow = Program(program.customer, scopes=[scope])
        for (method, path), (scopes, _body, _names) in TABLE.items():
            status = status_of(narrow, method, path, facts)
            if scope in scopes:
                assert status in DONE | {ALSO.get(path), 409}, (scope, method, path, status)
            else:
                assert status == 403, (scope, method, path, status)
        revoke_key(narrow.row, by=program.row.user)


def test_what_is_anothers_is_not_there(world):
    _program, facts = world
    other = Program(Customer.objects.get(name="Other"))
    orders, versions = Order.objects.count(), list(Card.objects.values_list("version", flat=True))
    for (method, path), (_scopes, body, names) in TABLE.items():
        status = status_of(other, method, path, facts)
        if (names and "{" in path) or path in QUERIES or (path == "/requests" and body):
            assert status == 404, (method, path, status)
        elif names:
            assert status == 422, (method, path, status)  # a list of numbers, each named
        else:
            assert status == 200, (method, path, status)
    assert (Order.objects.count(), list(Card.objects.values_list("version", flat=True))) == (orders, versions)
    assert CardRequest.objects.count() == 1


def test_a_cookie_opens_nothing(world):
    program, facts = world
    program.client.force_login(program.row.user)
    assert status_of(program, "GET", "/me", facts, authorization=None) == 401


def test_a_key_counts_from_its_addresses_alone(world):
    program, facts = world
    ApiKey.objects.filter(pk=program.row.pk).update(addresses=["203.0.113.0/24"])
    assert status_of(program, "GET", "/me", facts) == 403
    ApiKey.objects.filter(pk=program.row.pk).update(addresses=["203.0.113.0/24", "127.0.0.1/32"])
    assert status_of(program, "GET", "/me", facts) == 200


def test_a_key_is_good_up_to_its_last_day(world):
    program, facts = world
    for days, status in ((1, 200), (0, 401), (-1, 401)):
        ApiKey.objects.filter(pk=program.row.pk).update(expires_on=civil_today() + timedelta(days=days))
        assert status_of(program, "GET", "/me", facts) == status
