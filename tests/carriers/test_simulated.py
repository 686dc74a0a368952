"""The carrier that the portal plays: it lags, refuses, loses answers and differs, the same every time."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import timezone

from cards.carriers.actions.account_saving import save_account
from cards.carriers.actions.simulated_carrier import MOST_MB_A_DAY, exchange_with
from cards.carriers.actions.working import work
from cards.carriers.models import Command, Line, SimulatedSim
from cards.carriers.protocols.simulated import Simulated
from cards.carriers.results import (
    Accepted,
    AccountFault,
    AlreadySo,
    Amount,
    Answer,
    CallFailed,
    Missing,
    Seen,
    Sim,
    TurnedDown,
    Unknown,
)
from cards.errors import NothingHeard
from cards.quantities import MB
from tests.build import SHELL, card_in_use, do, open_card
from tests.carriers.scripted import Scripted, access_to

pytestmark = pytest.mark.django_db

PROTOCOL = Simulated()
ACCESS = access_to(PROTOCOL, {}, {})
STRANGER = Sim(0, "89860000000000009999")
WELL = ("89860000000000000001", "89860000000000000002", "89860000000000000004")
REFUSED, LOST = "89860000000000000172", "89860000000000000334"
MANAGED, CANCELLED = "89860000000000000197", "89860000000000000276"


class Within:
    """A call that reaches the carrier of this account."""

    def __init__(self, account):
        self.exchange = exchange_with(account)

    def __call__(self, method, path, *, document):
        status, headers, body = self.exchange("", method, path, json.dumps(document).encode(), {}, 0)
        return Answer(status, headers, body, timezone.now())


@pytest.fixture
def debug(settings):
    settings.ENV = replace(settings.ENV, debug=True)


@pytest.fixture
def account(debug):
    return save_account("demo", by=SHELL, protocol="simulated", carrier="cmcc")


def sim_of(account, iccid, state="active", make=card_in_use):
    card = make(iccid=iccid)
    Line.objects.update_or_create(card=card, defaults={"account": account, "wanted_service": state})
    return Sim(card.pk, iccid)


def asked(account, *sims):
    return PROTOCOL.ask(Within(account), ACCESS, sims)


def changed(account, *sims, aspect="service", goal="stopped"):
    return PROTOCOL.change(Within(account), ACCESS, sims, aspect, goal)


def all_is_over():
    SimulatedSim.objects.filter(due_at__isnull=False).update(due_at=timezone.now())


def test_a_card_is_there_as_it_is_here_but_for_a_few(account):
    sims = [sim_of(account, iccid) for iccid in (WELL[0], MANAGED, CANCELLED)]
    sims += [sim_of(account, WELL[1], "stopped"), sim_of(account, WELL[2], "silent", open_card), STRANGER]
    assert asked(account, *sims) == [
        Seen("active", "active", data="on"),
        Seen("stopped", "stopped", reasons=("managed",), data="on"),
        Seen("cancelled", "cancelled", data="on"),
        Seen("stopped", "stopped", reasons=("own",), data="on"),
        Seen("silent", "silent", data="on"),
        Missing("missing"),
    ]


def test_an_order_is_taken_and_done_some_seconds_later(account):
    sim = sim_of(account, WELL[0])
    [taken] = changed(account, sim)
    assert isinstance(taken, Accepted)
    assert asked(account, sim) == [Seen("active", "active", data="on")]
    due_in = SimulatedSim.objects.get().due_at - timezone.now()
    assert timedelta(seconds=1) < due_in < timedelta(seconds=12)
    all_is_over()
    [seen] = asked(account, sim)
    assert replace(seen, since=None) == Seen("stopped", "stopped", reasons=("own",), data="on")
    assert changed(account, sim) == [AlreadySo("already", "已处于该状态")]
    assert isinstance(changed(account, sim, goal="active")[0], Accepted)
    all_is_over()
    assert asked(account, sim)[0].service == "active"


def test_the_data_switch_and_an_activation_are_orders_like_others(account):
    sim, new = sim_of(account, WELL[0]), sim_of(account, WELL[1], "silent", open_card)
    assert isinstance(changed(account, sim, aspect="data", goal="off")[0], Accepted)
    assert isinstance(changed(account, new, aspect="activation", goal="active")[0], Accepted)
    all_is_over()
    assert [(seen.service, seen.data) for seen in asked(account, sim, new)] == [("active", "off"), ("active", "on")]


def test_what_is_refused_is_so_in_words_and_nothing_happens(account):
    sims = [sim_of(account, REFUSED), sim_of(account, CANCELLED), STRANGER]
    refused = [TurnedDown("refused", "业务受理失败，请联系客户经理", is_final=True)]
    refused += [
        TurnedDown("impossible", "当前状态不允许办理", is_final=True),
        TurnedDown("missing", "无此号码", is_final=True),
    ]
    assert changed(account, *sims) == refused
    all_is_over()
    assert [look.code for look in asked(account, *sims)] == ["active", "cancelled", "missing"]
    managed = sim_of(account, MANAGED)
    assert changed(account, managed, goal="active")[0].code == "managed"


def test_an_answer_is_lost_though_what_was_ordered_is_done(account):
    sim = sim_of(account, LOST)
    with pytest.raises(NothingHeard):
        changed(account, sim)
    all_is_over()
    assert asked(account, sim)[0].service == "stopped"


def test_usage_is_the_same_every_time_and_a_month_is_the_sum_of_its_days(account):
    sim, silent = sim_of(account, WELL[0]), sim_of(account, WELL[1], "silent", open_card)
    days = [date(2026, 2, number) for number in range(1, 29)]
    told = [PROTOCOL.usage(Within(account), ACCESS, [sim, silent], day) for day in days]
    assert {amount.bytes for _, amount in told} == {0}
    assert len({amount.bytes for amount, _ in told}) > 20
    assert [amount.day for amount, _ in told] == days
    assert all(0 <= amount.bytes < MOST_MB_A_DAY * MB for amount, _ in told)
    [month, nothing] = PROTOCOL.usage_of_month(Within(account), ACCESS, [sim, STRANGER], days[0])
    assert (month.bytes, month.day) == (sum(amount.bytes for amount, _ in told), None)
    assert not isinstance(nothing, Amount)


def test_it_is_not_there_without_debug(account, settings):
    sim = sim_of(account, WELL[0])
    settings.ENV = replace(settings.ENV, debug=False)
    fault = AccountFault("HTTP 403", "The simulated carrier is there only while DEBUG is on.")
    assert changed(account, sim) == [fault]
    with pytest.raises(CallFailed) as failed:
        asked(account, sim)
    assert failed.value.result == fault
    assert not SimulatedSim.objects.exists()


def test_a_suspension_is_ordered_taken_and_confirmed(debug):
    waits = {"settle_s": "0", "retry_s": "0", "qps": "1000"}
    save_account("demo", by=SHELL, protocol="simulated", carrier="cmcc", values=waits)
    card = card_in_use(iccid=WELL[0])
    work(until_settled=True)
    assert Line.objects.get(card=card).seen_service == "active"
    do("suspend", card, date(2026, 3, 1))
    work(until_settled=True)
    command = Command.objects.get(card=card, aspect="service")
    assert (command.goal, command.state) == ("stopped", "accepted")
    all_is_over()
    work(seconds=1)
    command.refresh_from_db()
    assert (command.state, command.attempts, Line.objects.get(card=card).seen_service) == ("confirmed", 1, "stopped")


@pytest.mark.parametrize("answer", ["", "{}", "[]", {"cards": [{"iccid": "other", "result": "accepted"}]}])
def test_what_is_no_answer_is_not_taken_for_one(answer):
    [result] = PROTOCOL.change(Scripted(answer), ACCESS, [STRANGER], "service", "stopped")
    assert isinstance(result, Unknown)
    with pytest.raises(CallFailed):
        PROTOCOL.usage(Scripted(answer), ACCESS, [STRANGER], date(2026, 2, 1))
