"""A carrier within the test, whose clock the test moves: what the engine makes of it, without a network."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cards.carriers.actions.slots import Clock
from cards.carriers.actions.working import work
from cards.carriers.choices import Aspect, Can
from cards.carriers.models import CarrierAccount, Command, Line, Slot
from cards.carriers.protocols.port import CarrierProtocol
from cards.carriers.results import Accepted, Missing, Ordered, Seen
from cards.ciphers import enciphered

NOON = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


class Played(CarrierProtocol):
    """Does what it is told, which shows `lag_s` later, unless `answers` or `looks` have something else in store.

    With `is_called` it makes a real call before each answer, which nobody answers.
    """

    NAME, LABEL, CARRIER = "played", "Played", ""
    CAN = frozenset({Aspect.SERVICE, Aspect.ACTIVATION, Aspect.DATA, Can.ORDER})
    CHANGES_AT_ONCE = {Aspect.SERVICE: 100}

    def __init__(self):
        self.clock = Clockwork()
        self.states, self.later, self.lag_s = {}, [], 0
        self.answers, self.looks, self.failed = [], [], {}
        self.sent, self.asked, self.is_called = [], [], False

    def change(self, call, access, sims, aspect, goal):
        self.sent.append((len(sims), aspect, goal))
        told = self.answers.pop(0) if self.answers else None
        if isinstance(told, BaseException):
            raise told
        if told is None:
            self.later += [(self.clock.now() + timedelta(seconds=self.lag_s), sim.iccid, goal) for sim in sims]
            return [Accepted("N1")] * len(sims)
        return told(sims) if callable(told) else [told] * len(sims)

    def ask(self, call, access, sims, is_thorough=False):
        self.asked += [sim.iccid for sim in sims]
        if self.is_called:
            call("GET", "/")
        told = self.looks.pop(0) if self.looks else None
        if isinstance(told, BaseException):
            raise told
        return [told or self.seen(sim.iccid) for sim in sims]

    def order(self, call, access, sim, ticket, is_batch):
        return self.failed.get(sim.iccid, Ordered())

    def seen(self, iccid):
        for at, number, goal in [each for each in self.later if each[0] <= self.clock.now()]:
            self.later.remove((at, number, goal))
            self.states[number] = goal
        return (
            Seen(self.states[iccid], self.states[iccid][:2]) if iccid in self.states else Missing("M1", "no such card")
        )


@dataclass
class Clockwork:
    """Stands still until somebody waits."""

    at: datetime = NOON
    waited: list = field(default_factory=list)

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.waited.append(seconds)
        self.at += timedelta(seconds=seconds)

    def forward(self, seconds):
        self.at += timedelta(seconds=seconds)


def account(name="trial", carrier="cmcc", slots=1, **settings):
    usual = {"qps": 100, "settle_s": 10, "retry_s": 30, "repeat_s": 900, "patience_s": 86_400, "window": "off"}
    made = CarrierAccount.objects.create(
        name=name,
        carrier=carrier,
        protocol="played",
        is_on=True,
        base_url="http://127.0.0.1:1",
        secrets=enciphered({"secret": "sesame"}),
        settings={**usual, **settings},
        push_key=name,
    )
    Slot.objects.bulk_create([Slot(account=made, number=number + 1) for number in range(slots)])
    return made


def settled(carrier, forward=0):
    """Work until nothing is due, after so many seconds."""
    carrier.clock.forward(forward)
    return work(until_settled=True, clock=Clock(carrier.clock.now, carrier.clock.sleep))


def orders_told(card):
    """The orders of a card, the first one first: (aspect, goal, state, times sent)."""
    commands = Command.objects.filter(card=card).order_by("pk")
    return [(each.aspect, each.goal, each.state, each.attempts) for each in commands]


def line_of(card):
    return Line.objects.select_related("account").get(card=card)
