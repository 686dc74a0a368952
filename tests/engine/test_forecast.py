"""The forecast and the sweep are one function: random cards stepped through time do exactly what was forecast."""

from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards import rules
from cards.actions.action_requests import act
from cards.actions.sweep import dry_run, sweep
from cards.actions.usage import Reading, apply_readings
from cards.actions.write import attach_queues
from cards.calendar import days
from cards.choices import MADE_BY_PEOPLE, Action
from cards.models import CardEvent, CarrierPolicy, Customer, PolicyBook
from cards.models.card import MB
from cards.proof import Proof
from tests.build import SHELL, fresh, open_card

pytestmark = pytest.mark.django_db

START = date(2026, 1, 1)
PARAMETERS = {
    Action.PLACE_HOLD: {"kind": "anomaly"},
    Action.LIFT_HOLD: {"kind": "anomaly"},
    Action.SUBMIT_REAL_NAME: {"name": "张三丰", "id_number": "110101199003071234"},
    Action.TOP_UP: {"plan": "PACK-100"},
    Action.ASSIGN: {"customer": "Acme"},
    Action.TAG: {"tag": "trial"},
    Action.UNTAG: {"tag": "trial"},
    Action.REMARK: {"remark": "on the roof"},
}

policies = st.fixed_dictionaries(
    {
        "forced_mode": st.sampled_from(["months", "opening_month", "days"]),
        "silent_months": st.integers(1, 7),
        "silent_days": st.integers(20, 200),
        "silent_from_opening": st.booleans(),
        "cycle_day": st.sampled_from([1, 2, 15, 27, 28]),
        "renewal_days": st.integers(1, 90),
        "restores_credit": st.booleans(),
        "restores_threshold": st.booleans(),
        "ends_waiver": st.booleans(),
        "ends_packs": st.booleans(),
    }
)
cards = st.fixed_dictionaries(
    {
        "certification": st.sampled_from(["enterprise", "individual"]),
        "opened_on": st.dates(START, date(2026, 2, 28)),
        "test": st.sampled_from([{}, {"test_months": 1, "test_quota_mb": 5}, {"test_months": 3, "test_quota_mb": 30}]),
        "plan": st.sampled_from(["M1-100", "Y1-30", "Y1-1024"]),
        "device": st.sampled_from([{}, {"binding": "first_use"}, {"binding": "fixed", "imei": "490154203237518"}]),
    }
)
actions = st.tuples(
    st.sampled_from([action for action in MADE_BY_PEOPLE if action not in (Action.CANCEL, Action.SWAP, Action.UNPARK)]),
    st.fixed_dictionaries(
        {
            "plan": st.sampled_from(["M1-100", "Y1-30", "Y1-1024"]),
            "limit_mb": st.sampled_from(["1", "20", "none"]),
            "imei": st.sampled_from(["490154203237518", "356938035643809"]),
        }
    ),
)
# How many MB, in which device, how many days late (or early), and how many words about that day were told before.
readings = st.tuples(
    st.integers(0, 60),
    st.tuples(
        st.sampled_from(["", "490154203237518", "356938035643809"]),
        st.sampled_from([0, 0, 1, 2, 20, 40, -1]),
        st.integers(0, 2),
    ),
)
days_between = st.integers(0, 40)
lives = st.lists(st.tuples(days_between, st.one_of(actions, readings)), max_size=12)

anyhow = settings(deadline=None, suppress_health_check=list(HealthCheck))


def live(card, life):
    """Take a card through random actions and usage, each as far as it is allowed; the day on which this ends."""
    day = card.opened_on
    Customer.objects.get_or_create(name="Acme")
    for gap, (what, how) in life:
        day += timedelta(days=gap)
        if isinstance(what, str):
            asked = PARAMETERS.get(what) or {name: how[name] for name in how if name in needed(what)}
            act(what, [card.pk], actor=SHELL, reason="random", on=day, **asked)
        else:
            imei, late, word = how
            of = day - timedelta(days=late)
            read_at = datetime.fromisoformat(f"{of + timedelta(days=1)}T01:00:00+08:00") + timedelta(hours=word)
            apply_readings([Reading(card.pk, of, what * MB, read_at, imei)], told_on=day)
    return day


def needed(action):
    return {
        Action.RENEW: ["plan"],
        Action.GRANT: ["plan"],
        Action.SET_LIMIT: ["limit_mb"],
        Action.REBIND: ["imei"],
    }.get(action, [])


@contextmanager
def rolled_back():
    """Each random example begins with an empty portal."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def events_of(changes):
    return [(change.on, str(change.action), str(change.rule), change.evidence) for change in changes]


def recorded(card, since):
    events = CardEvent.objects.filter(card=card, seq__gt=since).order_by("seq")
    return [(event.effective_on, event.action, event.rule, event.evidence) for event in events]


@given(policies, cards, lives)
@settings(anyhow, max_examples=15)
@rolled_back()
def test_stepping_day_by_day_does_exactly_what_was_forecast_and_then_nothing_more_is_due(policy, facts, life):
    CarrierPolicy.objects.filter(carrier="cmcc").update(**policy)
    test, device = facts.pop("test"), facts.pop("device")
    card = open_card(**facts, **test, **device)
    today = live(card, life)
    book = PolicyBook.read()
    (card,) = attach_queues([fresh(card)])
    horizon = today + timedelta(days=450)
    forecast = events_of(rules.forecast(card, horizon, book))
    assert fresh(card).__dict__["version"] == card.version, "a forecast changes nothing"

    stepped = card.copy()
    in_memory = [change for day in days(today, horizon) for change in rules.catch_up(stepped, day, book)]
    assert events_of(in_memory) == forecast

    would_do = [done.change for _, done in dry_run(horizon).changes]
    assert events_of(would_do) == forecast
    sweep(horizon)
    swept = fresh(card)
    assert recorded(card, card.version) == forecast
    assert (swept.state, swept.holds, swept.next_due_on) == (stepped.state, stepped.holds, stepped.next_due_on)
    assert swept.next_due_on is None or swept.next_due_on > horizon
    assert sweep(horizon).counts == {}
    assert list(Proof().problems()) == []
    assert swept.parked == ""


@given(cards, lives, st.integers(1, 400))
@settings(anyhow, max_examples=40)
@rolled_back()
def test_a_portal_that_was_down_ends_where_an_uninterrupted_one_does(facts, life, pause):
    test, device = facts.pop("test"), facts.pop("device")
    pair = [open_card(**facts, **test, **device) for _ in range(2)]
    today = max(live(card, life) for card in pair)
    book, back = PolicyBook.read(), today + timedelta(days=pause)
    down, up = attach_queues([fresh(card) for card in pair])
    at_once = events_of(rules.catch_up(down, back, book))
    day_by_day = events_of(change for day in days(today, back) for change in rules.catch_up(up, day, book))
    assert at_once == day_by_day
    ignored = {"id", "iccid", "_state"}
    assert {k: v for k, v in down.__dict__.items() if k not in ignored} == {
        k: v for k, v in up.__dict__.items() if k not in ignored
    }
