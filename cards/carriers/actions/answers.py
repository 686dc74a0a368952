"""What a protocol's answer comes to, whatever way it was given, and the row that is kept of each call."""

import logging
from dataclasses import replace

from cards.carriers.actions.circuit import break_circuit, count_fault, heard_well
from cards.carriers.choices import CallResult
from cards.carriers.models import Attempt
from cards.carriers.results import (
    Accepted,
    AccountFault,
    AlreadySo,
    Busy,
    CallFailed,
    GarbledAnswer,
    LoginRefused,
    Missing,
    NotCalled,
    Seen,
    TurnedDown,
    Unknown,
)
from cards.errors import NothingHeard

logger = logging.getLogger(__name__)

RESULT_OF = {
    Accepted: CallResult.ACCEPTED,
    AlreadySo: CallResult.ALREADY_SO,
    TurnedDown: CallResult.REFUSED,
    Busy: CallResult.BUSY,
    NotCalled: CallResult.BUSY,
    AccountFault: CallResult.ACCOUNT_FAULT,
    Unknown: CallResult.UNKNOWN,
    Seen: CallResult.SEEN,
    Missing: CallResult.MISSING,
}
_WORDS = ("code", "text", "reason_text", "why", "raw")  # of an answer, as the carrier said them
# How a call may fail as a whole.
CALL_FAILURES = (CallFailed, LoginRefused, NothingHeard, GarbledAnswer)
# What a protocol's file may stumble over in an answer that is not as anybody has written it down.
_GARBLED = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)


def answers_to(ask, call, number):
    """What `ask()` says of so many cards, without secrets. However a call fails, that is an answer of each."""
    answers = _answers(ask, call)
    if len(answers) != number:
        answers = [answers[0] if len(answers) == 1 else Unknown()] * number
    return [_to_be_kept(answer, call) for answer in answers]


def _answers(ask, call):
    try:
        return list(ask())
    except CALL_FAILURES as failure:
        return [_answer_of(failure)]
    except _GARBLED as error:
        logger.warning("An answer of %s was not understood (%s)", call.access.name, type(error).__name__)
        return [Unknown()]


def _answer_of(failure):
    match failure:
        case CallFailed():
            return failure.result
        case LoginRefused():
            return AccountFault("", str(failure))
        case _:
            return Unknown("", str(failure))


def note_a_failure(account, call, failure, now):
    """What a call that failed as a whole says of the account itself."""
    note_the_account(account, call, [_to_be_kept(_answer_of(failure), call)], now)


def _to_be_kept(answer, call):
    words = {name: call.masked(getattr(answer, name)) for name in _WORDS if hasattr(answer, name)}
    return replace(answer, **words)


def note_the_account(account, call, answers, now):
    """What these answers say of the account itself: whether it is accepted, and whether anybody answers at all."""
    faulty = next((answer for answer in answers if isinstance(answer, AccountFault)), None)
    if faulty:
        break_circuit(account, f"{faulty.code} {faulty.text}".strip(), now)
    elif call.exchanges and not call.exchanges[-1].is_heard:
        count_fault(account, call.exchanges[-1].text, now)
    elif not account.broken_since or not all(isinstance(answer, Unknown) for answer in answers):
        heard_well(account, now)


def attempt_row(command, kind, answer, call, at):
    """The row of one command in this call: the carrier's words, or else what came over the line."""
    last = call.exchanges[-1] if call.exchanges else None
    heard = last.text if last else ""
    return Attempt(
        command=command,
        at=at,
        kind=kind,
        ms=sum(each.ms for each in call.exchanges),
        result=RESULT_OF[type(answer)],
        code=answer.code[:40],
        text=answer.text or heard,
        request_id=last.request_id if last else "",
    )
