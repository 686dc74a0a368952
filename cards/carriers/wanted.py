"""What a card should be at its carrier, and which orders bring it there: pure functions of the card's own facts."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cards.carriers.choices import Aspect, ServiceState, StopReason, Switch
from cards.choices import Binding, Hold, State
from cards.holds import Holds

_CAP_PERCENT = 110  # of the allowance: the portal's own meter acts first; the carrier's is the second net

_SERVICE_OF = {
    State.TESTING: ServiceState.TEST,
    State.UNUSED: ServiceState.SILENT,
    State.IN_USE: ServiceState.ACTIVE,
    State.SHUT_DOWN: ServiceState.STOPPED,
    State.CANCELLED: ServiceState.CANCELLED,
}
_NOT_ACTIVATED = (ServiceState.TEST, ServiceState.SILENT)
_OF_ALLOWANCE = frozenset({Hold.CREDIT, Hold.THRESHOLD})


@dataclass(frozen=True)
class CardFacts:
    """What is asked of a card here, as its columns have it."""

    state: str
    resumes_to: str = ""
    holds: str = ""
    allowance_mb: int | None = None
    binding: str = Binding.NONE
    bound_imei: str = ""


@dataclass(frozen=True)
class Wanted:
    """How a card should be there. Blank, and None: this account leaves that to the carrier."""

    service: str
    data: str = ""
    cap_mb: int | None = None
    imei: str = ""


@dataclass(frozen=True)
class Wish:
    """Something to order of a card there: what about it is to change, and to what."""

    aspect: str
    goal: str


def wanted(card: CardFacts, stop_by: str = "number", is_capped: bool = False, is_bound: bool = False) -> Wanted:
    """How this card should be at its carrier, on an account of these settings.

    What is not active there cannot be stopped: a card that was suspended before its activation stays as it was.
    """
    is_held = card.state == State.SUSPENDED
    service = _SERVICE_OF[State(card.resumes_to if is_held else card.state)]
    holds = set(Holds.read(card.holds)) if is_held else set()
    data = ""
    if stop_by == "data" and service == ServiceState.ACTIVE:
        data = Switch.OFF if holds & _OF_ALLOWANCE else Switch.ON
        holds -= _OF_ALLOWANCE
    if service == ServiceState.ACTIVE and holds:
        service = ServiceState.STOPPED
    is_served = service in (ServiceState.ACTIVE, ServiceState.STOPPED)
    allowance_mb = card.allowance_mb if is_capped and is_served else None
    cap_mb = math.ceil(allowance_mb * _CAP_PERCENT / 100) if allowance_mb else None
    imei = card.bound_imei if is_bound and card.binding != Binding.NONE else ""
    return Wanted(service, data, cap_mb, imei)


def is_so(wish: str, seen: str) -> bool:
    """Whether a card that was seen like this is as wished for: one that was never activated cannot be used either."""
    return wish == seen or (wish == ServiceState.STOPPED and seen in _NOT_ACTIVATED)


def is_seen_so(aspect: str, goal: str, seen: str, seen_data: str) -> bool:
    """Whether a card that was seen like this is as an order of service, activation, data or cancellation wants it. Of a
    cap and of a binding no state query tells: such an order is done where it was accepted and the card still stands."""
    if aspect == Aspect.DATA:
        return seen_data == goal
    return seen == ServiceState.CANCELLED if aspect == Aspect.CANCEL else is_so(goal, seen)


def is_wanted(aspect: str, goal: str, wish: Wanted) -> bool:
    """Whether such an order is still what the portal wants."""
    if aspect == Aspect.SERVICE and goal == ServiceState.STOPPED:
        return wish.service in (ServiceState.STOPPED, ServiceState.CANCELLED)
    if aspect in (Aspect.SERVICE, Aspect.ACTIVATION):
        return wish.service == goal
    if aspect == Aspect.DATA:
        return wish.data == goal
    return aspect == Aspect.CANCEL or Wish(aspect, goal) in unseen_orders(wish)


def orders(wish: Wanted, seen: str, seen_data: str, reasons: str = "", may_activate: bool = False) -> Iterator[Wish]:
    """What to order so that a card which was seen like this becomes as wished for; nothing where that is not ours.

    `seen` is blank for a state that nobody can read, `reasons` are those of a stop, comma-separated: what the carrier
    stopped itself is not resumed. `may_activate`: the portal itself has activated the card.
    """
    if seen in (ServiceState.UNREADABLE, ServiceState.CANCELLED):
        return
    if wish.service == ServiceState.CANCELLED:
        yield Wish(Aspect.CANCEL, "")
    yield from _of_service(wish.service, seen, reasons, may_activate)
    if wish.data and seen == ServiceState.ACTIVE and wish.data != seen_data:
        yield Wish(Aspect.DATA, wish.data)


def unseen_orders(wish: Wanted) -> list[Wish]:
    """What to order of which no state query tells: the cap and the device, where they are wanted at all."""
    cap = [Wish(Aspect.CAP, str(wish.cap_mb))] if wish.cap_mb else []
    return cap + ([Wish(Aspect.BINDING, wish.imei)] if wish.imei else [])


def _of_service(service: str, seen: str, reasons: str, may_activate: bool) -> Iterator[Wish]:
    if service in (ServiceState.STOPPED, ServiceState.CANCELLED) and seen == ServiceState.ACTIVE:
        yield Wish(Aspect.SERVICE, ServiceState.STOPPED)
    elif service == ServiceState.ACTIVE and seen == ServiceState.STOPPED and not is_carriers_stop(reasons.split(",")):
        yield Wish(Aspect.SERVICE, ServiceState.ACTIVE)
    elif service == ServiceState.ACTIVE and seen in _NOT_ACTIVATED and may_activate:
        yield Wish(Aspect.ACTIVATION, ServiceState.ACTIVE)
    elif service == ServiceState.SILENT and seen == ServiceState.TEST:
        yield Wish(Aspect.SERVICE, ServiceState.SILENT)


def is_carriers_stop(reasons: Iterable[str]) -> bool:
    """Whether the carrier itself has stopped the card: an order to resume it would go against the carrier."""
    return bool(set(filter(None, reasons)) - {StopReason.OWN})
