"""Webhooks on the customers' own pages: for owners, who see what was sent and what came back."""

import pytest
from django.utils import timezone

from cards.models import Customer
from simportal.api.actions.deliveries import send_due
from simportal.api.actions.endpoints import add_endpoint, secret_of, switch_off
from simportal.api.actions.telling import make_events, one_at_a_time
from simportal.api.choices import EventType
from simportal.api.models import ApiEvent, Delivery, Endpoint
from tests.api.receiver import receiving
from tests.build import SHELL, member
from tests.console.pages import logged_in
from tests.my.pages import ENGLISH, Phone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_LOOPBACK = True


@pytest.fixture
def owner():
    return logged_in(member("Acme", "alice"))


@pytest.fixture
def acme(owner):
    return Customer.objects.get(name="Acme")


def event(customer, key="e1"):
    with one_at_a_time():
        make_events(
            [ApiEvent(customer=customer, type=EventType.ORDER_PAID, key=key, at=timezone.now(), data={"order": key})]
        )


def page(client, endpoint):
    return client.get(f"/my/webhooks/{endpoint.pk}/", headers=ENGLISH).content.decode()


def test_an_owner_adds_a_webhook_and_sees_what_was_sent(owner, acme):
    phone = Phone(owner)
    with receiving((500, {}, b"out of <order>"), 200) as receiver:
        phone.open("/my/webhooks/")
        phone.press("Add webhook", **{f"c{acme.pk}-url": receiver.url})
        endpoint = Endpoint.objects.get()
        assert (endpoint.url, endpoint.types) == (receiver.url, [])
        assert secret_of(endpoint) in page(owner, endpoint)
        event(acme)
        send_due()
        shown = page(owner, endpoint)
        assert "Order paid" in shown
        assert "Waiting" in shown
        assert "Answered with another status than 2xx." in shown
        assert "out of &lt;order&gt;" in shown
        assert "&quot;order&quot;: &quot;e1&quot;" in shown
        phone.open(f"/my/webhooks/{endpoint.pk}/")
        phone.press("Send again")
        send_due()
        assert len(set(receiver.numbers)) == 1
        assert len(receiver.numbers) == 2
        assert "Delivered" in page(owner, endpoint)
        phone.open(f"/my/webhooks/{endpoint.pk}/")
        phone.press("Send a test")
        send_due()
        assert receiver.documents[-1]["type"] == "webhook.test"


def test_it_is_changed_rotated_switched_off_and_on_and_deleted(owner, acme):
    with receiving() as receiver:
        endpoint = add_endpoint(acme, receiver.url, by=SHELL)
        phone, address = Phone(owner), f"/my/webhooks/{endpoint.pk}/"
        phone.open(address)
        owner.post(f"{address}change/", {"url": receiver.url + "&more=1", "types": ["order.paid"]})
        changed = Endpoint.objects.get()
        assert (changed.url, changed.types) == (receiver.url + "&more=1", ["order.paid"])
        former = secret_of(changed)
        phone.open(address)
        phone.press("Rotate secret")
        assert secret_of(Endpoint.objects.get()) != former
        assert "The former secret signs too until" in page(owner, endpoint)
        phone.open(address)
        phone.press("Switch off")
        assert "This webhook is off: nothing is sent to it." in page(owner, endpoint)
        event(acme)
        phone.open(address)
        phone.press("Switch on and send what was missed")
        send_due()
        assert [document["data"] for document in receiver.documents] == [{"order": "e1"}]
        switch_off(Endpoint.objects.get(), by=SHELL)
        event(acme, "e2")
        phone.open(address)
        phone.press("Switch on without it")
        assert (send_due(), Delivery.objects.count()) == (0, 1)
        phone.open(address)
        phone.press("Delete it and its deliveries")
        assert (Endpoint.objects.count(), Delivery.objects.count()) == (0, 0)


def test_what_is_wrong_is_said_at_its_field(owner, acme, settings):
    settings.WEBHOOK_LOOPBACK = False
    answer = owner.post(f"/my/webhooks/add/{acme.pk}/", {f"c{acme.pk}-url": "http://example.com/"}, headers=ENGLISH)
    assert "Webhooks are sent by https, to port 443 or 8443." in answer.content.decode()
    assert Endpoint.objects.count() == 0
    endpoint = add_endpoint(acme, "https://example.com/", by=SHELL)
    answer = owner.post(f"/my/webhooks/{endpoint.pk}/change/", {"url": "https://10.0.0.8/"}, headers=ENGLISH)
    assert "Webhooks are sent to public addresses only." in answer.content.decode()
    assert Endpoint.objects.get().url == "https://example.com/"


@pytest.mark.parametrize(("role", "expected"), [("operator", 403), ("viewer", 403)])
def test_it_is_for_owners(role, expected, acme):
    endpoint = add_endpoint(acme, "https://example.com/", by=SHELL)
    event(acme)
    visits(logged_in(member("Acme", "bob", role=role)), endpoint, expected)


def test_those_of_others_are_none(acme):
    endpoint = add_endpoint(acme, "https://example.com/", by=SHELL)
    event(acme)
    visits(logged_in(member("Other", "eve")), endpoint, 404)


def visits(client, endpoint, expected):
    """Whoever this is gets this answer wherever they go, and nothing happens."""
    delivery = Delivery.objects.get()
    assert client.get(f"/my/webhooks/{endpoint.pk}/").status_code == expected
    steps = [f"add/{endpoint.customer_id}", *(f"{endpoint.pk}/{step}" for step in STEPS)]
    for step in (*steps, f"deliveries/{delivery.pk}/again"):
        answer = client.post(f"/my/webhooks/{step}/", {"url": "https://example.com/2", "to": "off"})
        assert (step, answer.status_code) == (step, expected)
    assert Endpoint.objects.values_list("url", "is_on").get() == ("https://example.com/", True)


STEPS = ("change", "switch", "test", "rotate", "delete")
