"""What a program and a person ask of the same cards, one after the other, in one process as deployed."""

import json
import sys
import time
import uuid
from datetime import date

import django

if __name__ == "__main__":
    django.setup()

from django.test import Client

from cards.actions.action_requests import act
from cards.models import Card, Customer
from simportal.api.actions import limits
from simportal.api.actions.keys import make_key
from tests.api.program import BASE
from tests.billing.build import fleet
from tests.build import SHELL, member
from tests.console.pages import logged_in

SINCE = date(2026, 3, 2)
KEYS, CARDS_OF_ONE = 20, 100
HTTPS = {"secure": True, "SERVER_NAME": "localhost"}


def lay(cards):
    """A customer with so many cards in use, a member, and keys of customers with a hundred cards each."""
    fleet(cards, SINCE)
    member("Acme", "alice")
    for number in range(KEYS):
        name, since = f"Customer {number}", number * CARDS_OF_ONE
        Customer.objects.get_or_create(name=name)
        act("assign", range_of(since), actor=SHELL, on=SINCE, customer=name)
        yield key_of_customer(name)


def range_of(since):
    return list(Card.objects.order_by("pk").values_list("pk", flat=True)[since : since + CARDS_OF_ONE])


def key_of_customer(name):
    return make_key(Customer.objects.get(name=name), by=SHELL, name="bench", scopes=["cards:read", "cards:act"])[1]


class Visitor:
    """Both ways to ask: a page of the customer's, and the API."""

    def __init__(self):
        acme = Customer.objects.get(name="Acme")
        self.key = key_of_customer("Acme")
        self.program, self.person = Client(), logged_in(acme.memberships.get(user__username="alice").user)
        own = Card.objects.filter(customer=acme).order_by("pk")
        self.cards = list(own.values_list("iccid", "version"))

    def list_of_api(self, _number):
        return self.program.get(f"{BASE}/cards?limit=100", headers=self._headers(), **HTTPS)

    def list_of_page(self, _number):
        return self.person.get("/my/cards/", **HTTPS)

    def action_of_api(self, number):
        iccid, _version = self.cards[2 * number]
        path, body = f"{BASE}/cards/{iccid}/actions", json.dumps({"action": "suspend"})
        headers = self._headers() | {"idempotency-key": uuid.uuid4().hex}
        return self.program.post(path, body, content_type="application/json", headers=headers, **HTTPS)

    def action_of_page(self, number):
        iccid, version = self.cards[2 * number + 1]
        return self.person.post(f"/my/cards/{iccid}/suspend/", {"version": version}, **HTTPS)

    def _headers(self):
        limits._owed.clear()  # what is measured is the door, not the limit
        return {"authorization": f"Bearer {self.key}"}


def timed(visit, visits):
    """Milliseconds of each visit, the first few left out."""
    found = []
    for number in range(visits + 5):
        began = time.perf_counter()
        answer = visit(number)
        found.append((time.perf_counter() - began) * 1000)
        assert answer.status_code in (200, 202, 302), (answer.status_code, answer.content[:300])
    return found[5:]


def main():
    what, count = sys.argv[1], int(sys.argv[2])
    if what == "lay":
        print(json.dumps(list(lay(count))))
    else:
        print(json.dumps(timed(getattr(Visitor(), what), count)))


if __name__ == "__main__":
    main()
