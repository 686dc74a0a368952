"""Random wishes, mishaps and waits: once everything is at rest, the carrier has what the portal wants, and no more was
done there than was wished. The clock is the test's own, the portal's figures are those of every day."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards.actions.action_requests import act
from cards.carriers.actions.slots import Clock
from cards.carriers.actions.working import work
from cards.carriers.choices import OPEN_COMMANDS
from cards.carriers.models import CarrierAccount, Command, Line
from cards.models import Card
from cards.permissions import Actor
from tests.carriers.conftest import taken_back
from tests.carriers.fakes import FAKES
from tests.carriers.trial import card_rows, make_account
from tests.commands.calls import csv_file, run

pytestmark = pytest.mark.django_db

CARDS = 3
GUARD_S = 200
MISHAPS = ("500", "503", "garbage", "empty", "drop_before", "drop_after", "truncated", "lie_failed", "refuse", "busy")
EVERY_DAY = {"guard_s": GUARD_S, "settle_s": 60, "retry_s": 30, "repeat_s": 900, "patience_s": 86_400, "qps": 5}

cards = st.integers(0, CARDS - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("wish"), cards, st.sampled_from(["suspend", "resume"])),
        st.tuples(st.just("wish"), cards, st.sampled_from(["suspend", "resume"])),
        st.tuples(st.just("mishap"), cards, st.sampled_from([*MISHAPS, "lie_ok"])),
        st.tuples(st.just("lag"), st.sampled_from([0, 20, 50])),
        st.tuples(st.just("wait"), st.sampled_from([1, 30, 70, 250, 1000, 4000])),
    ),
    min_size=3,
    max_size=14,
)
anyhow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=15)


class World:
    """The portal beside a carrier, both on one clock that only this test moves."""

    def __init__(self, fake, folder):
        self.fake = fake
        self.iccids = [fake.add(f"8986{number:016d}").iccid for number in range(1, CARDS + 1)]
        assert run("import_cards", csv_file(folder / "cards.csv", card_rows(fake))).code == 0
        assert run("act", "activate", *self.iccids, "--reason", "first use").code == 0
        assert make_account(fake, **EVERY_DAY).code == 0
        fake.rate, fake.guard_s = 1000, GUARD_S - 1  # nobody waits here: the clock is moved on
        self.clock = Clock(self.now, self.wait)
        self.wishes = dict.fromkeys(self.iccids, 0)
        self.work()

    def now(self):
        return timezone.now() + timedelta(seconds=self.fake.ahead)

    def wait(self, seconds):
        self.fake.advance(seconds)

    def work(self):
        work(until_settled=True, clock=self.clock)

    def wish(self, card, action):
        iccid = self.iccids[card]
        ids = [Card.objects.get(iccid=iccid).pk]
        (outcome,) = act(action, ids, actor=Actor.shell(), reason="because")
        self.wishes[iccid] += outcome.refused is None
        self.work()

    def mishap(self, card, kind):
        """An order that is taken and not done is sent again three times at most: of those there are fewer."""
        if kind != "lie_ok" or sum(fault.kind == "lie_ok" for fault in self.fake.faults) < 2:
            self.fake.spoil(kind, number=self.iccids[card])

    def lag(self, seconds):
        self.fake.lag = seconds

    def come_to_rest(self):
        """Time goes on from one thing that is due to the next."""
        self.fake.heal()
        self.fake.lag = 0
        for _ in range(200):
            self.work()
            if not Command.objects.filter(state__in=OPEN_COMMANDS).exists():
                return
            self.wait(max(1, (min(self.due()) - self.now()).total_seconds()))
        raise AssertionError("it does not come to rest")

    def due(self):
        yield from Command.objects.filter(due_at__isnull=False).values_list("due_at", flat=True)
        yield from Line.objects.filter(ask_at__isnull=False).values_list("ask_at", flat=True)
        yield from CarrierAccount.objects.filter(probe_at__isnull=False).values_list("probe_at", flat=True)


@given(st.sampled_from(sorted(FAKES)), st.integers(0, 10**6), steps)
@anyhow
@taken_back()
def test_at_rest_the_carrier_has_what_is_wanted(tmp_path_factory, protocol, seed, told):
    with FAKES[protocol](seed) as fake:
        world = World(fake, tmp_path_factory.mktemp("world"))
        for name, *arguments in told:
            getattr(world, name)(*arguments)
            world.work()
        world.come_to_rest()
        lines = {line.card.iccid: line for line in Line.objects.select_related("card")}
        for iccid, line in lines.items():
            sim, effects = fake.sims[iccid], fake.done(iccid)
            assert (line.seen_service, sim.state) == (line.wanted_service, line.wanted_service)
            assert len(effects) <= world.wishes[iccid]
            assert all(one != other for one, other in pairwise(effects))
        assert fake.violations == []
