"""Who wins where the portal and a carrier differ, and what follows: pure decisions about one card.

`verdict` is about its service, `data_verdict` about the data switch, `real_name_verdict` about the ID verification and
`device_verdict` about the device. Each looks at three sides: what the portal wants there, what was seen there, and what
became of the portal's own orders. Every combination stands in a table; none is left to a default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, TypeAlias

from cards.carriers.choices import Aspect, CommandState, DriftKind, ServiceState, StopReason, Switch
from cards.carriers.wanted import is_carriers_stop
from cards.choices import Action, Hold, RealName
from cards.identifiers import device

MOST_STOPS_AGAIN = 3  # corrections of one aspect in 24 hours; then a person has to look
MOST_RESUMES_AGAIN = 1

_TEST, _SILENT, _ACTIVE, _STOPPED, _CANCELLED, _UNREADABLE = ServiceState


@dataclass(frozen=True)
class Here:
    """What the portal wants at the carrier. `service` and `data` are words of `ServiceState` and `Switch`.

    `is_held`: the card is suspended, by whatever hold; `is_blocked`: by the carrier's own alone. `is_activated`: the
    portal's own record activated it, so an activation may be ordered. `is_protected`: it may not be cancelled.
    """

    service: str
    data: str = ""
    is_held: bool = False
    is_blocked: bool = False
    is_activated: bool = False
    is_protected: bool = False


@dataclass(frozen=True)
class There:
    """What a state query said. `reasons` are words of `StopReason`; `is_missing`: the carrier knows no such card."""

    service: str
    reasons: frozenset[str] = frozenset()
    data: str = ""
    is_missing: bool = False


@dataclass(frozen=True)
class Orders:
    """What became of the portal's own orders about one matter, up to now.

    `is_open`: one is on its way. `ended` is how the last one ended that was not replaced: a word of `CommandState`,
    blank where there was none. `has_stopped`: the last one that was confirmed was a stop. `again` are the corrections
    of the last 24 hours.
    """

    is_open: bool = False
    ended: str = ""
    has_stopped: bool = False
    again: int = 0


class Follows(StrEnum):
    """What follows from a comparison."""

    IN_STEP = "in_step"
    WAIT = "wait"
    COMMAND = "command"
    PROPOSE = "propose"
    BY_HAND = "by_hand"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Verdict:
    """What follows: for a command its aspect and goal, for a proposal an action of `cards` with its parameters.

    `kind` is the difference that a person is shown, a word of `DriftKind`; of a command it is the one that it settles.
    """

    follows: Follows
    kind: str = ""
    aspect: str = ""
    goal: str = ""
    action: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


IN_STEP = Verdict(Follows.IN_STEP)
WAIT = Verdict(Follows.WAIT)
NEVER_HEARD_OF = Verdict(Follows.BY_HAND, DriftKind.MISSING)
LISTED_BY_HAND = Verdict(Follows.BY_HAND)  # no carrier's interface cancels a card: a list for its manager does
NOT_UNDERSTOOD = Verdict(Follows.UNREADABLE, DriftKind.UNREADABLE)
BLOCKED = Verdict(Follows.PROPOSE, DriftKind.STOPPED, action=Action.PLACE_HOLD, params={"kind": str(Hold.ANOMALY)})
UNBLOCKED = Verdict(Follows.PROPOSE, DriftKind.LEAK, action=Action.LIFT_HOLD, params={"kind": str(Hold.ANOMALY)})
IN_ANOTHER_DEVICE = Verdict(
    Follows.PROPOSE, DriftKind.DEVICE, action=Action.PLACE_HOLD, params={"kind": str(Hold.ANOMALY)}
)
USED_THERE = Verdict(Follows.PROPOSE, DriftKind.ACTIVATED, action=Action.ACTIVATE)
ENDED_THERE = Verdict(Follows.PROPOSE, DriftKind.CANCELLED, action=Action.CANCEL)
ENDED_THERE_BUT_PROTECTED = Verdict(Follows.BY_HAND, DriftKind.CANCELLED)

# What the portal may not have another go at by itself unless all cards are being compared.
LEFT_OPEN = {CommandState.REFUSED: DriftKind.REFUSED, CommandState.UNKNOWN: DriftKind.UNCONFIRMED}

Decision: TypeAlias = Callable[[Here, There, Orders, bool], Verdict]


def verdict(here: Here, there: There, orders: Orders, is_reconciling: bool = False) -> Verdict:
    """What follows of the card's service at the carrier.

    `is_reconciling`: all cards of the account are being compared, so that what was refused, or has no known outcome, is
    ordered once more.
    """
    if there.is_missing:
        return IN_STEP if here.service == _CANCELLED else NEVER_HEARD_OF
    return SERVICE[ServiceState(here.service), ServiceState(there.service)](here, there, orders, is_reconciling)


def data_verdict(here: Here, there: There, orders: Orders, is_reconciling: bool = False) -> Verdict:
    """What follows of the data switch. What nobody wants or nobody tells is no difference."""
    if there.is_missing or there.service != _ACTIVE:
        return IN_STEP  # it switches nothing
    return DATA[here.data, there.data](here, there, orders, is_reconciling)


def real_name_verdict(is_individual: bool, here: str, there: str) -> Verdict:
    """What follows of the ID verification: `here` a word of `RealName`, `there` one of `Switch`. The carrier wins."""
    return REAL_NAME[RealName(here), there] if is_individual else IN_STEP


def device_verdict(bound_imei: str, seen_imei: str, is_held: bool) -> Verdict:
    """What follows of the device. A reading places the hold (rule 9); until one came, a person is told."""
    if not bound_imei or not seen_imei or is_held or device(bound_imei) == device(seen_imei):
        return IN_STEP
    return Verdict(Follows.BY_HAND, DriftKind.DEVICE)


def _always(verdict: Verdict, here: Here, there: There, orders: Orders, is_reconciling: bool) -> Verdict:
    return verdict


def _ordered(
    aspect: str, goal: str, kind: str, most: int, here: Here, there: There, orders: Orders, is_reconciling: bool
) -> Verdict:
    """Order it again, but not without end: then a person has to look."""
    if orders.is_open:
        return WAIT
    if orders.ended in LEFT_OPEN and not is_reconciling:
        return Verdict(Follows.BY_HAND, LEFT_OPEN[CommandState(orders.ended)])
    if orders.again >= most:
        return Verdict(Follows.BY_HAND, kind)
    return Verdict(Follows.COMMAND, kind, aspect=aspect, goal=goal)


def _not_stopped(here: Here, there: There, orders: Orders, is_reconciling: bool) -> Verdict:
    """It works and is not to. What the carrier alone had stopped, and none of our orders, the carrier has let go."""
    is_let_go = here.is_blocked and not orders.has_stopped and not orders.is_open and orders.ended not in LEFT_OPEN
    return UNBLOCKED if is_let_go else STOP_THERE(here, there, orders, is_reconciling)


def _stopped(here: Here, there: There, orders: Orders, is_reconciling: bool) -> Verdict:
    """It is to work, or to be ready for it, and is stopped there: whose stop is it?"""
    if here.is_held:
        return IN_STEP
    if is_carriers_stop(there.reasons):
        return IN_ANOTHER_DEVICE if there.reasons <= {StopReason.OWN, StopReason.DEVICE} else BLOCKED
    if orders.is_open:
        return WAIT
    if there.reasons or orders.has_stopped:
        return _own_stop(here, there, orders, is_reconciling)
    return BLOCKED  # no reason is told, and it was none of ours


def _own_stop(here: Here, there: There, orders: Orders, is_reconciling: bool) -> Verdict:
    if here.service == _ACTIVE:
        return RESUME_THERE(here, there, orders, is_reconciling)
    return Verdict(Follows.BY_HAND, DriftKind.OWN_STOP)  # nothing takes a card back to where it has not been used


def _not_activated(here: Here, there: There, orders: Orders, is_reconciling: bool) -> Verdict:
    """Money starts with an activation: it is ordered once, and only where the portal's own record says so."""
    if here.is_held:
        return IN_STEP
    if orders.is_open:
        return WAIT
    if orders.ended in LEFT_OPEN:
        return Verdict(Follows.BY_HAND, LEFT_OPEN[CommandState(orders.ended)])
    if here.is_activated and not orders.ended:
        return Verdict(Follows.COMMAND, DriftKind.NOT_ACTIVATED, aspect=Aspect.ACTIVATION, goal=_ACTIVE)
    return Verdict(Follows.BY_HAND, DriftKind.NOT_ACTIVATED)


