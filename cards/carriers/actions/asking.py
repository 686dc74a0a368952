"""Looks at cards at their carriers: nothing else says what became of an order."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

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
        for line, look in zip(lines, looks, strict=True):
            ordered = _ask_for_the_order(protocol, call, line, look, commands.get(line.card_id))
            take_look(line, line.card, look, call.now(), ordered=ordered)
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


def is_other_sim(card_id, iccid):
    """Whether the card has another SIM by now than the one that was asked for."""
    return not Card.objects.filter(pk=card_id, iccid=iccid).exists()


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


def _ask_for_the_order(protocol, call, line, look, command):
    """What the carrier says of an accepted order that is not seen done yet; None where it tells nothing of orders."""
    if not (
        command and command.is_accepted and command.ticket and isinstance(look, Seen) and Can.ORDER in protocol.CAN
    ):
        return None
    _write_what_was_seen(line, look, call.now())
    if is_done(command, line):
        return None
    sim = sim_of(line)
    (told,) = answers_to(lambda: [protocol.order(call, call.access, sim, command.ticket, command.is_batch)], call, 1)
    return told if hasattr(told, "is_failed") else None


@transaction.atomic
def take_look(line, card, look, now, ordered=None, is_reconciling=False, run=None):
    """Take in what a state query said of a card: what was seen, what it makes of its orders, and what follows.

    `ordered` is what the carrier says of the order that is on its way. A look that told nothing is put off.
    """
    asked = line.account_id
    (line,) = lines_locked([line.card_id])
    if line.account_id != asked or is_other_sim(line.card_id, card.iccid):
        return  # it was put on another account meanwhile, or got another SIM, of which this says nothing
    commands = open_commands_of([line.card_id]).get(line.card_id, [])
    line.ask_at, line.worker, line.is_asked_by_person = None, "", False
    was_on_its_way = on_its_way(commands)
    if isinstance(look, Seen | Missing):
        _write_what_was_seen(line, look, now)
        for command in commands:
            _settle_or_end(command, line, look, now, ordered)
    else:
        _ask_later(line, look, was_on_its_way, now)
        for command in commands:
            put_off(command, line, look, now)
    _plan_the_next_look(line, now)
    line.save()
    _go_on(line, was_on_its_way, now)
    if isinstance(look, Seen | Missing) or any(command.ended_at for command in commands):
        judge(line, card, now, command=was_on_its_way, is_reconciling=is_reconciling, run=run)


def _settle_or_end(command, line, look, now, ordered):
    """Of a card that the carrier does not know, nothing can be ordered."""
    if isinstance(look, Missing) and not (command.is_by_hand or command.worker):
        close_command(command, CommandState.REFUSED, now, look.code, look.text)
    elif isinstance(look, Seen):
        settle(command, line, now, ordered)


def _go_on(line, was_on_its_way, now):
    """What waited for this look, or for the end of an order, goes on."""
    if was_on_its_way and was_on_its_way.ended_at:
        follow_the_wish(line, was_on_its_way, now)
    if not (was_on_its_way and was_on_its_way.is_in_flight):
        release_queue(line, now)


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
