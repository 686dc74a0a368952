"""A thousand cards that have lived: taken in, told of their use, stopped and resumed, swept. All of it by the actions.

`fleet_copies` makes a million of them, `MODELS` at a time, so that a card's key says what it is like.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import chain, islice

from django.utils import timezone

from cards.actions.action_requests import act
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.sweep import sweep
from cards.actions.usage import Reading, apply_readings
from cards.calendar import as_of, civil_today
from cards.permissions import Actor
from cards.quantities import MB

TAKEN_IN = 5  # days ago; the three days from then on are told, and all up to the day before yesterday are swept
DAYS_TOLD = 3
CUSTOMERS, LOTS = 400, 8
CARRIERS = ("cmcc",) * 5 + ("cucc",) * 3 + ("ctcc", "cbn")
SHELL = Actor.shell()


@dataclass(frozen=True)
class Kind:
    """So many of a thousand cards; days are counted from today on. `mb` is their use on each day that is told before
    the files, `file_mb` in the files; None: they do not use."""

    cards: int
    columns: dict = field(default_factory=dict)
    mb: float | None = None
    file_mb: float | None = None
    then: tuple = ()


def in_use(until):
    return {"state": "in_use", "activated_on": -300, "service_until": until}


SHUT_DOWN_FOR = 90  # days, until a card is cancelled
KINDS = (
    *(Kind(20, in_use(night), 0.5, 0.5) for night in (-1, 0)),  # ends in a night
    *(Kind(10, {"state": "shut_down", "service_until": night - SHUT_DOWN_FOR}) for night in (-1, 0)),
    *(Kind(10, in_use(200 + month), used, 0.5) for month, used in enumerate((9.9, 9.75))),  # used up by a file
    *(Kind(10, {}, None, 0.5) for _file in range(2)),  # used for the first time
    *(Kind(50, in_use(20 + 33 * month), 0.5, 0.5) for month in range(10)),
    Kind(50, in_use(100), 8.5, 0.1),  # low
    Kind(50, {"state": "testing", "test_months": 9, "test_quota_mb": 30}, 0.1, 0.1),
    Kind(110),
    Kind(50, in_use(150), then=("suspend",)),
    Kind(50, in_use(250), 0.5, 0.5, then=("suspend", "resume")),
    Kind(50, {"state": "shut_down", "service_until": -40}),
    Kind(40, {"state": "cancelled"}),
)
KIND_OF = tuple(kind for kind in KINDS for _card in range(kind.cards))
MODELS = len(KIND_OF)


def iccid(key):
    """Of the card with this key."""
    return f"8986{key:016d}"


def prepare():
    today = civil_today()
    with as_of(noon(today - timedelta(TAKEN_IN))):
        take_in(today)
        follow()
    for days_ago in range(TAKEN_IN, TAKEN_IN - DAYS_TOLD, -1):
        with as_of(noon(today - timedelta(days_ago - 1))):
            tell(today - timedelta(days_ago))
    sweep(today - timedelta(2))


def take_in(today):
    taken = apply_cards([row(key, kind, today) for key, kind in enumerate(KIND_OF, 1)], actor=SHELL)
    assert taken.errors == [], taken.errors


def row(key, kind, today):
    columns = {"iccid": iccid(key), "msisdn": f"1440{key:09d}", "carrier": CARRIERS[key % len(CARRIERS)]}
    opened_on = -100 if kind.columns.get("state", "testing") == "testing" else -400
    columns |= {"certification": "enterprise", "plan": "Y1-30", "opened_on": opened_on, "customer": customer(key)}
    columns |= kind.columns
    days = {name: today + timedelta(columns[name]) for name in columns if name.endswith(("_on", "_until"))}
    return read_card_row(key, {name: str(text) for name, text in (columns | days).items()}, today)


def customer(key):
    """A tenth of the cards is in stock, a tenth one customer's; all others have about as many."""
    number = {7: None, 3: 0}.get(key % 10, key % CUSTOMERS)
    return "" if number is None else f"Customer {number:03d} Ltd"


def follow():
    for action in ("suspend", "resume"):
        done(action, [key for key, kind in enumerate(KIND_OF, 1) if action in kind.then])
    for lot in range(LOTS):
        done("tag", [key for key, kind in enumerate(KIND_OF, 1) if kind.mb and key % 40 == lot], tag=f"lot-{lot}")


def done(action, keys, **params):
    outcomes = act(action, keys, actor=SHELL, reason="because", **params)
    assert not [outcome for outcome in outcomes if outcome.refused or outcome.parked], outcomes


def tell(day):
    read_at = noon(day + timedelta(1))
    told = [
        Reading(key, day, int(kind.mb * MB), read_at, imei(key))
        for key, kind in enumerate(KIND_OF, 1)
        if kind.mb is not None
    ]
    apply_readings(told)


def write_file(path, day, cards, rows):
    """A file of the use of a day, as a carrier sends it: of each card that uses, and then corrections of the day before
    until it has so many rows."""
    with open(path, "w") as file:
        print("iccid,day,bytes,read_at,imei", file=file)
        file.writelines(islice(chain(_rows(day, cards), _rows(day - timedelta(1), cards, corrected=True)), rows))


def _rows(day, cards, corrected=False):
    told_at = f"{day + timedelta(1 + corrected)}T02:00"
    for key in range(1, cards + 1):
        kind = KIND_OF[(key - 1) % MODELS]
        mb = kind.mb if corrected else kind.file_mb
        if mb is not None:
            yield f"{iccid(key)},{day},{int(mb * MB) + 1024 * corrected},{told_at},{imei(key)}\n"


def imei(key):
    return f"8674{key:011d}"


def noon(day):
    return timezone.make_aware(datetime.combine(day, time(12)))