def _ended_there(here: Here, there: There, orders: Orders, is_reconciling: bool) -> Verdict:
    return ENDED_THERE_BUT_PROTECTED if here.is_protected else ENDED_THERE


_in_step, _first_use, _unread = (partial(_always, each) for each in (IN_STEP, USED_THERE, NOT_UNDERSTOOD))
_cancelled_here = partial(_always, LISTED_BY_HAND)
STOP_THERE: Decision = partial(_ordered, Aspect.SERVICE, _STOPPED, DriftKind.LEAK, MOST_STOPS_AGAIN)
RESUME_THERE: Decision = partial(_ordered, Aspect.SERVICE, _ACTIVE, DriftKind.OWN_STOP, MOST_RESUMES_AGAIN)
END_TEST_THERE: Decision = partial(_ordered, Aspect.SERVICE, _SILENT, DriftKind.LEAK, MOST_STOPS_AGAIN)

# By what the portal wants and what was seen.
SERVICE: Mapping[tuple[str, str], Decision] = {
    (_TEST, _TEST): _in_step,
    (_TEST, _SILENT): _in_step,  # its test there has not begun, or is over: nothing runs
    (_TEST, _ACTIVE): _first_use,
    (_TEST, _STOPPED): _stopped,
    (_TEST, _CANCELLED): _ended_there,
    (_TEST, _UNREADABLE): _unread,
    (_SILENT, _TEST): END_TEST_THERE,
    (_SILENT, _SILENT): _in_step,
    (_SILENT, _ACTIVE): _first_use,
    (_SILENT, _STOPPED): _stopped,
    (_SILENT, _CANCELLED): _ended_there,
    (_SILENT, _UNREADABLE): _unread,
    (_ACTIVE, _TEST): _not_activated,
    (_ACTIVE, _SILENT): _not_activated,
    (_ACTIVE, _ACTIVE): _in_step,
    (_ACTIVE, _STOPPED): _stopped,
    (_ACTIVE, _CANCELLED): _ended_there,
    (_ACTIVE, _UNREADABLE): _unread,
    (_STOPPED, _TEST): _in_step,  # what is not active cannot be stopped
    (_STOPPED, _SILENT): _in_step,
    (_STOPPED, _ACTIVE): _not_stopped,
    (_STOPPED, _STOPPED): _in_step,  # whoever stopped it
    (_STOPPED, _CANCELLED): _ended_there,
    (_STOPPED, _UNREADABLE): _unread,
    (_CANCELLED, _TEST): _cancelled_here,
    (_CANCELLED, _SILENT): _cancelled_here,
    (_CANCELLED, _ACTIVE): STOP_THERE,
    (_CANCELLED, _STOPPED): _cancelled_here,
    (_CANCELLED, _CANCELLED): _in_step,
    (_CANCELLED, _UNREADABLE): _unread,
}


