"""What the label of a card leads to: its state in one sentence, what is left, and what helps, each with its price."""

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import AnonymousUser

from billing.guest.actions.doors import lets_guests_pay
from billing.money import ZERO, yuan
from billing.pages.offered import sections_of
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.calendar import last_day
from cards.carriers.pages.card_panel import OwnersCard
from cards.errors import InvariantBroken
from cards.pages.card_rows import usage_of
from cards.pages.frames import MY
from cards.sentences.guest_text import guest_effect, guest_renewal, guest_sentence, whom_to_ask


@dataclass(frozen=True)
class GuestOffer:
    """One thing to buy: `value` is what the form sends, which says also at which price and on which terms it stood."""

    value: str
    title: str
    note: str
    price: str
    follows: str


@dataclass(frozen=True)
class GuestSection:
    """What is to be had of one kind."""

    label: str
    offers: list[GuestOffer]


@dataclass(frozen=True)
class LeftInCycle:
    """What is left of the running cycle's data, in bytes and per cent, and which days it is for."""

    left_bytes: int
    quota_bytes: int
    left_per_cent: int
    used_per_cent: int
    tone: str
    first: date
    last: date


def labelled_card(card, today):
    """The context of a card's page, for whoever has its label; of a card in stock, or whose customer has switched the
    page off, no more than that."""
    if card.customer_id is None:
        return {"why_closed": "stock", "claim_url": f"{MY.url('claim')}?iccid={card.iccid}"}
    if not lets_guests_pay(card.customer_id):
        return {"why_closed": "off"}
    attach_ordered(attach_queues([card]))
    at_carrier = OwnersCard(card, AnonymousUser())
    sections = [] if at_carrier.is_gone else _sections(card)
    return {
        "number": masked(card.iccid),
        "said": guest_sentence(card),
        "is_cut": at_carrier.is_cut,
        "asks": whom_to_ask(card),
        "renewal": "" if card.is_over or card.parked else guest_renewal(card),
        "left": _left(card, today),
        "last_day": card.service_until and card.term_runs and last_day(card.service_until),
        "sections": sections,
    }


def typed_card(for_sale):
    """The context of the page of a typed number: what there is to buy, and nothing of the card."""
    found = {}
    for kind, plan, shown in for_sale:
        found.setdefault(kind, []).append(_offer(plan, shown))
    return {"sections": [GuestSection(kind.label, offers) for kind, offers in found.items()]}


def masked(iccid):
    """A card's number as whoever holds it knows it again, and nobody else."""
    return f"{iccid[:4]} … {iccid[-4:]}"


def _sections(card):
    """What can be bought now; of a card whose data contradict each other nothing can."""
    if card.parked:
        return []
    try:
        found = sections_of(card, is_guest=True, effect=guest_effect)
    except InvariantBroken:
        return []
    sections = [
        GuestSection(
            section.kind.label,
            [
                _offer(choice.option.plan, choice.option.shown, choice.follows)
                for choice in section.choices
                if choice.option.shown and choice.option.shown.total > ZERO
            ],
        )
        for section in found
    ]
    return [section for section in sections if section.offers]


def _offer(plan, shown, follows=""):
    note = plan.description if plan.name else ""
    return GuestOffer(f"{plan.code} {shown.total} {shown.terms}", plan.title, note, yuan(shown.total), follows)


def _left(card, today):
    """None while no meter runs."""
    usage = usage_of(card, today)
    if usage is None:
        return None
    meter = card.meter(today)
    return LeftInCycle(
        left_bytes=max(usage.quota_bytes - usage.used_bytes, 0),
        quota_bytes=usage.quota_bytes,
        left_per_cent=100 - usage.per_cent,
        used_per_cent=usage.per_cent,
        tone=usage.tone,
        first=meter.starts_on,
        last=last_day(meter.until),
    )
