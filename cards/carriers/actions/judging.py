"""What follows of a look at a card: what is ordered again, what is proposed, and where the card stands.

Judging twice comes to the same as judging once. What differs is one row for each kind of difference (`drifts.py`); it
closes by itself as soon as a look says otherwise. The portal's own state is never rolled back here.
"""

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from cards.actions.bulk import update_rows
from cards.actions.write import Signature
from cards.carriers.actions import drifts
from cards.carriers.actions.approving import carry_proposals_out
from cards.carriers.actions.commands import close_command, open_command, open_commands_of, orders_of, withdraw_orders
from cards.carriers.choices import Aspect, CommandState, DriftKind, LineStep, ServiceState, Switch
from cards.carriers.models import Command, Line, Reconciliation
from cards.carriers.protocols import setting_of
from cards.carriers.verdict import (
    LISTED_BY_HAND,
    Follows,
    Here,
    Orders,
    There,
    data_verdict,
    device_verdict,
    real_name_verdict,
    verdict,
)
from cards.choices import ActorKind, Certification, Hold
from cards.models import Card
from cards.permissions import Actor

A_DAY = timedelta(hours=24)
HEARD_BY_THEN = timedelta(seconds=5)
FEWEST_TO_BRAKE = 20  # so many corrections, or one card in a hundred, are nobody's alarm
_ORDERS_READ = 50
_SET = ("step", "ask_at", "comparison_id")

# What the account itself says whether it is done at once, or only proposed.
APPLIED_BY = {DriftKind.ACTIVATED: "first_use", DriftKind.REAL_NAME: "real_name"}

_OF_SERVICE = (Aspect.SERVICE, Aspect.ACTIVATION)
_STOPS = (ServiceState.STOPPED, Switch.OFF)
_ORDERED_FOR = {ServiceState.CANCELLED: ServiceState.STOPPED}  # all that an order can do for it
# Where the carrier has the last word, nothing of ours is to follow.
_ENDS_OUR_ORDERS = (DriftKind.STOPPED, DriftKind.DEVICE, DriftKind.CANCELLED, DriftKind.UNREADABLE)
_STEPS = {
    DriftKind.CANCELLED: LineStep.GONE,
    DriftKind.REFUSED: LineStep.REFUSED,
    DriftKind.UNCONFIRMED: LineStep.UNKNOWN,
}


class LookOccasion(NamedTuple):
    """When and in what the look was taken: by itself, or while all cards of the account are compared.

    What is to be corrected then is collected with the `run`; `is_agreed`: it has come to its end, and may be done.
    """

    now: object
    is_reconciling: bool = False
    run: Reconciliation | None = None
    is_agreed: bool = False


def judge(lines, cards, now, is_reconciling=False):
    """Do what follows of what was just seen of these lines of an account, whose locks the caller holds, and set their
    steps. `cards` are theirs, by their keys, read since."""
    run = None
    if lines and is_reconciling:
        run = Reconciliation.objects.filter(account=lines[0].account_id, ended_at=None).first()
    _judge(lines, cards, LookOccasion(now, is_reconciling, run))


def correct(lines, now):
    """Do what a comparison of all cards has found of these lines, as far as it is still so."""
    cards = Card.objects.in_bulk([line.card_id for line in lines])
    _judge(lines, cards, LookOccasion(now, is_reconciling=True, is_agreed=True))


