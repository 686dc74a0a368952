"""Orders on their way out: noted as sent before the call, and what the answer makes of them afterwards.

An answer never confirms an order. Whatever it was, the card is looked at before anything is sent again.
"""

import uuid
from datetime import timedelta

from django.db import transaction

from cards.actions.bulk import update_rows
from cards.carriers.actions.answers import RESULT_OF, answers_to, attempt_row, note_the_account
from cards.carriers.actions.asking import sim_of
from cards.carriers.actions.commands import LATER_LOOKS, due_at, seconds_of
from cards.carriers.actions.slots import LEASE_OF_A_SLOT
from cards.carriers.actions.windows import is_closed
from cards.carriers.choices import IN_FLIGHT, CallKind, CommandState
from cards.carriers.models import Attempt, Command, Line
from cards.carriers.protocols import protocol_of, setting_of
from cards.carriers.results import Accepted, AccountFault, AlreadySo, Busy, NotCalled, TurnedDown, Unknown

_FEWEST_IN_A_BATCH = 20


class Sends:
    """A source of calls: the orders of an account that are due."""

    def due(self, account, now):
        return not is_closed(account, now) and _queue(account, now).exists()

    def do(self, account, call, now):
        if is_closed(account, now):
            return False
        protocol = protocol_of(account)
        commands, lines = _note_as_sent(account, protocol, call.owner, now)
        if not commands:
            return False
        sims = [sim_of(lines[command.card_id]) for command in commands]
        aspect, goal = commands[0].aspect, commands[0].goal
        answers = answers_to(lambda: protocol.change(call, call.access, sims, aspect, goal), call, len(sims))
        at = call.now()
        note_the_account(account, call, answers, at)
        _take_answers(commands, answers, call, at)
        return True


def _queue(account, now):
    return Command.objects.filter(account=account, state=CommandState.QUEUED, due_at__lte=now)


@transaction.atomic
def _note_as_sent(account, protocol, owner, now):
    """The orders that go out with the next call, committed as sent, and their lines by card.

    Nobody is waited for: what others have is theirs. So an order may be locked before its line here, which else comes
    first.
    """
    chosen = _next_ones(account, protocol, now)
    if not chosen:
        return [], {}
    rows = Line.objects.filter(card_id__in=chosen).select_related("account", "card").order_by("card_id")
    lines = {row.card_id: row for row in rows.select_for_update(of=("self",), skip_locked=True)}
    commands = _still_to_be_sent(chosen, lines, account, now)
    batch = uuid.uuid4() if len(commands) > 1 else None
    for command in commands:
        command.state, command.sent_at, command.attempts = CommandState.SENT, now, command.attempts + 1
        command.batch, command.worker, command.due_at = batch, owner, now + LEASE_OF_A_SLOT
        command.result, command.accepted_at, command.ticket = "", None, ""
        if command.give_up_at is None:
            command.give_up_at, command.broken_s = now + seconds_of(account, "patience_s"), account.broken_s
    _save(commands)
    of_cards = [command.card_id for command in commands]
    _hold_back(of_cards)
    Line.objects.filter(card_id__in=of_cards).update(ask_at=now + LEASE_OF_A_SLOT, has_order=True)
    return commands, lines


def _next_ones(account, protocol, now):
    """The first order in rank, and as many like it as go with it in one call: command's key by card."""
    queue = _queue(account, now).order_by("rank_at", "pk").select_for_update(skip_locked=True, of=("self",))
    first = queue.first()
    if first is None:
        return {}
    most = min(int(setting_of(account, "batch")), protocol.CHANGES_AT_ONCE.get(first.aspect, 1), first.part or 100)
    if most > 1:
        like = queue.filter(aspect=first.aspect, goal=first.goal, part=first.part)[:most]
        found = {command.card_id: command.pk for command in like}
        if len(found) >= _FEWEST_IN_A_BATCH or first.part > 1:
            return found
    return {first.card_id: first.pk}


