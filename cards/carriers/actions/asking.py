"""Looks at cards at their carriers: nothing else says what became of an order."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from cards.actions.bulk import update_rows
from cards.actions.write import chunked
from cards.carriers.actions.answers import answers_to, attempt_row, note_the_account
from cards.carriers.actions.commands import (
    LATER_LOOKS,
    close_command,
    follow_the_wish,
    is_done,
    lines_locked,
    on_its_way,
    open_commands_of,
    put_off,
    release_queue,
    seconds_of,
    settle,
)
from cards.carriers.actions.judging import judge
from cards.carriers.actions.slots import LEASE_OF_A_SLOT
from cards.carriers.choices import Aspect, CallKind, Can, CommandState
from cards.carriers.models import Attempt, Line
from cards.carriers.protocols import protocol_of, setting_of
from cards.carriers.results import AccountFault, Busy, Missing, Seen, Sim
from cards.models import Card

_TOLD_BY_A_THOROUGH_LOOK = {Aspect.DATA, Aspect.BINDING, Aspect.CAP}
_TAKEN_AT_ONCE = 50  # in a transaction, for which others may have to wait
_WRITTEN = (
    *("seen_service", "seen_code", "seen_text", "seen_reasons", "seen_reason_text", "seen_data", "seen_real_name"),
    *("seen_imei", "seen_since", "seen_at", "missing_at"),
    *("ask_at", "worker", "is_asked_by_person", "has_order", "looks"),
)


class LookAtCard(NamedTuple):
    """What a state query said of a card: of this line, and of the SIM that its `card` had when it was asked for.

    `ordered` is what the carrier says of the order that is on its way, where it was asked for that.
    """

    line: Line
    said: Any
    ordered: Any = None


class Looks:
    """A source of calls: the cards of an account that are to be looked at now."""

    def due(self, account, now):
        return Line.objects.filter(account=account, ask_at__lte=now).exists()

    def do(self, account, call, now):
        protocol = protocol_of(account)
        lines, commands = _claim(account, protocol, call.owner, now)
        if not lines:
            return False
        is_thorough = _has_to_be_thorough(account, lines, commands)
        sims = [sim_of(line) for line in lines]
        looks = answers_to(lambda: protocol.ask(call, call.access, sims, is_thorough), call, len(sims))
        at = call.now()
        attempts = [
            attempt_row(commands[line.card_id], CallKind.ASK, look, call, at)
            for line, look in zip(lines, looks, strict=True)
            if line.card_id in commands
        ]
        note_the_account(account, call, looks, at)
        _take_all(protocol, call, list(map(LookAtCard, lines, looks)), commands)
        Attempt.objects.bulk_create(attempts)
        return True


def _has_to_be_thorough(account, lines, commands):
    """Whether more than the state is asked, which may take calls of its own."""
    is_first = setting_of(account, "stop_by") == "data" and any(line.seen_at is None for line in lines)
    needs_more = any(command.aspect in _TOLD_BY_A_THOROUGH_LOOK for command in commands.values())
    return lines[0].is_asked_by_person or is_first or needs_more


def ask_soon(line_ids, by_person=False, now=None):
    """Have these lines looked at as soon as a slot is free; a person's wish goes before all others, and is thorough."""
    changes = {"ask_at": now or timezone.now(), **({"is_asked_by_person": True} if by_person else {})}
    with transaction.atomic():
        # Locked in the order in which everybody locks them.
        lines = Line.objects.filter(pk__in=line_ids, account__isnull=False).order_by("card_id").select_for_update()
        keys = list(lines.values_list("pk", flat=True))
        Line.objects.filter(pk__in=keys).update(**changes)


def sim_of(line):
    """The card of this line as a protocol is given it."""
    card = line.card
    return Sim(card.pk, card.iccid, card.msisdn, card.imsi, line.seen_code)


@transaction.atomic
def _claim(account, protocol, owner, now):
    """The lines to look at next, ours for the time of a call, and which of their orders are on their way."""
    due = Line.objects.filter(account=account, ask_at__lte=now).order_by("-is_asked_by_person", "-has_order", "ask_at")
    free = due.select_related("account", "card").select_for_update(of=("self",), skip_locked=True)
    lines = list(free[: max(1, protocol.ASKED_AT_ONCE)])
    if not lines:
        return [], {}
    lines = [line for line in lines if line.is_asked_by_person == lines[0].is_asked_by_person]
    Line.objects.filter(pk__in=[line.pk for line in lines]).update(ask_at=now + LEASE_OF_A_SLOT, worker=owner)
    standing = open_commands_of([line.card_id for line in lines])
    on_their_way = {card: on_its_way(commands) for card, commands in standing.items()}
    return lines, {card: command for card, command in on_their_way.items() if command}


def _take_all(protocol, call, looks, commands):
    """Those that say enough are taken at once; for each other one, the carrier is asked for the order first."""
    now, enough, too_little = call.now(), [], []
    for look in looks:
        is_left_open = _leaves_its_order_open(protocol, look, commands.get(look.line.card_id), now)
        (too_little if is_left_open else enough).append(look)
    take_looks(enough, now)
    for look in too_little:
        ordered = _told_of_the_order(protocol, call, look.line, commands[look.line.card_id])
        take_looks([look._replace(ordered=ordered)], call.now())


