"""Why a card does not work and what helps, and what will happen to it and what prevents that.

Pure reading, for the console and the customer's page alike: which button somebody may press is for the page to say.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cards import permissions, rules
from cards.calendar import add_months, last_day
from cards.choices import HOLDS_THAT_END_WITH_A_CYCLE, Action, ActorKind, Hold, RealName, Rule, State, label_of
from cards.models import Card, CardEvent, PolicyBook
from cards.phrases import joined, listed, noted
from cards.quantities import MB, megabytes
from cards.sentences.terms import preventing_text, restoring_text
from cards.unreadable import read_kept

LONGEST_WAIT_MONTHS = 24
WHO = {
    "customer": gettext_lazy("the customer"),
    "support": gettext_lazy("support"),
    "operations": gettext_lazy("operations"),
    "carrier_desk": gettext_lazy("the carrier desk"),
}
ACTIONS_BY_ROLE = {**permissions.ROLES, "customer": permissions.CUSTOMER_ACTIONS}


@dataclass(frozen=True)
class Reason:
    """One thing that stands in a card's way: what, since when, by whom, on what evidence, and what helps.

    `code` is a hold, a state, or `parked`. `action` is the one that helps, empty if none does; `ends_on` the day on
    which the reason goes away by itself, `roles` are the roles that allow the action.
    """

    code: str
    sentence: str
    way_back: str
    action: str = ""
    evidence: str = ""
    since: date | None = None
    by: str = ""
    is_by_rule: bool = False
    why: str = ""
    ends_on: date | None = None

    @property
    def roles(self) -> str:
        """The roles that may do what helps, as text."""
        return listed(label for role, label in WHO.items() if self.action in ACTIONS_BY_ROLE[role])


@dataclass(frozen=True)
class Foreseen:
    """One thing that will happen: when, by which rule, what the card shows then, and what prevents it.

    `renewal` is the prevention that is on order already.
    """

    on: date
    action: str
    rule: str
    shown: str
    prevention: str
    is_overdue: bool
    renewal: str = ""


def explain(card: Card, events: Iterable[CardEvent], day: date, policies: PolicyBook) -> list[Reason]:
    """The reasons why the card does not work, or not fully, on `day`; the one to deal with first stands first.

    `events` are the card's records, newest first; only as many are read as it takes to find who placed the holds.
    """
    reasons = []
    if card.parked:
        reasons.append(_parked(card))
    else:
        rules.check(card)
        told = REASON_BY_STATE.get(card.state)
        if reason := told and told(card, day):
            reasons.append(reason)
    if card.hold_list and not card.is_final:
        placed = placing_events(card, events)
        ends = ends_by_itself(card, day, policies)
        for hold in card.hold_list:
            if not (card.is_over and hold in HOLDS_THAT_END_WITH_A_CYCLE):  # renewing lifts those of a shut-down card
                reasons.append(_hold(card, hold, placed.get(hold), ends.get(hold), day))
    return reasons


def foresee(card: Card, day: date, through: date, policies: PolicyBook) -> list[Foreseen]:
    """What happens to the card until `through` if nobody does anything: `rules.forecast` as people read it."""
    if card.parked:
        return []
    rules.check(card)
    twin = card.copy()
    return [_foreseen(card, twin.shown, change, day) for change in rules.catch_up(twin, through, policies)]


def _foreseen(card: Card, shown: str, change: rules.Change, day: date) -> Foreseen:
    is_overdue = change.on <= day
    renewal = preventing_text(card, change.on) if change.rule in PREVENTED_BY_RENEWAL and not is_overdue else ""
    if is_overdue:
        prevention = _("Already due: the next sweep or action applies it first.")
    else:
        prevention = renewal or str(PREVENTION.get(change.rule, "")).format(day=change.on)
    return Foreseen(change.on, change.action, change.rule, shown, prevention, is_overdue, renewal)


def placing_events(card: Card, events: Iterable[CardEvent]) -> dict[str, CardEvent | None]:
    """For each open hold of the card the record that placed it; `events` come newest first."""
    missing, newer = set(card.hold_list), None
    placed: dict[str, CardEvent | None] = {}
    for event in events:
        for hold in missing.difference(event.hold_list):
            placed[hold] = newer
        missing.intersection_update(event.hold_list)
        if not missing:
            return placed
        newer = event
    return placed | dict.fromkeys(missing, newer)


def ends_by_itself(card: Card, day: date, policies: PolicyBook) -> dict[str, date]:
    """For each open hold the day on which the rules lift it, if they do within two years of `day`."""
    ends: dict[str, date] = {}
    twin = card.copy()
    for change in rules.catch_up(twin, add_months(day, LONGEST_WAIT_MONTHS), policies):
        for hold in set(card.hold_list).difference(twin.hold_list, ends):
            ends[hold] = change.on
    return ends


def by_whom(event: CardEvent) -> str:
    """Who stands behind a record: the rule's label, or the person and through which door."""
    if event.rule:
        return _("rule: {rule}").format(rule=label_of(Rule, event.rule))
    return noted(event.actor_name, str(label_of(ActorKind, event.actor_kind)).lower())


