"""The work of carriers: hear what the cards want, and make the calls that are due, each account in its own slots.

What makes calls is a *source*: `due(account, now)` says whether it has one to make, `do(account, call, now)` makes one
and says whether there was one. The first two take turns, so neither a long queue nor many cards to look at holds the
other up; the others come when both have nothing, and at every tenth turn.
"""

import threading
from datetime import timedelta

from django.db import connection, connections

from cards.carriers.actions.answers import CALL_FAILURES, answers_to, note_a_failure, note_the_account
from cards.carriers.actions.asking import Looks, sim_of
from cards.carriers.actions.circuit import break_circuit, may_probe
from cards.carriers.actions.fetching import Pulls
from cards.carriers.actions.hearing import has_news, hear
from cards.carriers.actions.reaching import call_to
from cards.carriers.actions.reconciling import Comparisons
from cards.carriers.actions.sending import Sends
from cards.carriers.actions.slots import (
    REAL,
    free_the_dead,
    give_back,
    owner_named,
    take_slot,
    wait_for_turn,
)
from cards.carriers.choices import OwnWords
from cards.carriers.models import CarrierAccount, Line
from cards.carriers.protocols import access_of, is_worked, protocol_of
from cards.carriers.results import Sim
from cards.errors import BadInput
from cards.leases import Lost

SOURCES_OF_CALLS = [Sends(), Looks(), Comparisons(), Pulls()]
_MOST_THREADS = 16
_EVERY = 10
_MOST_IN_VAIN = 3
_LEFT_ALONE = timedelta(seconds=1)
_POLL_S = 0.1
_NO_CARD = Sim(0, "89860000000000000000", "10000000000")  # numbers that nobody is given
_numbers = iter(range(1, 1_000_000_000))


def work(seconds=None, until_settled=False, clock=REAL, heard_within_s=0):
    """Work for so many seconds, or until nothing is due at this moment; how many turns at calling that were.

    Without either it is one round of what is due. Nothing is waited for that is due later; for records that an older
    transaction holds back still, `heard_within_s` seconds at most.
    """
    heard_by = clock.now() + timedelta(seconds=heard_within_s)
    until = None if seconds is None else clock.now().timestamp() + seconds
    worker = _Inline(clock, until) if _is_alone() else _Threads(clock, until)
    while True:
        heard = hear(clock.now())
        free_the_dead(clock.now())
        started = worker.start(_accounts_with_work(clock.now()))
        is_idle = not (heard or started or worker.is_busy() or (clock.now() < heard_by and has_news()))
        if (is_idle and (until_settled or until is None)) or _is_over(clock, until) or worker.has_stumbled:
            break
        if not started:
            clock.sleep(_POLL_S if not is_idle else 2 * _POLL_S)
    return worker.finish()


def _is_over(clock, until):
    return until is not None and clock.now().timestamp() >= until


def _is_alone():
    """Whether other threads would not see what this one does: in a transaction of a test's, on a database in memory."""
    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    return connection.in_atomic_block or in_memory


def _accounts_with_work(now):
    return [account for account in CarrierAccount.objects.all() if is_worked(account) and _has_work(account, now)]


def _has_work(account, now):
    if account.broken_since:
        return account.probe_at is not None and account.probe_at <= now
    return any(source.due(account, now) for source in SOURCES_OF_CALLS)


class _Inline:
    """One turn of each account after the other."""

    has_stumbled = False  # what breaks, breaks at once

    def __init__(self, clock, until):
        self._clock, self._turns = clock, 0

    def start(self, accounts):
        did = 0
        for account in accounts:
            slot = take_slot(account, owner_named(next(_numbers)), self._clock.now())
            if slot:
                did += _serve(account.pk, slot, self._clock, lambda turns: turns >= 1)
        self._turns += did
        return did

    def is_busy(self):
        return False

    def finish(self):
        return self._turns