def _leaves_its_order_open(protocol, look, command, now):
    """Whether an accepted order is not seen done yet, of which the carrier tells by its number."""
    if not (
        command and command.is_accepted and command.ticket and isinstance(look.said, Seen) and Can.ORDER in protocol.CAN
    ):
        return False
    _write_what_was_seen(look.line, look.said, now)
    return not is_done(command, look.line)


def _told_of_the_order(protocol, call, line, command):
    sim = sim_of(line)
    (told,) = answers_to(lambda: [protocol.order(call, call.access, sim, command.ticket, command.is_batch)], call, 1)
    return told if hasattr(told, "is_failed") else None


def take_looks(looks, now, is_reconciling=False):
    """Take in what state queries said of cards of an account: what was seen, what it makes of their orders, and what
    follows. A look that told nothing is put off."""
    for some in chunked(looks, _TAKEN_AT_ONCE):
        _take_some({look.line.card_id: look for look in some}, now, is_reconciling)


@transaction.atomic
def _take_some(looks, now, is_reconciling):
    lines = lines_locked(looks)
    cards = Card.objects.in_bulk(list(looks))
    lines = [line for line in lines if _is_as_asked_for(line, cards[line.card_id], looks[line.card_id].line)]
    standing = open_commands_of([line.card_id for line in lines])
    commands = {line.card_id: standing.get(line.card_id, []) for line in lines}
    on_their_way = {card: on_its_way(of_card) for card, of_card in commands.items()}
    for line in lines:
        _take(line, looks[line.card_id], commands[line.card_id], on_their_way[line.card_id], now)
    update_rows(Line, _WRITTEN, [(line.pk, *(getattr(line, name) for name in _WRITTEN)) for line in lines])
    _go_on(lines, on_their_way, now)
    told = [line for line in lines if _has_told(looks[line.card_id].said, commands[line.card_id])]
    judge(told, cards, now, is_reconciling)


def _is_as_asked_for(line, card, asked):
    """Whether it was not put on another account meanwhile, nor got another SIM, of which this says nothing."""
    return line.account_id == asked.account_id and card.iccid == asked.card.iccid


def _take(line, look, commands, was_on_its_way, now):
    line.ask_at, line.worker, line.is_asked_by_person = None, "", False
    if isinstance(look.said, Seen | Missing):
        _write_what_was_seen(line, look.said, now)
        for command in commands:
            _settle_or_end(command, line, look.said, now, look.ordered)
    else:
        _ask_later(line, look.said, was_on_its_way, now)
        for command in commands:
            put_off(command, line, look.said, now)
    _plan_the_next_look(line, now)


def _has_told(look, commands):
    return isinstance(look, Seen | Missing) or any(command.ended_at for command in commands)


def _settle_or_end(command, line, look, now, ordered):
    """Of a card that the carrier does not know, nothing can be ordered."""
    if isinstance(look, Missing) and not (command.is_by_hand or command.worker):
        close_command(command, CommandState.REFUSED, now, look.code, look.text)
    elif isinstance(look, Seen):
        settle(command, line, now, ordered)


def _go_on(lines, on_their_way, now):
    """What waited for these looks, or for the end of an order, goes on."""
    for line in lines:
        was_on_its_way = on_their_way[line.card_id]
        if was_on_its_way and was_on_its_way.ended_at:
            follow_the_wish(line, was_on_its_way, now)
    held_up = {card for card, command in on_their_way.items() if command and command.is_in_flight}
    release_queue([line for line in lines if line.card_id not in held_up], now)


def _write_what_was_seen(line, look, now):
    line.seen_at = now
    if isinstance(look, Missing):
        line.missing_at, line.seen_service = now, ""
        line.seen_code, line.seen_text = look.code[:40], look.text[:200]
        return
    line.missing_at = None
    line.seen_service, line.seen_code, line.seen_text = look.service, look.code[:40], look.text[:200]
    line.seen_reasons, line.seen_reason_text = ",".join(look.reasons)[:100], look.reason_text[:200]
    line.seen_data = look.data or line.seen_data
    line.seen_real_name = look.real_name or line.seen_real_name
    line.seen_imei = look.imei[:16] or line.seen_imei
    line.seen_since = look.since


def _ask_later(line, look, command, now):
    """Nobody told: again after a while, which grows where an order waits for it."""
    wait = seconds_of(line.account, "retry_s")
    if command and command.sent_at:
        wait = max(wait, min((now - command.sent_at) / 2, timedelta(hours=1)))
    if isinstance(look, Busy) and look.after:
        wait = timedelta(seconds=look.after)
    if isinstance(look, AccountFault):
        wait = timedelta(0)  # the circuit says when
    line.ask_at = now + wait


def _plan_the_next_look(line, now):
    """Where nothing else has it looked at, late effects of what got no answer have."""
    line.has_order = line.ask_at is not None
    if line.ask_at is None and line.looks:
        line.ask_at = now + LATER_LOOKS[-line.looks]
        line.looks -= 1
