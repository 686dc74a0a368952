"""What happens to a card by itself, and when: the rules of `domain.md`, once.

`due` says what is due on a card, `perform` does it to the card in memory, `catch_up` repeats both. The forecast, the
dry run, the sweep and the reaction to usage are all these three, on a copy or on the card itself; nothing here saves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from cards.choices import Action, Cause, Hold, Rule, State
from cards.errors import InvariantBroken
from cards.models import Card, PolicyBook

MORE_THAN_ANY_CARD_CAN_HAVE_DUE = 1_000

day_of = attrgetter("on")


@dataclass(slots=True)
class Change:
    """One thing that happens to a card: the action, the rule behind it (if one is) and the evidence.

    `arguments` go to the card's transition, `rows` are records of other kinds to be saved with the change.
    """

    on: date
    action: str
    rule: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)


def upcoming(card: Card) -> Change | None:
    """The next thing that is due on the card if nobody does anything, or None; a parked card waits for people.

    Within a day the order is rule 10's: test end, forced activation, cycle, expiry or next term, cancellation.
    What usage causes comes before, because it belongs to the day of the reading, and later days were not reached then.
    """
    if card.parked:
        return None
    agenda = AGENDAS[card.phase]
    return min(agenda(card), key=day_of, default=None)


def due(card: Card, day: date) -> Change | None:
    """The first thing due on the card by `day`, or None."""
    return _by(day, upcoming(card))


def perform(card: Card, change: Change, policies: PolicyBook) -> None:
    """Do to the card in memory what is due on it."""
    policy = policies.in_force(card.carrier, change.on)
    card.move_meter(change.on, policy)
    getattr(card, change.action)(on=change.on, policy=policy, **change.arguments)


def catch_up(card: Card, day: date, policies: PolicyBook) -> Iterator[Change]:
    """Do everything that is due on the card by `day`, one by one, and yield each change once it is done."""
    change = due(card, day)
    for _ in range(MORE_THAN_ANY_CARD_CAN_HAVE_DUE):
        if change is None:
            return
        perform(card, change, policies)
        following = settle(card, change.on)
        yield change
        change = _by(day, following)
    raise InvariantBroken("endless", count=MORE_THAN_ANY_CARD_CAN_HAVE_DUE, day=day)


def settle(card: Card, day: date) -> Change | None:
    """Note on the card that it changed on `day` and when something is due on it next; what that will be."""
    card.changed_on = day
    following = upcoming(card)
    card.next_due_on = following.on if following else None
    return following


def reached(card: Card) -> list[Hold]:
    """The open holds that rest on a figure which the running cycle's use has reached."""
    return [hold for hold, is_reached in RESTS_ON.items() if card.has_hold(hold) and is_reached(card)]


def lift_withdrawn(card: Card, hold: Hold, day: date, policies: PolicyBook) -> Change:
    """Lift a hold whose figure is withdrawn, on the day on which the portal is told (`domain.md`, "Corrections")."""
    evidence = {"used_bytes": card.used_bytes, "lifted": [str(hold)]}
    if hold == Hold.CREDIT:
        evidence["allowance_bytes"] = card.allowance_bytes
    else:
        evidence["limit_mb"] = card.limit_mb
    card.lift_hold(day, policies.in_force(card.carrier, day), hold)
    evidence["still_held"] = [str(hold) for hold in card.hold_list]
    settle(card, day)
    return Change(day, Action.LIFT_HOLD, Rule(hold), evidence)


def forecast(card: Card, day: date, policies: PolicyBook) -> list[Change]:
    """What will happen to the card until `day` if nothing is done: a list of changes, nothing touched."""
    check(card)
    return list(catch_up(card.copy(), day, policies))


@dataclass(frozen=True, slots=True)
class TermAhead:
    """When a term will run, by the card's own rules, if nothing else happens: from its first day to before `until`."""

    starts_on: date
    until: date


def last_term_ahead(card: Card, policies: PolicyBook) -> TermAhead | None:
    """When the card's last term will run, behind all that wait before it; None as long as its first has not started."""
    twin = card.copy()
    if not twin.term_runs:
        return None
    for _change in catch_up(twin, date.max, policies) if twin.queue else ():
        if not twin.queue:
            break
    return TermAhead(twin.service_from, twin.service_until)  # type: ignore[arg-type]  # a term that runs has both


def check(card: Card) -> None:
    """Raise `InvariantBroken` when the card's own facts contradict each other."""
    phase = card.phase
    if phase not in DATES_NEEDED_IN:
        raise InvariantBroken("unknown_state", state=phase)
    for hold in card.hold_list.unknown:
        raise InvariantBroken("unknown_hold", hold=hold)
    for name in DATES_NEEDED_IN[phase]:
        if getattr(card, name) is None:
            raise InvariantBroken("missing", name=name, state=phase)
    if (card.state == State.SUSPENDED) != bool(card.resumes_to):
        raise InvariantBroken("resumes")
    if phase == State.IN_USE:
        _check_term(card)


def _check_term(card: Card) -> None:
    if card.service_until is None and not (card.has_hold(Hold.REAL_NAME) and card.forced_activation_on):
        raise InvariantBroken("missing", name="service_until", state=card.phase)
    if card.service_until and (card.cycle_until is None or card.service_from is None):
        raise InvariantBroken("no_cycle")


def _by(day: date, change: Change | None) -> Change | None:
    return change if change and change.on <= day else None


