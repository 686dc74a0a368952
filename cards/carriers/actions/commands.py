"""Orders to carriers, from the wish to their end: opened, replaced, settled by what a look says, closed.

Whoever changes orders of a card holds the lock of its line, so of two that look at once the second sees what the first
did. An order that is on its way is never replaced: the newer wish waits for its end, and is ordered then.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cards.actions.bulk import update_rows
from cards.carriers.choices import OPEN_COMMANDS, REPEATABLE, Aspect, CallResult, CommandState
from cards.carriers.models import Command, Line
from cards.carriers.protocols import is_worked, protocol_of, setting_of
from cards.carriers.results import LONGEST_WORDS
from cards.carriers.wanted import Wanted, Wish, is_seen_so, is_wanted, orders, unseen_orders
from cards.choices import ActorKind
from cards.models import CardEvent

_RANK = timedelta(seconds=60)  # by which an order of the next level is later
PERSON, MANY, CORRECTION = range(3)
_LADDER = (1, 4, 20, 60, 240, 720)  # times `retry_s`
_JITTER = 0.2
_SHORTEST_RETRY = timedelta(seconds=0.1)
_MOST_REPEATS = 3
_SOONEST_LOOK_S, _LATEST_LOOK_S = 0.5, 3600
LATER_LOOKS = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=24))
# Aspects that are replaced by a newer wish, even by that for nothing at all.
_FOLLOW_THE_WISH = (Aspect.SERVICE, Aspect.ACTIVATION, Aspect.DATA)


@dataclass(frozen=True)
class Grounds:
    """Why something is ordered: the card's record `seq`, who stands under it, and how urgent that makes it."""

    seq: int = 0
    actor: str = ""
    job: Any = None
    by: Any = None
    level: int = PERSON

    @classmethod
    def of(cls, record):
        is_one = record.job_id is None and record.actor_kind != ActorKind.SYSTEM
        return cls(record.seq, record.actor_name, record.job_id, None, PERSON if is_one else MANY)


def open_command(line, aspect, goal, *, now, seq=0, actor="", job=None, by=None, is_correction=False):
    """Order this of the line, whose lock the caller holds; the new order, or None where there is nothing to order anew.

    One of this aspect that waits is replaced; where one is on its way, the wish is looked at again at its end.
    """
    cause = Grounds(seq or line.seq, actor, job and job.pk, by and by.pk, CORRECTION if is_correction else PERSON)
    return next(iter(order([(line, [Wish(aspect, goal)], cause)], now)), None)


def order(wishes, now):
    """Order what these wishes are: (line, what, grounds) of each; the new commands. The caller holds the lines' locks.

    What waits of these aspects for another goal is replaced. Nothing is ordered of a line without an account that is
    on.
    """
    wishes = [wish for wish in wishes if wish[0].account_id and is_worked(wish[0].account)]
    standing = open_commands_of([line.card_id for line, _orders, _cause in wishes])
    replaced, opened = [], []
    for line, ordered, cause in wishes:
        of_card = standing.get(line.card_id, [])
        for each in ordered:
            before = next((command for command in of_card if command.aspect == each.aspect), None)
            if before and (before.is_in_flight or before.goal == each.goal):
                continue
            if before:
                replaced.append(before.pk)
            opened.append(_new(line, each, cause, on_its_way(of_card) is not None, now))
    _supersede(replaced, now)
    return Command.objects.bulk_create(opened)


def open_commands_of(cards):
    """The open commands of these cards, by the card's key."""
    by_card = {}
    for command in Command.objects.filter(card_id__in=cards, state__in=OPEN_COMMANDS):
        by_card.setdefault(command.card_id, []).append(command)
    return by_card


def on_its_way(commands):
    """The one of a card's open commands that is in flight; None where there is none."""
    return next((command for command in commands if command.is_in_flight), None)


def withdraw_orders(lines, ordered, now):
    """Replace by nothing what waits for these lines and is not ordered any more; `ordered` by the card's key."""
    unwanted = [
        command.pk
        for card, commands in open_commands_of([line.card_id for line in lines]).items()
        for command in commands
        if not command.is_in_flight and command.aspect in _FOLLOW_THE_WISH
        if Wish(command.aspect, command.goal) not in ordered.get(card, [])
    ]
    _supersede(unwanted, now)


def _supersede(keys, now):
    if keys:
        Command.objects.filter(pk__in=keys).update(state=CommandState.SUPERSEDED, ended_at=now, due_at=None)


