"""Orders from the wish to their end, with a carrier that is played: section 3 of the design, rule by rule."""

import logging
from datetime import date, timedelta
from itertools import pairwise

import pytest

from cards.carriers.actions import working
from cards.carriers.actions.asking import LookAtCard, ask_soon, take_looks
from cards.carriers.actions.circuit import break_circuit
from cards.carriers.actions.commands import close_command
from cards.carriers.actions.lines import pause_lines, resume_lines
from cards.carriers.actions.slots import REAL
from cards.carriers.choices import Aspect, CommandState
from cards.carriers.models import Attempt, CarrierAccount, Command, Line
from cards.carriers.protocols import PROTOCOLS
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
    Ordered,
    TurnedDown,
    Unknown,
)
from cards.errors import NothingHeard
from tests.build import card_in_use, do, on_day
from tests.carriers.playing import NOON, Played, account, line_of, orders_told, settled
from tests.processes import wait_until

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 10)


@pytest.fixture
def carrier(monkeypatch):
    """A carrier that has what the portal has, and has been looked at."""
    played = Played()
    monkeypatch.setitem(PROTOCOLS, "played", played)
    with on_day(DAY):
        yield played


def known(carrier, **settings):
    """A card in use that the carrier has active, and that was seen so."""
    account(**settings)
    return another(carrier)


def another(carrier):
    card = card_in_use()
    carrier.states[card.iccid] = "active"
    settled(carrier)
    carrier.sent.clear()
    carrier.asked.clear()
    return card


def stop(card):
    return do("suspend", card, DAY)


def ends(card):
    """How the last order ended, after how many times that it was sent, with the carrier's words."""
    last = Command.objects.filter(card=card).latest("pk")
    return last.state, last.attempts, last.code, last.text


def test_a_stop_is_sent_once_and_confirmed_by_a_look_alone(carrier):
    card = known(carrier)
    stop(card)
    settled(carrier)
    assert (ends(card), line_of(card).step) == (("accepted", 1, "", ""), "waiting")
    settled(carrier, 9)
    assert (carrier.asked, ends(card)) == ([], ("accepted", 1, "", ""))
    settled(carrier, 2)
    assert (ends(card), line_of(card).step) == (("confirmed", 1, "", ""), "in_step")
    assert carrier.sent == [(1, "service", "stopped")]


def test_an_order_that_takes_a_while_is_looked_at_again_and_not_repeated(carrier):
    card = known(carrier)
    carrier.lag_s = 60
    stop(card)
    settled(carrier)
    for _ in range(8):
        settled(carrier, 10)
    assert (ends(card), carrier.sent) == (("confirmed", 1, "", ""), [(1, "service", "stopped")])
    assert len(carrier.asked) < 6


@pytest.mark.parametrize(
    "answer", [NothingHeard("gone"), Unknown("", "?"), TurnedDown("E1", "failed"), AlreadySo("E2")]
)
def test_what_was_done_whatever_was_answered_is_confirmed_and_done_once(carrier, answer):
    card = known(carrier)
    carrier.answers = [answer]
    stop(card)
    settled(carrier)
    carrier.states[card.iccid] = "stopped"
    settled(carrier, 10)
    assert (ends(card), len(carrier.sent)) == (("confirmed", 1, "", ""), 1)


@pytest.mark.parametrize(
    "answer", [NothingHeard("gone"), GarbledAnswer("<p>"), TurnedDown("E1", "failed"), KeyError("x")]
)
def test_what_was_not_done_is_sent_again_after_it_was_looked_at(carrier, answer):
    card = known(carrier)
    carrier.answers = [answer]
    stop(card)
    settled(carrier)
    settled(carrier, 10)
    assert (len(carrier.asked), len(carrier.sent)) == (1, 1)
    settled(carrier, 27)
    settled(carrier, 10)
    assert (ends(card), len(carrier.sent)) == (("confirmed", 2, "", ""), 2)


@pytest.mark.once
def test_waits_grow_until_patience_is_over(carrier):
    card = known(carrier, patience_s=3600)
    carrier.answers = [TurnedDown("E7", "今天不行")] * 99
    stop(card)
    sent_at = []
    for _ in range(400):
        before = len(carrier.sent)
        settled(carrier, 10)
        sent_at += [carrier.clock.now() - NOON] * (len(carrier.sent) - before)
    waits = [later - earlier for earlier, later in pairwise(sent_at)]
    assert waits == sorted(waits)
    assert (ends(card), line_of(card).step) == (("refused", len(sent_at), "E7", "今天不行"), "refused")
    assert 4 <= len(sent_at) <= 6


