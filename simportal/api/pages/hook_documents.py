"""Events, webhooks and deliveries as the API writes them out."""

from simportal.api.choices import DeliveryProblem
from simportal.api.pages.written import as_instant


def endpoint_document(endpoint):
    return {
        "id": endpoint.number,
        "url": endpoint.url,
        "types": endpoint.types,
        "with_card": endpoint.with_card,
        "is_on": endpoint.is_on,
        "off_reason": endpoint.off_reason or None,
        "failing_since": as_instant(endpoint.failing_since),
        "former_secret_until": as_instant(endpoint.former_until),
        "created_at": as_instant(endpoint.created_at),
    }


def delivery_document(delivery):
    return {
        "id": delivery.number,
        "event": delivery.event.number,
        "type": delivery.event.type,
        "card": delivery.event.data.get("card"),
        "outcome": delivery.outcome or None,
        "tries": delivery.tries,
        "due_at": as_instant(delivery.due_at),
        "tried_at": as_instant(delivery.tried_at),
        "status": delivery.code,
        "problem": delivery.problem or None,
        "detail": str(DeliveryProblem(delivery.problem).label) if delivery.problem else None,
        "answer": delivery.answer or None,
        "ms": delivery.ms,
    }


def event_document(event):
    return {
        "id": event.number,
        "type": event.type,
        "timestamp": as_instant(event.at),
        "data": event.data,
    }