def _new(line, wish, cause, must_wait, now):
    is_sent = wish.aspect in protocol_of(line.account).can(line.account.fields) and wish.aspect != Aspect.CANCEL
    return Command(
        card_id=line.card_id,
        account_id=line.account_id,
        aspect=wish.aspect,
        goal=wish.goal,
        seq=cause.seq,
        actor=cause.actor,
        job_id=cause.job,
        by_id=cause.by,
        is_correction=cause.level == CORRECTION,
        rank_at=now + cause.level * _RANK,
        state=CommandState.QUEUED if is_sent else CommandState.BY_HAND,
        made_at=now,
        broken_s=line.account.broken_s,
        due_at=None if must_wait or not is_sent else due_at(line, now),
    )


def due_at(line, now):
    """From when on something may be sent to the line: never before it was seen, nor within the guard time."""
    if line.seen_at is None or line.paused:
        return None
    if line.last_sent_at is None:
        return now
    return max(now, line.last_sent_at + seconds_of(line.account, "guard_s"))


def seconds_of(account, name):
    return timedelta(seconds=float(setting_of(account, name)))


def wanted_of(line):
    return Wanted(line.wanted_service, line.wanted_data, line.wanted_cap_mb, line.wanted_imei)


def orders_of(line):
    """What would bring the line to what is wanted of it, as it was last seen."""
    may_activate = line.activation_seq > 0
    return list(orders(wanted_of(line), line.seen_service, line.seen_data, line.seen_reasons, may_activate))


def is_done(command, line):
    """Whether the line was seen as this order wants it."""
    if command.aspect in (Aspect.CAP, Aspect.BINDING):
        return command.is_accepted and line.missing_at is None
    return is_seen_so(command.aspect, command.goal, line.seen_service, line.seen_data)


def settle(command, line, now, ordered=None):
    """What a look at its line makes of an open command; `ordered` is what the carrier says of its order by number."""
    if command.worker:
        _look(command, line, now + timedelta(seconds=_SOONEST_LOOK_S))  # it is being sent at this moment
    elif is_done(command, line):
        close_command(command, CommandState.CONFIRMED, now)
    elif command.is_queued and not _is_the_way(command, line):
        close_command(command, CommandState.SUPERSEDED, now)
        wishes = [wish for wish in orders_of(line) if wish.aspect in _FOLLOW_THE_WISH]
        grounds = Grounds(command.seq, command.actor, command.job_id, command.by_id, PERSON)
        order([(line, wishes, grounds)], now)
    elif command.is_in_flight and now < command.sent_at + seconds_of(line.account, "settle_s"):
        _look(command, line, command.sent_at + seconds_of(line.account, "settle_s"))
    elif command.is_in_flight:
        _settle_on_its_way(command, line, now, ordered)


def _is_the_way(command, line):
    """Whether this is what brings the line to what is wanted: it was ordered before anybody had seen the line."""
    return command.aspect not in _FOLLOW_THE_WISH or Wish(command.aspect, command.goal) in orders_of(line)


def _settle_on_its_way(command, line, now, ordered):
    account, is_repeatable = line.account, command.aspect in REPEATABLE
    if command.is_accepted and ordered and ordered.is_failed:
        close_command(command, CommandState.REFUSED, now, ordered.code, ordered.text)
    elif command.is_accepted and now < command.accepted_at + seconds_of(account, "repeat_s"):
        _look_again_or_end(command, line, CommandState.UNKNOWN, now)
    elif not is_wanted(command.aspect, command.goal, wanted_of(line)):
        close_command(command, CommandState.SUPERSEDED, now)
    elif command.is_accepted and is_repeatable and command.repeats < _MOST_REPEATS:
        command.repeats += 1
        _send_again_or_end(command, line, now, CommandState.UNKNOWN, now)
    elif command.result == CallResult.REFUSED and (command.is_final or not is_repeatable):
        close_command(command, CommandState.REFUSED, now, command.code, command.text)
    elif command.result == CallResult.REFUSED:
        # Of many in one call another one may have been the cause: in its half it goes again without a wait.
        at = now if command.batch else _by_the_ladder(command, account)
        _send_again_or_end(command, line, at, CommandState.REFUSED, now)
    elif command.result == CallResult.BUSY:
        _send_again_or_end(command, line, now, CommandState.UNKNOWN, now)
    elif is_repeatable and not command.is_accepted:
        _send_again_or_end(command, line, _by_the_ladder(command, account), CommandState.UNKNOWN, now)
    elif command.is_accepted or now < command.sent_at + seconds_of(account, "repeat_s"):
        _look_again_or_end(command, line, CommandState.UNKNOWN, now)
    else:
        _give_up(command, line, CommandState.UNKNOWN, now)


