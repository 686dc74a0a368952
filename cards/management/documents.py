"""A card as a document: what `card --json` and `forecast --json` give, by the names of `interfaces.md`."""

from datetime import date

from cards import rules
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues, chunked
from cards.calendar import civil_today
from cards.errors import InvariantBroken
from cards.models import Card, CardEvent, PolicyBook

# A forecast ends by itself, with the card's last term and its cancellation.
THE_END = date.max
CARDS_PER_CHUNK = 500

PLAIN_FACTS = (
    "opened_on", "test_until", "silent_from", "forced_activation_on", "activated_on", "activation_cause",
    "service_until", "cancel_on", "version",
)  # fmt: skip


def documents(ids):
    """(card, document) of each of these cards in turn: a few queries for hundreds of them, however many there are."""
    policies, today = PolicyBook.read(), civil_today()
    for chunk in chunked(ids, CARDS_PER_CHUNK):
        cards = Card.objects.select_related("customer").in_bulk(chunk)
        attach_ordered(attach_queues(list(cards.values())))
        events = _events(cards)
        for pk in chunk:
            yield cards[pk], document(cards[pk], events[pk], policies, today)


def document(card, events, policies, today):
    return {
        "iccid": card.iccid,
        "msisdn": card.msisdn or None,
        "carrier": card.carrier,
        "customer": card.customer.name if card.customer else None,
        "state": card.state,
        "holds": card.hold_list,
        "resumes_to": card.resumes_to or None,
        **{name: getattr(card, name) or None for name in PLAIN_FACTS},
        "cycle": card.meter(today)._asdict(),
        "forecast": [_change(change) for change in foreseen(card, THE_END, policies)[0]],
        "events": events,
    }


def forecast_document(card, changes):
    return {"iccid": card.iccid, "forecast": [_change(change) | {"evidence": change.evidence} for change in changes]}


def foreseen(card, through, policies):
    """What is forecast for the card, and why nothing can be: its facts contradict each other, or it is parked."""
    try:
        return rules.forecast(card, through, policies), card.parked_because
    except InvariantBroken as broken:
        return [], card.parked_because or str(broken)


def all_ids():
    """The primary key of every card, read chunk by chunk."""
    last = 0
    while chunk := list(Card.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CARDS_PER_CHUNK]):
        yield from chunk
        last = chunk[-1]


def _events(cards):
    """The record of each card, as far as the version that was read: what was written since belongs to a later one."""
    records = {pk: [] for pk in cards}
    for event in CardEvent.objects.filter(card_id__in=list(cards)).order_by("card_id", "seq"):
        if event.seq <= cards[event.card_id].version:
            records[event.card_id].append(
                {
                    "seq": event.seq,
                    "action": event.action,
                    "from": event.from_state or None,
                    "to": event.to_state,
                    "effective_on": event.effective_on,
                    "actor": event.actor_name,
                    "rule": event.rule or None,
                    "reason": event.reason or None,
                }
            )
    return records


def _change(change):
    return {"on": change.on, "action": change.action, "rule": change.rule or None}