def _still_to_be_sent(chosen, lines, account, now):
    """Those of the chosen that nobody has replaced or sent meanwhile; of a card one order is on its way at a time."""
    on_their_way = set(Command.objects.filter(card_id__in=lines, state__in=IN_FLIGHT).values_list("card_id", flat=True))
    free = [
        card
        for card, line in lines.items()
        if line.account_id == account.pk and not line.paused and card not in on_their_way
    ]
    _hold_back(set(lines) - set(free))
    return list(_queue(account, now).filter(pk__in=chosen.values(), card_id__in=free).order_by("rank_at", "pk"))


def _hold_back(cards):
    """What else waits for these cards is due again when nothing is on its way any more, or when the card goes on."""
    Command.objects.filter(card_id__in=cards, state=CommandState.QUEUED).update(due_at=None)


@transaction.atomic
def _take_answers(commands, answers, call, now):
    """Note what was answered. What somebody has ended while it was being sent stays ended."""
    cards = [command.card_id for command in commands]
    rows = Line.objects.filter(card_id__in=cards).select_related("account").order_by("card_id")
    lines = {line.card_id: line for line in rows.select_for_update(of=("self",))}
    ours = Command.objects.filter(pk__in=[command.pk for command in commands], worker=call.owner, ended_at=None)
    still_ours = set(ours.values_list("pk", flat=True))
    told = list(zip(commands, answers, strict=True))
    kept = [attempt_row(command, CallKind.CHANGE, answer, call, now) for command, answer in told]
    for command, answer in told:
        command.worker = ""
        if command.pk in still_ours:
            _take_answer(command, lines[command.card_id], answer, len(commands), now)
    _save([command for command in commands if command.pk in still_ours])
    noted = ("ask_at", "last_sent_at", "looks", "has_order")
    update_rows(Line, noted, [(line.pk, *(getattr(line, name) for name in noted)) for line in lines.values()])
    Attempt.objects.bulk_create(kept)


def _take_answer(command, line, answer, number, now):
    """What one answer makes of an order: accepted, to be looked at, or not sent at all."""
    command.result = RESULT_OF[type(answer)]
    command.code, command.text = answer.code[:40], answer.text
    command.part = max(1, number // 2) if number > 1 else command.part
    settle = seconds_of(line.account, "settle_s")
    match answer:
        case Accepted() | AlreadySo():
            command.state, command.accepted_at = CommandState.ACCEPTED, now
            if isinstance(answer, Accepted):
                command.ticket, command.is_batch = answer.ticket[:64], answer.is_batch
        case NotCalled():
            command.state, command.attempts = CommandState.QUEUED, command.attempts - 1
        case Busy():
            command.state, command.attempts = CommandState.ASKING, command.attempts - 1
            after = timedelta(seconds=answer.after) if answer.after else seconds_of(line.account, "retry_s")
            settle = max(settle, after)
        case TurnedDown() if number > 1:  # another one of them may be the cause: that was no attempt of this one
            command.state, command.attempts, command.is_final = CommandState.ASKING, command.attempts - 1, False
        case TurnedDown():
            command.state, command.is_final = CommandState.ASKING, answer.is_final
        case AccountFault() | Unknown():
            command.state, line.looks = CommandState.ASKING, len(LATER_LOOKS)
    if isinstance(answer, NotCalled):
        command.due_at, line.ask_at, line.has_order = due_at(line, now), None, False
        return
    if not isinstance(answer, Busy):
        line.last_sent_at = now  # not before the call: what came in between does not count towards the guard time
    command.due_at = line.ask_at = now + settle


_SAVED = (
    *("state", "sent_at", "attempts", "worker", "due_at", "result", "is_final", "accepted_at", "ticket", "is_batch"),
    *("batch", "part", "give_up_at", "broken_s", "code", "text"),
)


def _save(commands):
    update_rows(Command, _SAVED, [(each.pk, *(getattr(each, name) for name in _SAVED)) for each in commands])