def _by_the_ladder(command, account):
    step = _LADDER[min(max(command.attempts, 1), len(_LADDER)) - 1]
    first = max(seconds_of(account, "retry_s"), _SHORTEST_RETRY)  # where it is set to none, waits grow all the same
    return command.sent_at + first * step * random.uniform(1 - _JITTER, 1 + _JITTER)


def patience_until(command, account, now):
    """When patience with an order is over. It does not run while the account's circuit is open."""
    broken_s = account.broken_s - command.broken_s
    if account.broken_since:
        broken_s += (now - account.broken_since).total_seconds()
    begins_at = command.give_up_at or command.made_at + seconds_of(account, "patience_s")
    return begins_at + timedelta(seconds=max(0, broken_s))


def _send_again_or_end(command, line, at, end, now):
    """Send it again from this instant on; within the last of patience it is only looked at, and then it ends so."""
    until = patience_until(command, line.account, now)
    if now >= until:
        _give_up(command, line, end, now)
    elif at >= until:
        _look(command, line, until)
    else:
        command.state, command.worker = CommandState.QUEUED, ""
        command.due_at = due_at(line, max(at, now))
        command.save(update_fields=["state", "worker", "due_at", "repeats"])


def _look_again_or_end(command, line, end, now):
    until = patience_until(command, line.account, now)
    if now >= until:
        _give_up(command, line, end, now)
        return
    half = (now - command.sent_at).total_seconds() / 2
    soonest = max(float(setting_of(line.account, "settle_s")), _SOONEST_LOOK_S)
    at = now + timedelta(seconds=min(max(soonest, half), max(soonest, _LATEST_LOOK_S)))
    turns = [until]
    if command.is_accepted:
        turns.append(command.accepted_at + seconds_of(line.account, "repeat_s"))
    _look(command, line, min(at, *(turn for turn in turns if turn > now)))


def _give_up(command, line, end, now):
    """It ends with the carrier's last words; what it may still come to is looked for later."""
    close_command(command, end, now, command.code, command.text)
    line.looks = len(LATER_LOOKS)


def _look(command, line, at):
    line.ask_at = at
    command.due_at = at
    command.save(update_fields=["due_at"])


def put_off(command, line, look, now):
    """The look came to nothing: what waits for it waits on, or ends with its patience."""
    over = now >= patience_until(command, line.account, now)
    is_turned_down = getattr(look, "is_final", None) is not None
    if command.is_queued and is_turned_down and line.seen_at is None and (look.is_final or over):
        close_command(command, CommandState.REFUSED, now, look.code, look.text)
    elif command.is_in_flight and over and not line.account.broken_since:
        end = CommandState.REFUSED if command.result == CallResult.REFUSED else CommandState.UNKNOWN
        _give_up(command, line, end, now)


def close_command(command, state, now, code="", text=""):
    """The end of a command. Its words are the carrier's; the last ones stay where there are none of the end."""
    command.state, command.ended_at, command.due_at, command.worker = state, now, None, ""
    command.code, command.text = code[:40], text[:LONGEST_WORDS]
    command.save(update_fields=["state", "ended_at", "due_at", "worker", "code", "text"])


def follow_the_wish(line, command, now):
    """Something on its way has ended: what the portal has wished for since is ordered now."""
    wish = wanted_of(line)
    if is_wanted(command.aspect, command.goal, wish) or line.seen_at is None:
        return
    record = CardEvent.objects.filter(card_id=line.card_id, seq=line.seq).first()
    cause = Grounds.of(record) if record else Grounds(line.seq)
    anew = [each for each in unseen_orders(wish) if each.aspect == command.aspect]
    order([(line, orders_of(line) + anew, cause)], now)


def release_queue(lines, now):
    """Nothing is on its way any more: what waits for these lines is due as soon as their guard time allows."""
    due = {line.card_id: due_at(line, now) for line in lines}
    waiting = Command.objects.filter(card_id__in=due, state=CommandState.QUEUED, due_at=None)
    update_rows(Command, ("due_at",), [(pk, due[card]) for pk, card in waiting.values_list("pk", "card_id")])


def lines_locked(cards):
    """The lines of these cards, locked in the order in which everybody locks them; their accounts beside them."""
    rows = Line.objects.filter(card_id__in=cards).select_related("account").order_by("card_id")
    return list(rows.select_for_update(of=("self",)))