def most_corrections(account):
    """How many cards of an account may be corrected in one go without anybody being asked."""
    return max(FEWEST_TO_BRAKE, Line.objects.filter(account=account).count() // 100)


def _judge(lines, cards, occasion):
    known = []
    for line in lines:
        line.comparison = None
        if line.seq != cards[line.card_id].version:
            _wait_for_the_record(line, occasion.now)
        elif line.seen_at or line.missing_at:
            known.append(line)
    if known:
        _judge_what_is_known(known, cards, occasion)
    update_rows(Line, _SET, [(line.pk, *(getattr(line, name) for name in _SET)) for line in lines])


def _wait_for_the_record(line, now):
    """The card has changed, and what it wants now is about to be read: nothing is done for what it wanted before."""
    soon = now + HEARD_BY_THEN
    line.ask_at, line.step = min(line.ask_at or soon, soon), LineStep.WAITING


def _judge_what_is_known(lines, cards, occasion):
    keys = [line.card_id for line in lines]
    commands = _last_orders_of(keys)
    found = {
        line.card_id: _what_was_done(line, cards[line.card_id], commands.get(line.card_id, []), occasion)
        for line in lines
    }
    known = drifts.open_ones_of(keys)
    for line in lines:
        card, differing = cards[line.card_id], _differing(found[line.card_id])
        is_waiting = any(each.follows == Follows.WAIT for each in found[line.card_id])
        of_card = commands.get(line.card_id, [])
        drifts.bring_up_to_date(line, card, known.get(card.pk, {}), differing, of_card, is_waiting, occasion.now)
    standing = open_commands_of(keys)
    for line in lines:
        line.step = _step(found[line.card_id], standing.get(line.card_id, []))


def _last_orders_of(cards):
    """The last orders of each of these cards that were not replaced, the newest first, by the card's key."""
    number = Window(RowNumber(), partition_by="card_id", order_by=F("pk").desc())
    orders = Command.objects.filter(card_id__in=cards).exclude(state=CommandState.SUPERSEDED).annotate(number=number)
    by_card = {}
    for command in orders.filter(number__lte=_ORDERS_READ).order_by("-pk"):
        by_card.setdefault(command.card_id, []).append(command)
    return by_card


def _what_was_done(line, card, commands, occasion):
    """The verdicts on a line, once what follows of them is done."""
    verdicts = _verdicts(line, card, commands, occasion)
    _end_what_goes_against_the_carrier(line, verdicts, commands, occasion.now)
    return [_done(each, line, card, occasion) for each in verdicts]


def _differing(verdicts):
    return {each.kind: each for each in reversed(verdicts) if each.kind}


def _verdicts(line, card, commands, occasion):
    here = Here(
        line.wanted_service,
        line.wanted_data,
        is_held=bool(card.resumes_to),
        is_blocked=card.hold_list == (Hold.ANOMALY,),
        is_activated=line.activation_seq > 0,
        is_protected=card.protected,
    )
    reasons = frozenset(filter(None, line.seen_reasons.split(",")))
    there = There(line.seen_service, reasons, line.seen_data, is_missing=line.missing_at is not None)
    goal = _ORDERED_FOR.get(line.wanted_service, line.wanted_service)
    of_service = _orders(commands, _OF_SERVICE, goal, occasion.now)
    of_data = _orders(commands, (Aspect.DATA,), line.wanted_data, occasion.now)
    found = [verdict(here, there, of_service, occasion.is_reconciling)]
    if there.is_missing or card.is_final:
        return found
    return [
        *found,
        data_verdict(here, there, of_data, occasion.is_reconciling),
        real_name_verdict(card.certification == Certification.INDIVIDUAL, card.real_name, line.seen_real_name),
        device_verdict(card.bound_imei, line.seen_imei, card.has_hold(Hold.REBIND)),
    ]


def _orders(commands, aspects, goal, now):
    """What became of our orders about one matter; the last end counts where it was about what is wanted now."""
    of_matter = [command for command in commands if command.aspect in aspects]
    ended = [command for command in of_matter if command.ended_at]
    last = next((command.state for command in ended if command.goal == goal), "")
    confirmed = next((command.goal for command in ended if command.is_confirmed), "")
    again = [c for c in of_matter if c.is_correction and c.goal == goal and c.made_at > now - A_DAY]
    return Orders(is_open=len(ended) < len(of_matter), ended=last, has_stopped=confirmed in _STOPS, again=len(again))


def _end_what_goes_against_the_carrier(line, verdicts, commands, now):
    """What waits is withdrawn, and what is on its way was not done: the carrier's words say why."""
    if verdicts[0].kind not in _ENDS_OUR_ORDERS:
        return
    withdraw_orders([line], {line.card_id: orders_of(line)}, now)
    words = line.seen_reason_text or line.seen_text
    on_their_way = [command for command in commands if command.is_in_flight and command.aspect != Aspect.CANCEL]
    for command in on_their_way if verdicts[0].follows != Follows.UNREADABLE else ():
        close_command(command, CommandState.REFUSED, now, line.seen_code, words)


def _done(each, line, card, occasion):
    """The verdict, once what follows of it is done; or what a person is shown where it may not be done now."""
    if each.follows == Follows.COMMAND:
        return _ordered(each, line, card, occasion)
    if each.kind in APPLIED_BY and each.action and setting_of(line.account, APPLIED_BY[each.kind]) == "apply":
        return _applied(each, line, card, occasion)
    return each


def _ordered(each, line, card, occasion):
    """The order is given again, unless somebody has decided that this difference stays."""
    if drifts.was_rejected(drifts.drift_of(each, line, card, [], occasion.now)):
        return each
    if not _may_be_done(line, occasion, _corrected_lately):
        return each
    opened = open_command(line, each.aspect, each.goal, now=occasion.now, is_correction=True)
    return each if opened is None else replace(each, follows=Follows.WAIT)


def _applied(each, line, card, occasion):
    """The carrier has the last word here, and its account says that nobody is asked."""
    if not _may_be_done(line, occasion, _applied_lately):
        return each
    actor = Actor(ActorKind.CARRIER, line.account.name, frozenset({each.action}))
    drift = drifts.drift_of(each, line, card, [], occasion.now)
    (outcome,) = carry_proposals_out([drift], {card.pk: line}, Signature(actor, at=occasion.now))
    if outcome.refused or outcome.parked:
        return each
    drifts.write_down_applied(drift, occasion.now)
    _wait_for_the_record(line, occasion.now)
    return replace(each, follows=Follows.WAIT, kind="")


def _may_be_done(line, occasion, done_lately):
    """Whether something is corrected now. While all cards are compared it waits for the end, which may be the brake."""
    if line.paused or not line.account.is_on:
        return False
    if occasion.run:
        line.comparison = occasion.run
        return False
    return occasion.is_agreed or done_lately(line.account, occasion.now) < most_corrections(line.account)


def _corrected_lately(account, now):
    """The corrections of a day that no comparison of all cards has agreed to."""
    corrections = Command.objects.filter(account=account, is_correction=True, made_at__gt=now - A_DAY).count()
    return corrections - _agreed_lately(account, now)


def _applied_lately(account, now):
    return drifts.applied_since(account, now - A_DAY) - _agreed_lately(account, now)


def _agreed_lately(account, now):
    agreed = Q(held_above=None) | Q(released_by__isnull=False)
    runs = Reconciliation.objects.filter(agreed, account=account, ended_at__gt=now - A_DAY)
    return sum(found.get("corrected", 0) for found in runs.values_list("found", flat=True))


def _step(verdicts, standing):
    differing = _differing(verdicts)
    by_kind = [step for kind, step in _STEPS.items() if kind in differing]
    if LineStep.GONE in by_kind:
        return LineStep.GONE
    by_hand = [command.is_by_hand for command in standing]
    is_applied = any(each.follows == Follows.WAIT and each.action for each in verdicts)
    if is_applied or not all(by_hand):
        return LineStep.WAITING
    if differing:
        return by_kind[0] if by_kind else LineStep.DRIFT
    return LineStep.BY_HAND if by_hand or LISTED_BY_HAND in verdicts else LineStep.IN_STEP