# What a hold is about: the sentence, the evidence, the way back, and the action that helps.
HoldTold: TypeAlias = tuple[str, str, str, str]


def _parked(card: Card) -> Reason:
    return Reason(
        code="parked",
        sentence=_("The card's data is inconsistent: {why}").format(why=card.parked_because),
        way_back=_("No rules apply until its data is corrected and it is unparked."),
        action=Action.UNPARK,
    )


def _testing(card: Card, day: date) -> Reason | None:
    if not card.lacks_real_name:
        return None
    sentence = _("The card has no approved ID verification yet.")
    way_back = _("It works during the test. Without verification it is suspended on first use after that.")
    return Reason(State.TESTING, sentence, way_back, _real_name_action(card))


def _unused(card: Card, day: date) -> Reason:
    if card.lacks_real_name:
        sentence = _("The card has not been used yet and has no approved ID verification.")
        way_back = _("Without verification it is suspended on first use; its term starts on {day} at the latest.")
    else:
        sentence = _("The card has not been used yet.")
        way_back = _("It works: its term starts on first use, on {day} at the latest.")
    action = _real_name_action(card) if card.lacks_real_name else Action.ACTIVATE
    way_back = way_back.format(day=card.forced_activation_on)
    return Reason(State.UNUSED, sentence, way_back, action, since=card.silent_from)


def _shut_down(card: Card, day: date) -> Reason:
    return Reason(
        code=State.SHUT_DOWN,
        sentence=_("The last day of service was {day}, and the card was not renewed.").format(
            day=last_day(card.service_until)  # type: ignore[arg-type]  # `rules.check` has asked for it
        ),
        way_back=joined(restoring_text(card), _time_left(card, day)) if card.on_order else _time_left(card, day),
        action="" if card.on_order else Action.RENEW,
        since=card.service_until,
    )


def _time_left(card: Card, day: date) -> str:
    if card.protected:
        return _("It is protected and will not be cancelled as long as that lasts. Renewing restores it.")
    left = (card.cancel_on - day).days  # type: ignore[operator]  # `rules.check` has asked for it
    if card.on_order and left > 0:
        return _("Otherwise it will be permanently cancelled on {day}.").format(day=card.cancel_on)
    if left <= 0:
        return _("The renewal period is over: the next sweep cancels it permanently unless it is renewed first.")
    sentence = ngettext(
        "Renew before {day}: permanently cancelled in {left} day.",
        "Renew before {day}: permanently cancelled in {left} days.",
        left,
    )
    return sentence.format(day=card.cancel_on, left=left)


def _cancelled(card: Card, day: date) -> Reason:
    return Reason(
        code=State.CANCELLED,
        sentence=_("The card was cancelled on {day}.").format(day=card.cancel_on),
        way_back=_("This is final: the card cannot be restored."),
        since=card.cancel_on,
    )


REASON_BY_STATE: Mapping[str, Callable[[Card, date], Reason | None]] = {
    State.TESTING: _testing,
    State.UNUSED: _unused,
    State.SHUT_DOWN: _shut_down,
    State.CANCELLED: _cancelled,
}


def _hold(card: Card, hold: str, event: CardEvent | None, ends_on: date | None, day: date) -> Reason:
    sentence, evidence, way_back, action = BY_HOLD.get(hold, _unknown)(card, event, day)
    if ends_on:
        by_itself = _("Clears automatically on {day}.").format(day=ends_on)
        way_back = joined(way_back, by_itself)
    return Reason(
        code=hold,
        sentence=sentence,
        way_back=way_back,
        action=action,
        evidence=evidence,
        since=event.effective_on if event else None,
        by=by_whom(event) if event else "",
        is_by_rule=bool(event and event.rule),
        why=event.reason if event else "",
        ends_on=ends_on,
    )


def _anomaly(card: Card, event: CardEvent | None, day: date) -> HoldTold:
    return (
        _("The carrier has blocked the card."),
        "",
        _("Only the carrier can lift it; the carrier desk records that."),
        "",
    )


def _real_name(card: Card, event: CardEvent | None, day: date) -> HoldTold:
    evidence = _("ID verification: {status}").format(status=label_of(RealName, card.real_name))
    if card.real_name == RealName.SUBMITTED:
        way_back = _("Approving the ID verification lifts it.")
    else:
        way_back = _("Submitting ID verification and having it approved lifts it.")
    return _real_name_sentence(event), evidence, way_back, _real_name_action(card)


def _real_name_sentence(event: CardEvent | None) -> str:
    if event and event.rule == Rule.FIRST_USE:
        return _("The card was used before its ID verification was approved.")
    if event and event.rule == Rule.FORCE_ACTIVATE:
        return _("The card's term started, but its ID verification was not approved.")
    if event and event.action == Action.REVOKE_REAL_NAME:
        return _("The ID verification was revoked.")
    return _("The card has no approved ID verification.")


