"""Workers that send webhooks, as processes: one that is killed, and one beside a receiver that is slow."""

from collections import Counter

import pytest

from tests.api.receiver import receiving
from tests.carriers.fleet import kill
from tests.own_portal import python, row, running
from tests.processes import wait_until

BEGIN = """
from cards.models import Customer
from simportal.api.actions.endpoints import add_endpoint
from tests.build import SHELL, card_in_use
customer = Customer.objects.create(name="Acme")
for url in {urls}:
    add_endpoint(customer, url, ["card.state_changed"], by=SHELL)
for number in range({cards}):
    card_in_use(customer="Acme", iccid=f"8986{{number:016d}}")
"""
LEASES_RUN_OUT = """
from django.utils import timezone
from simportal.api.models import Delivery
Delivery.objects.exclude(worker="").update(leased_until=timezone.now())
"""


@pytest.fixture
def portal(new_portal):
    return new_portal(WEBHOOK_LOOPBACK="1", DEBUG="1")


def outcomes(portal, url):
    """How many deliveries to this address had which outcome."""
    of = f"endpoint_id = (SELECT id FROM api_endpoint WHERE url = '{url}')"
    found = row(portal, f"SELECT COUNT(*) FROM api_delivery WHERE {of} AND outcome = 'delivered'")
    return found[0]


def test_a_worker_killed_between_sending_and_writing_down(portal):
    with receiving("silence", 200) as receiver:
        python(portal, BEGIN.format(urls=[receiver.url], cards=1))
        worker = running(portal, "webhooks", "work", "--until-settled")
        wait_until(lambda: outcomes(portal, receiver.url) == 1, what="the delivery that is answered")
        kill(worker)
        assert (len(receiver.received), outcomes(portal, receiver.url)) == (2, 1)
        python(portal, LEASES_RUN_OUT)
        portal.manage("webhooks", "work", "--until-settled")
    assert outcomes(portal, receiver.url) == 2
    counts = Counter(receiver.numbers)
    assert sorted(counts.values()) == [1, 2], "once more, under the same number"


def test_a_slow_receiver_harms_nobody_and_has_two_connections_at_most(portal):
    with receiving() as slow, receiving() as quick:
        slow.slowly_s = 1
        python(portal, BEGIN.format(urls=[slow.url, quick.url], cards=6))
        with running(portal, "webhooks", "work", "--until-settled"):
            wait_until(lambda: len(quick.received) == 12, what="the quick one's deliveries")
            assert len(slow.received) < 12
        assert (len(slow.numbers), len(set(slow.numbers)), len(quick.numbers)) == (12, 12, 12)
        assert (slow.most_at_once, quick.most_at_once <= 2) == (2, True)