class _Threads:
    """A thread for each slot that has something to do; a carrier that is slow holds up nobody but its own slot.

    An account whose threads found nothing that they could do, time and again, is left alone for a second.
    """

    def __init__(self, clock, until):
        self._clock, self._until = clock, until
        self._threads, self._turns, self._errors = {}, [], []
        self._in_vain = {}  # by account: how often one after the other, and when it was last

    def start(self, accounts):
        self._tidy()
        started = 0
        for account in accounts:
            if len(self._threads) < _MOST_THREADS and not self._is_in_vain(account):
                slot = take_slot(account, owner_named(next(_numbers)), self._clock.now())
                if slot:
                    self._start(account, slot)
                    started += 1
        return started

    def _is_in_vain(self, account):
        times, at = self._in_vain.get(account.pk, (0, None))
        return times >= _MOST_IN_VAIN and self._clock.now() < at + _LEFT_ALONE

    def _start(self, account, slot):
        thread = threading.Thread(target=self._run, args=(account.pk, slot), daemon=True)
        self._threads[thread] = account.pk
        thread.start()

    def _tidy(self):
        self._threads = {thread: account for thread, account in self._threads.items() if thread.is_alive()}

    @property
    def has_stumbled(self):
        """Whether something broke in a thread. No other is begun then; those that there are go on to their end."""
        return bool(self._errors)

    def is_busy(self):
        return any(thread.is_alive() for thread in self._threads)

    def finish(self):
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return sum(self._turns)

    def _run(self, account_pk, slot):
        try:
            turns = _serve(account_pk, slot, self._clock, lambda turns: _is_over(self._clock, self._until))
            self._turns.append(turns)
            is_only_one = list(self._threads.values()).count(account_pk) == 1
            times = self._in_vain.get(account_pk, (0, None))[0] + 1 if is_only_one and not turns else 0
            self._in_vain[account_pk] = times, self._clock.now()
        except Exception as error:  # told by whoever started it
            self._errors.append(error)
        finally:
            connections.close_all()


def _serve(account_pk, slot, clock, is_enough):
    """Make calls of this account in this slot, until it has none due or it is enough; how many turns there were."""
    turns = 0
    try:
        while not is_enough(turns):
            account = CarrierAccount.objects.filter(pk=account_pk).first()
            if account is None or not is_worked(account) or not _turn(account, slot, clock, turns):
                break
            turns += 1
    except Lost:
        pass
    finally:
        give_back(slot, clock.now())
    return turns


def _turn(account, slot, clock, number):
    """One piece of work: a call, or a few that belong together. Whether there was any."""
    now = clock.now()
    if account.broken_since and not may_probe(account, now):
        return False
    try:
        access = access_of(account)
    except BadInput:
        break_circuit(account, OwnWords.NO_KEY, now)
        return False
    call = call_to(account, access, slot.owner, clock, lambda: wait_for_turn(slot, clock))
    if account.broken_since:
        return _probe(account, protocol_of(account), call)
    try:
        return any(source.do(account, call, clock.now()) for source in _in_turn(number))
    except CALL_FAILURES as failure:  # of a source that leaves it to us; the first two take theirs as answers
        note_a_failure(account, call, failure, clock.now())
        return True


def _in_turn(number):
    """The sources as they are asked at this turn."""
    first, second, *others = SOURCES_OF_CALLS
    urgent = [first, second] if number % 2 else [second, first]
    return [*others, *urgent] if number % _EVERY == _EVERY - 1 else [*urgent, *others]


def _probe(account, protocol, call):
    """Ask something harmless of an account that was not accepted: about a card of it, or else about none."""
    line = Line.objects.filter(account=account).select_related("card").order_by("ask_at", "pk").first()
    sim = sim_of(line) if line else _NO_CARD
    answers = answers_to(lambda: protocol.ask(call, call.access, [sim]), call, 1)
    note_the_account(account, call, answers, call.now())
    return True
