"""Whose turn it is to call a carrier, how often that may be, and what a worker leaves that died."""

import subprocess
import sys
from datetime import date, timedelta

import pytest

from cards.carriers.actions.circuit import break_circuit, count_fault, heard_well, may_probe
from cards.carriers.actions.slots import (
    _born,
    free_the_dead,
    give_back,
    is_dead,
    owner_named,
    take_slot,
    wait_for_turn,
)
from cards.carriers.actions.tokens import AccountTokens
from cards.carriers.actions.windows import is_closed
from cards.carriers.choices import CommandState
from cards.carriers.models import CarrierAccount, Command, Line, Slot
from cards.carriers.protocols import PROTOCOLS
from cards.carriers.results import LoginRefused, Token
from cards.leases import Lost
from tests.build import card_in_use, do, on_day
from tests.carriers.playing import NOON, Clockwork, Played, account, line_of, settled

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def carrier(monkeypatch):
    played = Played()
    monkeypatch.setitem(PROTOCOLS, "played", played)
    return played


def test_each_slot_is_one_owners_until_it_is_given_back():
    trial = account(slots=2)
    taken = [take_slot(trial, name, NOON) for name in ("a.1.1.1", "b.1.1.1", "c.1.1.1")]
    assert [slot and slot.number for slot in taken] == [1, 2, None]
    give_back(taken[0], NOON)
    assert take_slot(trial, "c.1.1.1", NOON).number == 1


def test_a_lease_that_ran_out_is_anybodys_and_its_owner_makes_no_more_calls():
    trial, clock = account(), Clockwork()
    late = take_slot(trial, "a.1.1.1", NOON)
    clock.forward(61)
    assert take_slot(trial, "b.1.1.1", clock.now()).owner == "b.1.1.1"
    with pytest.raises(Lost):
        wait_for_turn(late, clock)


@pytest.mark.parametrize(("qps", "used"), [(0.5, 1), (1, 1), (2.5, 2), (10, 3)])
def test_where_fewer_calls_a_second_are_allowed_fewer_slots_are_used(qps, used):
    trial = account(slots=3)
    trial.settings |= {"qps": qps, "slots": 3}
    assert [bool(take_slot(trial, f"{name}.1.1.1", NOON)) for name in "abc"].count(True) == used


@pytest.mark.parametrize("qps", [0.5, 3, 5, 50])
def test_calls_start_evenly_whoever_makes_them(qps):
    trial, clock = account(slots=2, qps=qps), Clockwork()
    first, second = (take_slot(trial, f"{name}.1.1.1", NOON) or Slot(account=trial) for name in "ab")
    starts = []
    for number in range(40):
        slot = second if second.pk and number % 2 else first
        wait_for_turn(slot, clock)
        starts.append(clock.now())
    most = max(sum(start <= each < start + SECOND for each in starts) for start in starts)
    assert most <= max(1, qps)
    assert starts[-1] - starts[0] < timedelta(seconds=1.2 * 40 / qps)


def test_a_worker_that_ended_is_dead_and_one_that_lives_is_not():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        machine = owner_named(1).rsplit(".", 3)[0]
        owner = f"{machine}.{process.pid}.{_born(process.pid)}.1"
        alive = is_dead(owner)
        process.kill()
        process.wait()
    assert (alive, is_dead(owner), is_dead(owner_named(1)), is_dead("elsewhere.1.1.1")) == (False, True, False, False)


def test_what_a_dead_worker_was_sending_is_looked_at_and_not_sent_again(carrier):
    with on_day(date(2026, 3, 10)):
        trial, card = account(settle_s=10), card_in_use()
        carrier.states[card.iccid] = "active"
        settled(carrier)
        do("suspend", card, date(2026, 3, 10))
        carrier.answers = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            settled(carrier)
    dead = owner_named(1).rsplit(".", 2)[0] + ".1.1"
    Command.objects.filter(state=CommandState.SENT).update(worker=dead)
    Slot.objects.update(owner=dead, lease_until=carrier.clock.now() + 30 * SECOND)
    carrier.states[card.iccid] = "stopped"
    free_the_dead(carrier.clock.now())
    assert line_of(card).ask_at == carrier.clock.now() + 10 * SECOND
    settled(carrier, 10)
    assert Command.objects.filter(card=card).latest("pk").state == "confirmed"
    assert (len(carrier.sent), trial.slots.get().owner) == (1, "")


def test_what_a_dead_worker_was_looking_at_is_looked_at_at_once():
    trial, card = account(), card_in_use()
    dead = owner_named(1).rsplit(".", 2)[0] + ".1.1"
    Line.objects.create(card=card, account=trial, ask_at=NOON + 60 * SECOND, worker=dead)
    Slot.objects.update(owner=dead, lease_until=NOON + 60 * SECOND)
    free_the_dead(NOON)
    assert (line_of(card).ask_at, line_of(card).worker) == (NOON, "")


def being_sent(account, owner):
    """An order that this worker is sending."""
    card = card_in_use()
    Line.objects.create(card=card, account=account, seen_at=NOON)
    times = {"made_at": NOON, "rank_at": NOON, "sent_at": NOON, "due_at": NOON + 60 * SECOND}
    sent = {"aspect": "service", "goal": "stopped", "state": "sent", "worker": owner}
    return Command.objects.create(card=card, account=account, **sent, **times)