def test_a_final_refusal_ends_after_one_look(carrier):
    card = known(carrier)
    carrier.answers = [TurnedDown("E9", "no such card", is_final=True)]
    stop(card)
    settled(carrier)
    settled(carrier, 10)
    assert (ends(card), len(carrier.sent)) == (("refused", 1, "E9", "no such card"), 1)


def test_busy_is_no_attempt_and_is_looked_at_before_it_is_sent_again(carrier):
    card = known(carrier)
    carrier.answers = [Busy(40)]
    stop(card)
    settled(carrier)
    settled(carrier, 39)
    assert (len(carrier.asked), ends(card)[:2]) == (0, ("asking", 0))
    settled(carrier, 1)
    settled(carrier, 10)
    assert (ends(card), len(carrier.sent), len(carrier.asked)) == (("confirmed", 1, "", ""), 2, 2)


@pytest.mark.once
def test_accepted_and_never_done_is_repeated_three_times_and_ends_as_unknown(carrier):
    card = known(carrier, repeat_s=60, patience_s=3600)
    carrier.lag_s = 10**6
    stop(card)
    for _ in range(400):
        settled(carrier, 10)
    assert (ends(card)[:2], len(carrier.sent), line_of(card).step) == (("unknown", 4), 4, "unknown")


def test_an_order_that_failed_is_refused_with_the_words_of_the_carrier(carrier):
    card = known(carrier)
    carrier.lag_s, carrier.failed = 10**6, {card.iccid: Ordered(is_failed=True, code="F1", text="施工失败")}
    stop(card)
    settled(carrier)
    settled(carrier, 10)
    assert ends(card) == ("refused", 1, "F1", "施工失败")


def test_what_was_ended_while_it_was_being_sent_stays_ended(carrier):
    card = known(carrier)

    def ended_meanwhile(sims):
        close_command(Command.objects.get(state=CommandState.SENT), CommandState.REFUSED, NOON, "C1", "gone")
        return [Accepted("N2")]

    carrier.answers = [ended_meanwhile]
    stop(card)
    settled(carrier)
    assert ends(card) == ("refused", 1, "C1", "gone")


def test_ten_changes_are_one_order(carrier):
    card = known(carrier)
    for _ in range(5):
        stop(card)
        do("resume", card, DAY)
    stop(card)
    settled(carrier)
    settled(carrier, 10)
    assert orders_told(card)[1:] == [("service", "stopped", "confirmed", 1)]


def test_a_wish_that_was_taken_back_before_it_was_sent_is_not_sent(carrier):
    card = known(carrier)
    pause_lines([card.pk])
    stop(card)
    settled(carrier)
    do("resume", card, DAY)
    settled(carrier)
    resume_lines([card.pk])
    settled(carrier, 60)
    assert (orders_told(card)[1:], carrier.sent) == ([("service", "stopped", "superseded", 0)], [])


def test_a_newer_wish_waits_for_the_end_of_the_one_on_its_way(carrier):
    card = known(carrier, guard_s=200)
    carrier.lag_s = 30
    stop(card)
    settled(carrier)
    do("resume", card, DAY)
    settled(carrier, 5)
    assert [row[1:3] for row in orders_told(card)[1:]] == [("stopped", "accepted")]
    settled(carrier, 60)
    assert [row[1:3] for row in orders_told(card)[1:]] == [("stopped", "confirmed"), ("active", "queued")]
    settled(carrier, 100)
    assert len(carrier.sent) == 1
    settled(carrier, 100)
    settled(carrier, 60)
    assert (orders_told(card)[-1], carrier.states[card.iccid]) == (("service", "active", "confirmed", 1), "active")


@pytest.mark.once
def test_the_guard_time_counts_from_the_answer_on(carrier):
    card = known(carrier, guard_s=200)

    def slowly(sims):
        carrier.clock.forward(25)
        return [TurnedDown("E1", "failed")]

    carrier.answers = [slowly]
    stop(card)
    settled(carrier)
    for _ in range(19):
        settled(carrier, 10)
    assert len(carrier.sent) == 1
    settled(carrier, 10)
    assert len(carrier.sent) == 2


def test_a_newer_cap_is_ordered_when_the_one_on_its_way_has_ended(carrier, monkeypatch):
    monkeypatch.setattr(Played, "CAN", Played.CAN | {Aspect.CAP})
    card = known(carrier, cap="on")
    carrier.answers = [Accepted("N1"), Accepted("N2")]
    for megabytes in ("10", "15", "20"):
        card = do("set_limit", card, DAY, limit_mb=megabytes)
        settled(carrier, 5)
    settled(carrier, 30)
    settled(carrier, 30)
    assert [row for row in orders_told(card) if row[0] == "cap"] == [
        ("cap", "11", "confirmed", 1),
        ("cap", "22", "confirmed", 1),
    ]