def _switched_off(here: Here, there: There, orders: Orders, is_reconciling: bool) -> Verdict:
    """Data is to flow and is switched off there."""
    if here.is_held:
        return IN_STEP
    if orders.is_open:
        return WAIT
    if orders.has_stopped:
        return SWITCH_ON(here, there, orders, is_reconciling)
    return Verdict(Follows.BY_HAND, DriftKind.STOPPED)


SWITCH_ON: Decision = partial(_ordered, Aspect.DATA, Switch.ON, DriftKind.OWN_STOP, MOST_RESUMES_AGAIN)
SWITCH_OFF: Decision = partial(_ordered, Aspect.DATA, Switch.OFF, DriftKind.LEAK, MOST_STOPS_AGAIN)

DATA: Mapping[tuple[str, str], Decision] = {
    ("", ""): _in_step,
    ("", Switch.ON): _in_step,
    ("", Switch.OFF): _in_step,
    (Switch.ON, ""): _in_step,
    (Switch.ON, Switch.ON): _in_step,
    (Switch.ON, Switch.OFF): _switched_off,
    (Switch.OFF, ""): _in_step,
    (Switch.OFF, Switch.ON): SWITCH_OFF,
    (Switch.OFF, Switch.OFF): _in_step,
}

VERIFIED_THERE = Verdict(Follows.PROPOSE, DriftKind.REAL_NAME, action=Action.APPROVE_REAL_NAME)
VERIFIED_THERE_ALONE = Verdict(Follows.BY_HAND, DriftKind.REAL_NAME)  # who it is has to be submitted here first
NOT_VERIFIED_THERE = Verdict(Follows.PROPOSE, DriftKind.REAL_NAME, action=Action.REVOKE_REAL_NAME)

REAL_NAME: Mapping[tuple[str, str], Verdict] = {
    (RealName.NONE, ""): IN_STEP,
    (RealName.NONE, Switch.OFF): IN_STEP,
    (RealName.NONE, Switch.ON): VERIFIED_THERE_ALONE,
    (RealName.SUBMITTED, ""): IN_STEP,
    (RealName.SUBMITTED, Switch.OFF): IN_STEP,
    (RealName.SUBMITTED, Switch.ON): VERIFIED_THERE,
    (RealName.APPROVED, ""): IN_STEP,
    (RealName.APPROVED, Switch.OFF): NOT_VERIFIED_THERE,
    (RealName.APPROVED, Switch.ON): IN_STEP,
    (RealName.REJECTED, ""): IN_STEP,
    (RealName.REJECTED, Switch.OFF): IN_STEP,
    (RealName.REJECTED, Switch.ON): VERIFIED_THERE_ALONE,
    (RealName.REVOKED, ""): IN_STEP,
    (RealName.REVOKED, Switch.OFF): IN_STEP,
    (RealName.REVOKED, Switch.ON): VERIFIED_THERE_ALONE,
}
