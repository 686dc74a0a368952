"""What is fetched from each carrier beside days and states: lists of changed cards, and months."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cards.calendar import first_of_month
from cards.carriers.choices import Can, PullKind
from cards.carriers.models import CarrierAccount, Drift, Pull
from cards.carriers.protocols import PROTOCOLS
from cards.models.card import MB
from tests.carriers.fakes import FAKES

OF_CHANGED = [name for name in FAKES if Can.CHANGED in PROTOCOLS[name].CAN]
BY_DAY = [name for name, kind in FAKES.items() if kind.DAYS]


def fetch(trial, kind, day):
    account, now = CarrierAccount.objects.get(), timezone.now()
    pull = Pull.objects.create(account=account, kind=kind, day=day, round=10, next_at=now)
    trial.work(lambda: Pull.objects.get(pk=pull.pk).ended_at)
    trial.pass_once()
    return Pull.objects.get(pk=pull.pk)


@pytest.mark.parametrize("fake", OF_CHANGED, indirect=True)
def test_what_a_carrier_changes_is_heard_from_its_list(trial):
    cards, fake = trial.begin(3), trial.fake
    stranger = fake.add("89860000000000009999")
    sim = fake.sims[cards[1]]
    sim.state, sim.reasons = "stopped", {"managed"}
    sim.since = stranger.since = fake.now()
    pull = fetch(trial, PullKind.CHANGED, fake.today())
    assert pull.told >= 2
    assert [trial.drift(card) for card in cards] == [[], [("stopped", "place_hold anomaly")], []]
    (number,) = Drift.objects.filter(kind="stranger").values_list("number", flat=True)
    assert number in (stranger.iccid, stranger.iccid[:19], stranger.msisdn, stranger.imsi)


@pytest.mark.parametrize("fake", BY_DAY, indirect=True)
def test_a_month_that_its_days_do_not_come_to_is_a_difference(trial):
    cards, fake = trial.begin(2), trial.fake
    last = first_of_month(fake.today()) - timedelta(days=1)
    for card in cards:
        fake.use(card, last, 20 * MB)
    pull = fetch(trial, PullKind.USAGE_MONTH, first_of_month(last))
    assert (pull.told, pull.missing) == (2, 0)
    told = Drift.objects.filter(kind="usage").order_by("card").values_list("card__iccid", "evidence")
    evidence = {"month": f"{last:%Y-%m}", "told": "20.0 MB", "days": "0.0 MB"}
    assert list(told) == [(card, evidence) for card in cards]
