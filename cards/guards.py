"""What must be true of a card before something is done to it, where several actions ask for it.

A guard raises `Refused` with its own code and way out. Guards of one action stand with it in the catalogue.
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from cards.choices import Certification, RealName, State
from cards.errors import Refused
from cards.models import Card, CarrierPolicy, PolicyBook

if TYPE_CHECKING:  # who is asked for what an action takes
    from cards.permissions import Actor


class Asked(Protocol):
    """What guards and effects see of a request: who asks, on which day, why, and with what parameters.

    `sent_in` are the cards of this chunk whose real-name check is sent in.
    """

    @property
    def actor(self) -> "Actor": ...

    @property
    def on(self) -> date: ...

    @property
    def reason(self) -> str | None: ...

    @property
    def params(self) -> Mapping[str, Any]: ...

    @property
    def sent_in(self) -> set[int]: ...

    @property
    def is_preview(self) -> bool: ...

    @property
    def policies(self) -> PolicyBook: ...

    def policy(self, card: Card) -> CarrierPolicy: ...


def not_cancelled(card: Card, request: Asked) -> None:
    if card.is_final:
        raise Refused("cancelled")


def not_parked(card: Card, request: Asked) -> None:
    if card.parked:
        raise Refused("parked", parked=card.parked)


def reason_given(card: Card, request: Asked) -> None:
    if request.reason is not None and not request.reason.strip():
        raise Refused("reason_required")


def has_a_payer(card: Card, request: Asked) -> None:
    if card.customer_id is None:
        raise Refused("nobody_pays")


def not_shut_down(card: Card, request: Asked) -> None:
    if card.state == State.SHUT_DOWN:
        raise Refused("renew_first")


def unused(card: Card, request: Asked) -> None:
    if card.state != State.UNUSED:
        raise Refused("not_unused")


def certified_by_a_person(card: Card, request: Asked) -> None:
    if card.certification != Certification.INDIVIDUAL:
        raise Refused("no_real_name_needed")


def check_submitted(card: Card, request: Asked) -> None:
    if card.real_name != RealName.SUBMITTED:
        raise Refused("not_submitted")


RENEWED_ALREADY = ("renewed_already", "ordered_already", "paid_already")


def renewed_by(card: Card) -> Refused | None:
    """What renews the card already, as the refusal of one more renewal: an order, or its queued term; else None."""
    for term in card.on_order:
        code = "paid_already" if term.is_paid else "ordered_already"
        return Refused(code, order=term.order_number, day=str(term.ordered_on))
    return Refused("renewed_already") if card.is_renewed else None