def _real_name_action(card: Card) -> Action:
    return Action.APPROVE_REAL_NAME if card.real_name == RealName.SUBMITTED else Action.SUBMIT_REAL_NAME


def _rebind(card: Card, event: CardEvent | None, day: date) -> HoldTold:
    found = event.evidence if event else {}
    seen, bound = found.get("imei", card.seen_imei), found.get("bound_imei", card.bound_imei)
    evidence = _("seen in {seen}, bound to {bound}").format(seen=seen, bound=bound) if seen else ""
    return _("The card was seen in another device."), evidence, _("Confirming the device lifts it."), Action.REBIND


def _credit(card: Card, event: CardEvent | None, day: date) -> HoldTold:
    way_back = _("It clears once an add-on pack raises the allowance above the usage.")
    if event and not _rests_on_this_cycle(card, Hold.CREDIT, day):
        sentence = _("The allowance of an earlier cycle was used up.")
        return sentence, _used_when_placed(event), way_back, Action.TOP_UP
    evidence = _used_of(card.used_bytes, card.allowance_bytes)
    return _("The cycle's allowance is used up."), evidence, way_back, Action.TOP_UP


def _threshold(card: Card, event: CardEvent | None, day: date) -> HoldTold:
    way_back = _("Resuming waives the limit until the next cycle; a higher limit lifts it too.")
    if event and not _rests_on_this_cycle(card, Hold.THRESHOLD, day):
        sentence = _("Usage in an earlier cycle reached the limit.")
        return sentence, _used_when_placed(event), way_back, Action.RESUME
    evidence = _used_of(card.used_bytes, card.limit_mb * MB) if card.limit_mb else ""
    return _("Usage in this cycle has reached the limit."), evidence, way_back, Action.RESUME


def _unknown(card: Card, event: CardEvent | None, day: date) -> HoldTold:
    return _("The card has a hold that this version of the portal does not know."), "", "", ""


def _voluntary(card: Card, event: CardEvent | None, day: date) -> HoldTold:
    return _("The card was suspended manually."), "", _("Resuming lifts it."), Action.RESUME


BY_HOLD: Mapping[str, Callable[[Card, CardEvent | None, date], HoldTold]] = {
    Hold.ANOMALY: _anomaly,
    Hold.REAL_NAME: _real_name,
    Hold.REBIND: _rebind,
    Hold.CREDIT: _credit,
    Hold.THRESHOLD: _threshold,
    Hold.VOLUNTARY: _voluntary,
}

# What a change of carrier policies does to those that end with a cycle: back earlier, back later, no longer, newly.
BACK_WITH_THE_CYCLE: Mapping[Hold, tuple[Promise, Promise, Promise, Promise]] = {
    Hold.CREDIT: (
        gettext_lazy("Suspended for a used-up allowance, resumes earlier"),
        gettext_lazy("Suspended for a used-up allowance, resumes later"),
        gettext_lazy("Suspended for a used-up allowance: the next cycle no longer lifts it"),
        gettext_lazy("Suspended for a used-up allowance: the next cycle lifts it"),
    ),
    Hold.THRESHOLD: (
        gettext_lazy("Suspended at the usage limit, resumes earlier"),
        gettext_lazy("Suspended at the usage limit, resumes later"),
        gettext_lazy("Suspended at the usage limit: the next cycle no longer lifts it"),
        gettext_lazy("Suspended at the usage limit: the next cycle lifts it"),
    ),
}


def _rests_on_this_cycle(card: Card, hold: Hold, day: date) -> bool:
    """Whether the use of the cycle that runs on `day` has reached the figure that the hold rests on."""
    return hold in rules.reached(card) and not card.cycle_is_over(day)


def _used_when_placed(event: CardEvent) -> str:
    """What was used of how much when the hold was placed, where the record says it."""
    used, reached = event.evidence.get("used_bytes"), event.evidence.get("reached_bytes")
    return "" if used is None or reached is None else read_kept(lambda pair: _used_of(*pair), (used, reached), str)


def _used_of(used_bytes: int, of_bytes: int) -> str:
    return _("{used} of {of} MB used").format(used=megabytes(used_bytes), of=megabytes(of_bytes))


PREVENTED_BY_RENEWAL = (Rule.EXPIRE, Rule.CANCEL)
PREVENTION: Mapping[str, Promise] = {
    Rule.END_TEST: gettext_lazy("Cannot be prevented: the test period ends."),
    Rule.FORCE_ACTIVATE: gettext_lazy("Use the card before {day}, and its term starts on the day of first use."),
    Rule.ROLL_OVER: gettext_lazy("Cannot be prevented: cycles follow each other."),
    Rule.START_TERM: gettext_lazy("Cannot be prevented: the term is already bought."),
    Rule.EXPIRE: gettext_lazy("Renew before {day}."),
    Rule.CANCEL: gettext_lazy("Renew or protect the card before {day}."),
}