def test_patience_with_an_order_is_none_the_longer_for_what_was_broken_before_it(carrier):
    account(patience_s=60)
    CarrierAccount.objects.update(broken_s=10**6)
    card = stop(card_in_use())
    carrier.looks = [TurnedDown("E1", "not now")] * 99
    for _ in range(8):
        settled(carrier, 10)
    assert ends(card) == ("refused", 0, "E1", "not now")


def test_what_another_account_says_of_a_card_that_was_moved_meanwhile_is_nothing(carrier):
    card = known(carrier)
    other = account("other")
    moved = line_of(card)
    Line.objects.filter(pk=moved.pk).update(account=other)
    missing = Missing("M1", "no such card")
    take_looks([LookAtCard(moved, missing)], carrier.clock.now())
    assert (line_of(card).missing_at, line_of(card).seen_service) == (None, "active")
    take_looks([LookAtCard(line_of(card), missing)], carrier.clock.now())
    assert line_of(card).missing_at == carrier.clock.now()


def test_stopped_resumed_and_stopped_again_within_the_guard_ends_stopped(carrier):
    card = known(carrier, guard_s=200)
    stop(card)
    settled(carrier)
    do("resume", card, DAY)
    settled(carrier, 11)
    stop(card)
    settled(carrier)
    for _ in range(30):
        settled(carrier, 10)
    assert (carrier.sent, carrier.states[card.iccid]) == ([(1, "service", "stopped")], "stopped")


def test_nothing_is_sent_to_a_card_before_it_was_seen(carrier):
    account()
    card = stop(card_in_use())
    carrier.states[card.iccid] = "stopped"
    settled(carrier)
    assert (carrier.asked, carrier.sent) == ([card.iccid], [])
    assert line_of(card).step == "in_step"


def test_a_card_that_the_carrier_does_not_know_is_refused_and_the_others_are_done(carrier):
    known(carrier)
    strange, other = stop(card_in_use()), stop(another(carrier))
    settled(carrier)
    settled(carrier, 10)
    assert (ends(strange), ends(other)) == (("refused", 0, "M1", "no such card"), ("confirmed", 1, "", ""))


@pytest.mark.parametrize(("number", "calls"), [(19, [1] * 19), (20, [20])])
def test_twenty_like_orders_go_out_together(carrier, number, calls):
    cards = [known(carrier), *(another(carrier) for _ in range(number - 1))]
    for card in cards:
        stop(card)
    settled(carrier)
    assert carrier.sent == [(size, "service", "stopped") for size in calls]
    settled(carrier, 10)
    assert {ends(card) for card in cards} == {("confirmed", 1, "", "")}


def test_one_that_spoils_a_batch_is_left_behind_and_the_others_are_done_at_once(carrier):
    cards = [known(carrier), *(another(carrier) for _ in range(39))]
    spoiled = cards[7].pk

    def guarded(sims):
        if spoiled in [sim.key for sim in sims]:
            return [Busy(200) if sim.key == spoiled else NotCalled() for sim in sims]
        carrier.later += [(carrier.clock.now(), sim.iccid, "stopped") for sim in sims]
        return [AlreadySo()] * len(sims)

    carrier.answers = [guarded] * 9
    for card in cards:
        stop(card)
    settled(carrier)
    assert carrier.sent == [(40, "service", "stopped"), (20, "service", "stopped"), (19, "service", "stopped")]
    carrier.answers = []
    settled(carrier, 10)
    assert [ends(card)[0] for card in cards].count("confirmed") == 39
    settled(carrier, 200)
    settled(carrier, 10)
    assert {ends(card)[:2] for card in cards} == {("confirmed", 1)}


def test_an_account_that_is_not_accepted_waits_and_is_asked_once_a_minute(carrier, caplog):
    card = known(carrier)
    stop(card)
    carrier.answers, carrier.looks = [AccountFault("403", "IP not on the list")], [LoginRefused("IP")] * 5
    with caplog.at_level(logging.ERROR):
        for _ in range(25):
            settled(carrier, 10)
    assert (len(carrier.sent), len(carrier.asked)) == (1, 4)
    account = CarrierAccount.objects.get()
    assert (account.broken_why, account.broken_s) == ("IP", 0)
    assert [record.getMessage() for record in caplog.records] == [
        "The carrier does not accept the account trial: 403 IP not on the list"
    ]
    carrier.looks = []
    for _ in range(20):
        settled(carrier, 10)
    account = CarrierAccount.objects.get()
    assert (account.broken_since, account.broken_why, account.broken_s) == (None, "", 300)
    assert ends(card) == ("confirmed", 2, "", "")