def _agenda_of_testing(card: Card) -> Iterator[Change]:
    yield from _agenda_of_the_device(card)
    if card.has_used_up_its_test:
        evidence = {"used_bytes": card.used_bytes, "quota_bytes": card.test_quota_bytes}
        yield _change(card, card.used_on, Action.END_TEST, Rule.END_TEST, evidence)
    yield _change(card, card.test_until, Action.END_TEST, Rule.END_TEST, {"test_until": str(card.test_until)})


def _agenda_of_unused(card: Card) -> Iterator[Change]:
    if card.was_used:
        yield _first_use(card)
    yield _forced_activation(card)


def _agenda_of_in_use(card: Card) -> Iterator[Change]:
    yield from _agenda_of_the_device(card)
    if card.service_until is None:
        yield _forced_activation(card)
        return
    if card.is_over_allowance and not card.has_hold(Hold.CREDIT):
        yield _place(card, Hold.CREDIT, card.allowance_bytes)
    if card.is_over_limit and not card.has_hold(Hold.THRESHOLD):
        yield _place(card, Hold.THRESHOLD, card.limit_bytes)
    # The cycle that ends with its term is followed by none of that term (rule 6).
    ends_before_its_term = card.cycle_until is None or card.cycle_until < card.service_until
    if card.ends_with_cycle and ends_before_its_term:
        evidence: dict[str, Any] = {"used_bytes": card.used_bytes}
        yield _change(card, card.cycle_until, Action.ROLL_OVER, Rule.ROLL_OVER, evidence)
    if card.queue:
        evidence = {"service_until": str(card.service_until), "term": card.queue[0].number}
        yield _change(card, card.service_until, Action.START_TERM, Rule.START_TERM, evidence)
    else:
        evidence = {"service_until": str(card.service_until)}
        yield _change(card, card.service_until, Action.EXPIRE, Rule.EXPIRE, evidence)


def _agenda_of_shut_down(card: Card) -> Iterator[Change]:
    if not card.protected:
        evidence = {"service_until": str(card.service_until), "cancel_on": str(card.cancel_on)}
        yield _change(card, card.cancel_on, Action.CANCEL, Rule.CANCEL, evidence)


def _agenda_of_cancelled(card: Card) -> Iterable[Change]:
    return ()


def _agenda_of_the_device(card: Card) -> Iterator[Change]:
    """Rule 9: the first device seen may become the card's; another one than the card's stops it."""
    if card.waits_for_its_first_device:
        evidence = {"imei": card.seen_imei}
        yield _change(card, card.seen_on or card.used_on, Action.BIND, Rule.FIRST_DEVICE, evidence, imei=card.seen_imei)
    if card.is_in_another_device and not card.has_hold(Hold.REBIND):
        evidence = {"imei": card.seen_imei, "bound_imei": card.bound_imei}
        seen_on = card.seen_on or card.used_on
        yield _change(card, seen_on, Action.PLACE_HOLD, Rule.REBIND, evidence, hold=Hold.REBIND)


def _first_use(card: Card) -> Change:
    """Rule 3: use makes a card active, or stops it when the person behind it is not known."""
    evidence = {"used_bytes": card.used_bytes, "used_on": str(card.used_on)}
    if card.lacks_real_name:
        arguments = {"hold": Hold.REAL_NAME, "resumes_to": State.IN_USE}
        return _change(card, card.used_on, Action.PLACE_HOLD, Rule.FIRST_USE, evidence, **arguments)
    return _change(card, card.used_on, Action.ACTIVATE, Rule.FIRST_USE, evidence, cause=Cause.FIRST_USE)


def _forced_activation(card: Card) -> Change:
    evidence = {"silent_from": str(card.silent_from), "forced_activation_on": str(card.forced_activation_on)}
    return _change(card, card.forced_activation_on, Action.FORCE_ACTIVATE, Rule.FORCE_ACTIVATE, evidence)


def _place(card: Card, hold: str, reached: int | None) -> Change:
    evidence = {"used_bytes": card.used_bytes, "reached_bytes": reached}
    return _change(card, card.used_on, Action.PLACE_HOLD, Rule(hold), evidence, hold=hold)


def _change(card: Card, day: date | None, action: str, rule: str, evidence: dict[str, Any], **arguments: Any) -> Change:
    """A card's record never goes back in time: what is due before its last event takes effect on that event's day."""
    if "hold" in arguments:
        evidence["hold"] = str(arguments["hold"])
    on: date = max(day, card.changed_on)  # type: ignore[type-var, assignment]  # `check` has asked for the day
    return Change(on, action, rule, evidence, arguments)


RESTS_ON: Mapping[Hold, Callable[[Card], bool]] = {
    Hold.CREDIT: attrgetter("is_over_allowance"),
    Hold.THRESHOLD: attrgetter("is_over_limit"),
}

AGENDAS: Mapping[str, Callable[[Card], Iterable[Change]]] = {
    State.TESTING: _agenda_of_testing,
    State.UNUSED: _agenda_of_unused,
    State.IN_USE: _agenda_of_in_use,
    State.SHUT_DOWN: _agenda_of_shut_down,
    State.CANCELLED: _agenda_of_cancelled,
}

DATES_NEEDED_IN: Mapping[str, tuple[str, ...]] = {
    State.TESTING: ("test_until",),
    State.UNUSED: ("silent_from", "forced_activation_on"),
    State.IN_USE: (),
    State.SHUT_DOWN: ("service_until", "cancel_on"),
    State.CANCELLED: (),
}
