"""The last deliveries of a webhook as people read them."""

import json
from dataclasses import dataclass

from django.utils.translation import pgettext

from cards.pages.badges import Badge
from simportal.api.actions.deliveries import body_of
from simportal.api.choices import DeliveryOutcome, EventType
from simportal.api.models import Delivery

DELIVERIES_PER_PAGE = 100
_TONES = {DeliveryOutcome.DELIVERED: "good", DeliveryOutcome.FAILED: "bad"}


@dataclass(frozen=True)
class DeliveryLine:
    """A delivery, what it is called, how far it is, and what is sent."""

    delivery: Delivery
    title: str
    badge: Badge
    body: str


def delivery_lines(endpoint):
    deliveries = endpoint.deliveries.select_related("event").order_by("-pk")[:DELIVERIES_PER_PAGE]
    return [_line(delivery) for delivery in deliveries]


def _line(delivery):
    event = delivery.event
    outcome = delivery.outcome
    label = DeliveryOutcome(outcome).label if outcome else pgettext("delivery", "Waiting")
    body = json.dumps(json.loads(body_of(event)), ensure_ascii=False, indent=2)
    return DeliveryLine(delivery, EventType(event.type).label, Badge(label, _TONES.get(outcome, "")), body)
