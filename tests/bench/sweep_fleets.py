"""The cards of the bench of the sweep, before they are multiplied: a tenth of each fleet is due on one day.

`alike`: for a third the silent period ends, for a third the test, for a third a term of one month. `lives`: 500 cards
of which no two have the same facts. `night`: the alike, some of the lives, and cards with a pack, a hold or protection.
All that has happened to them happened by the actions.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, islice

from django.utils import timezone

from cards.actions.action_requests import act
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.sweep import sweep
from cards.actions.usage import Reading, apply_readings
from cards.calendar import add_months, as_of
from cards.permissions import Actor
from cards.quantities import MB

DAY = date(2026, 8, 1)
THE_DAY_BEFORE = DAY - timedelta(1)
TAKEN_IN_ON = date(2026, 7, 10)
ACTED_ON = date(2026, 7, 20)
CARRIERS, PLANS = ("cmcc", "cucc", "ctcc", "cbn"), ("Y1-30", "M1-100", "Y1-1024")
SHUT_DOWN_FOR = timedelta(90)
EACH_IDLE = 9  # cards with nothing due, for each that is due
SHELL = Actor.shell()


@dataclass(frozen=True)
class Life:
    """The columns of its file, what people did to it then, and what it used on a day in July."""

    columns: dict
    then: tuple = ()  # of (action, parameters)
    used_mb: int = 0


IDLE = Life({"opened_on": date(2026, 7, 1), "plan": "Y1-30"})
ALIKE = (
    Life({"opened_on": date(2026, 1, 15), "plan": "Y1-30"}),
    Life({"opened_on": date(2026, 5, 1), "plan": "Y1-30", "test_months": 3, "test_quota_mb": 30}),
    Life({"opened_on": date(2025, 12, 15), "plan": "M1-100"}),
)


def silent(number):
    """Forced activation; every fifth card is a person's who was never checked."""
    certification = "enterprise" if number % 5 else "individual"
    return Life({**_sold(number), "opened_on": date(2026, 1, 1 + number % 31), "certification": certification})


def tested(number):
    months = 1 + number % 9
    columns = {"opened_on": add_months(DAY, -months), "test_months": months, "test_quota_mb": 5 + number // 9 % 26}
    return Life({**_sold(number), **columns})


def ending(number, until=DAY, **columns):
    """The term ends."""
    activated_on = date(2025, 8, 2) + timedelta(number % 200)
    in_service = {"state": "in_use", "activated_on": activated_on, "service_until": until}
    return Life({**_sold(number), "opened_on": activated_on - timedelta(40), **in_service, **columns})


def limited(number):
    return Life(ending(number).columns, (("set_limit", {"limit_mb": 50 + number}),))


def renewed(number):
    """The next term begins, of one plan or another."""
    return Life(ending(number).columns, (("renew", {"plan": PLANS[number % 3]}),) * (1 + number % 2))


def stopped(number):
    return Life(ending(number).columns, (("suspend", {}),))


def shut_down(number):
    """Cancelled."""
    return ending(number, until=DAY - SHUT_DOWN_FOR, state="shut_down")


def used_up(number):
    """A new cycle lifts the hold; each has used another amount."""
    return Life(ending(number, until=date(2027, 1, 1)).columns | {"plan": "Y1-30"}, used_mb=31 + number)


def topped_up(number):
    return Life(ending(number, until=date(2027, 1, 1)).columns, (("top_up", {"plan": "PACK-100"}),))


def protected(number):
    return Life(ending(number).columns, (("protect", {}),))


def _sold(number):
    return {"carrier": CARRIERS[number // 31 % 4], "plan": PLANS[number // 7 % 3]}


def _so_many(count, kind):
    return map(kind, range(count))


def lives():
    counts = {silent: 100, tested: 100, limited: 75, renewed: 75, ending: 50, shut_down: 50, stopped: 25, used_up: 25}
    return list(chain.from_iterable(_so_many(count, kind) for kind, count in counts.items()))


def a_night():
    odd = chain.from_iterable(_so_many(5, kind) for kind in (used_up, topped_up, protected, stopped))
    return [*ALIKE * 40, *islice(lives(), 0, None, 6), *odd]


FLEETS = {"alike": lambda: [*ALIKE * 33, ALIKE[0]], "lives": lives, "night": a_night}  # 100 make a thousand cards


def lay(name):
    """One card of each life, and those with nothing due, brought to the eve of the day; how many."""
    due = FLEETS[name]()
    fleet = [*due, *[IDLE] * EACH_IDLE * len(due)]
    with as_of(_noon(TAKEN_IN_ON)):
        taken = apply_cards([_row(key, life) for key, life in enumerate(fleet, 1)], actor=SHELL)
        assert taken.errors == [], taken.errors
    with as_of(_noon(ACTED_ON)):
        for key, life in enumerate(due, 1):
            _live(key, life)
    sweep(THE_DAY_BEFORE)
    return len(fleet)


def _row(key, life):
    texts = {"iccid": f"8986{key:016d}", "msisdn": f"1440{key:09d}", "carrier": "cmcc", "certification": "enterprise"}
    texts |= {"customer": f"Customer {key % 20}"} | {name: str(value) for name, value in life.columns.items()}
    return read_card_row(key, texts, DAY)


def _live(key, life):
    for action, params in life.then:
        (outcome,) = act(action, [key], actor=SHELL, reason="bench", **params)
        assert (outcome.refused, outcome.parked) == (None, ""), outcome
    if life.used_mb:
        apply_readings([Reading(key, ACTED_ON - timedelta(1), life.used_mb * MB, _noon(ACTED_ON), "")])


def _noon(day):
    return timezone.make_aware(datetime.combine(day, time(12)))