def what_became(command):
    command.refresh_from_db()
    return command.worker, command.due_at, line_of(command.card).ask_at, line_of(command.card).last_sent_at


def test_whoever_takes_a_slot_that_ran_out_has_the_cards_asked_about_that_were_being_sent():
    trial = account()
    command = being_sent(trial, take_slot(trial, "a.1.1.1", NOON).owner)
    late = NOON + 61 * SECOND
    assert take_slot(trial, "b.1.1.1", late).owner == "b.1.1.1"
    assert what_became(command) == ("", late, late, late)


def test_whoever_has_lost_the_slot_leaves_nothing_behind_that_counts_as_being_sent():
    trial = account(settle_s=10)
    slot = take_slot(trial, "a.1.1.1", NOON)
    command, others = being_sent(trial, "a.1.1.1"), being_sent(trial, "b.1.1.1")
    Slot.objects.all().delete()
    give_back(slot, NOON)
    assert what_became(command) == ("", NOON + 10 * SECOND, NOON + 10 * SECOND, NOON)
    assert what_became(others) == ("b.1.1.1", NOON + 60 * SECOND, None, None)


# tokens


class _Login:
    """Gives one token after the other, good for a hundred seconds."""

    def __init__(self):
        self.given = 0

    def login(self, call, access):
        if self.given is None:
            raise LoginRefused("wrong password")
        self.given += 1
        return Token(f"T{self.given}", 100)


class _Call:
    access = None


def test_a_token_is_everybodys_until_half_of_its_time_is_over():
    trial, login, clock = account(), _Login(), Clockwork()
    tokens = [AccountTokens(trial, login, clock) for _ in range(4)]
    assert [each.living(_Call()) for each in tokens] == ["T1"] * 4
    clock.forward(49)
    assert tokens[0].living(_Call()) == "T1"
    clock.forward(1)
    assert [each.living(_Call()) for each in tokens] == ["T2"] * 4
    assert "T2" not in CarrierAccount.objects.get().token


def test_a_refused_token_is_renewed_once_for_all_who_had_it():
    trial, login, clock = account(), _Login(), Clockwork()
    tokens = [AccountTokens(trial, login, clock) for _ in range(4)]
    had = [each.living(_Call()) for each in tokens]
    assert [each.renewed(_Call(), old) for each, old in zip(tokens, had, strict=True)] == ["T2"] * 4
    assert login.given == 2


def test_a_login_that_was_refused_may_be_tried_again_at_once():
    trial, login, clock = account(), _Login(), Clockwork()
    login.given = None
    with pytest.raises(LoginRefused):
        AccountTokens(trial, login, clock).living(_Call())
    login.given = 0
    assert AccountTokens(trial, login, clock).living(_Call()) == "T1"


# the circuit


def test_one_worker_probes_at_a_time_and_success_closes_the_circuit():
    trial = account(retry_s=10)
    break_circuit(trial, "IP", NOON)
    asked = [wait for wait in (0, 19, 20, 20, 39, 40) if may_probe(trial, NOON + wait * SECOND)]
    assert asked == [20, 40]
    heard_well(CarrierAccount.objects.get(), NOON + 41 * SECOND)
    told = CarrierAccount.objects.get()
    assert (told.broken_since, told.broken_why, told.probe_at, told.broken_s) == (None, "", None, 41)


def test_four_calls_without_an_answer_are_no_fault_and_an_answer_forgets_them():
    trial = account()
    for _ in range(4):
        count_fault(trial, "gone", NOON)
    heard_well(CarrierAccount.objects.get(), NOON)
    count_fault(trial, "gone", NOON)
    told = CarrierAccount.objects.get()
    assert (told.broken_since, told.faults) == (None, 1)


def test_an_account_that_stays_broken_counts_no_more_faults_than_break_it():
    trial = account()
    for _ in range(23):
        count_fault(trial, "gone", NOON)
    told = CarrierAccount.objects.get()
    assert (told.broken_since, told.broken_why, told.faults) == (NOON, "gone", 3)


# windows


@pytest.mark.once
@pytest.mark.parametrize(
    ("protocol", "month", "day", "time", "closed"),
    [
        ("onelink5", 3, 31, (23, 49), False),
        ("onelink5", 3, 31, (23, 50), True),
        ("ctwing", 4, 1, (0, 14), True),
        ("ctwing", 4, 1, (0, 15), False),
        ("unicom", 3, 31, (23, 55), False),
        ("unicom", 3, 26, (23, 50), True),
        ("jasper", 3, 27, (0, 14), True),
        ("jasper", 3, 27, (0, 15), False),
    ],
)
def test_no_orders_go_out_while_a_carrier_closes_its_books(protocol, month, day, time, closed):
    at = NOON.replace(month=month, day=day, hour=time[0], minute=time[1])
    assert is_closed(CarrierAccount(protocol=protocol), at) is closed
    assert is_closed(CarrierAccount(protocol=protocol, settings={"window": "off"}), at) is False


@pytest.mark.once
def test_the_books_of_an_account_with_a_cycle_of_its_own_close_then():
    trial = CarrierAccount(protocol="onelink5", settings={"cycle_day": 20})
    at = NOON.replace(day=19, hour=23, minute=55)
    assert (is_closed(trial, at), is_closed(trial, at.replace(day=31))) == (True, False)