def test_where_one_account_makes_a_worker_stumble_the_others_go_on_to_their_end(carrier, monkeypatch):
    bad, good = account("bad"), account("good")
    threads, served = working._Threads(REAL, None), []

    def serve(account_pk, slot, clock, is_enough):
        if account_pk == bad.pk:
            raise RuntimeError("stumbled")
        wait_until(lambda: threads.has_stumbled)
        served.append(account_pk)
        return 1

    monkeypatch.setattr(working, "_serve", serve)
    assert threads.start([bad, good]) == 2
    with pytest.raises(RuntimeError, match="stumbled"):
        threads.finish()
    assert served == [good.pk]


def test_an_account_without_cards_is_accepted_again_too(carrier):
    break_circuit(account(), "403", carrier.clock.now())
    carrier.looks = [LoginRefused("IP")]
    settled(carrier, 60)
    assert CarrierAccount.objects.get().broken_why == "IP"
    settled(carrier, 60)
    assert (CarrierAccount.objects.get().broken_since, len(carrier.asked)) == (None, 2)


def test_patience_does_not_run_while_the_account_is_broken(carrier):
    card = known(carrier, patience_s=120)
    stop(card)
    carrier.answers, carrier.looks = [AccountFault("403")], [LoginRefused("IP")] * 4
    for _ in range(40):
        settled(carrier, 10)
    assert ends(card)[:2] == ("confirmed", 2)


def test_five_calls_without_an_answer_break_the_account(carrier, caplog):
    cards = [known(carrier), *(another(carrier) for _ in range(6))]
    carrier.is_called = True
    ask_soon([line_of(card).pk for card in cards], now=carrier.clock.now())
    settled(carrier)
    assert len(carrier.asked) == 5
    assert CarrierAccount.objects.get().broken_why == "NewConnectionError"
    carrier.is_called = False
    settled(carrier, 60)
    probe_and_all = 1 + len(cards)
    assert (len(carrier.asked), CarrierAccount.objects.get().broken_since) == (5 + probe_and_all, None)


@pytest.mark.once
def test_late_effects_are_looked_for_after_minutes_an_hour_and_a_day(carrier):
    card = known(carrier)
    carrier.answers = [NothingHeard("gone")]
    stop(card)
    settled(carrier)
    carrier.states[card.iccid] = "stopped"
    waits = []
    while (line := line_of(card)).ask_at:
        waits.append(line.ask_at - carrier.clock.now())
        settled(carrier, waits[-1].total_seconds())
    assert waits == [timedelta(seconds=10), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=24)]


def test_each_call_leaves_a_row_without_secrets(carrier):
    card = known(carrier)
    carrier.answers = [TurnedDown("E1", "open sesame, \x00he said \ud800")]
    stop(card)
    settled(carrier)
    settled(carrier, 10)
    rows = Attempt.objects.order_by("pk").values_list("kind", "result", "code", "text")
    assert list(rows) == [("change", "refused", "E1", "open ***, he said "), ("ask", "seen", "ac", "")]


@pytest.mark.once
def test_orders_wait_while_the_carrier_closes_its_books(carrier):
    card = known(carrier, window="on")
    carrier.clock.at = NOON.replace(day=31, hour=23, minute=49)
    stop(card)
    carrier.clock.forward(60)
    settled(carrier)
    settled(carrier, 24 * 60)
    assert carrier.sent == []
    settled(carrier, 60)
    assert carrier.sent == [(1, "service", "stopped")]


class Fetching:
    """Another source of calls, which has one to make and leaves to the engine what becomes of a failure."""

    def __init__(self, failure=None):
        self.failure, self.left, self.turns = failure, 3, []

    def due(self, account, now):
        return self.left > 0

    def do(self, account, call, now):
        self.left -= 1
        self.turns.append(account.name)
        if self.failure:
            raise self.failure
        return True


def test_other_sources_have_their_turns_after_the_orders(carrier, monkeypatch):
    card, fetching = known(carrier), Fetching()
    monkeypatch.setattr(working, "SOURCES_OF_CALLS", [*working.SOURCES_OF_CALLS[:2], fetching])
    stop(card)
    settled(carrier)
    assert (fetching.left, len(carrier.sent)) == (0, 1)


@pytest.mark.parametrize("failure", [LoginRefused("IP"), CallFailed(AccountFault("403", "IP"))])
def test_what_another_source_hears_of_the_account_breaks_it_too(carrier, monkeypatch, failure):
    account()
    fetching = Fetching(failure)
    monkeypatch.setattr(working, "SOURCES_OF_CALLS", [*working.SOURCES_OF_CALLS[:2], fetching])
    settled(carrier)
    assert (fetching.left, CarrierAccount.objects.get().broken_why.split()[-1]) == (2, "IP")
