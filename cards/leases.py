"""Leases: a row is one worker's for a while. A worker that dies over it loses it, and another one goes on.

Each time that a row is claimed is a try, also when its worker never came back. What has failed at its last try is not
tried again: somebody has to look at it.
"""

from datetime import datetime, timedelta
from itertools import repeat
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from cards.models.leased import Leased

# After each try that a fault stopped but the last: soon at first, then every half hour for a day.
SOON = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
WAITS = (*SOON, *repeat(timedelta(minutes=30), 48))
MOST_DEATHS = 5  # of the workers that worked on one row, one after the other
CLOCKS_DIFFER = timedelta(seconds=10)  # of the machines on which workers run

_Leased = TypeVar("_Leased", bound=Model)


class Lost(Exception):
    """The row is no longer this worker's: its work was stopped, or its lease ran out and another one claimed it."""


def over(until: str, longest: timedelta, now: datetime) -> Q:
    """Rows whose time in this column is over, also where it ends later than it could: the clock was set back since."""
    return Q(**{f"{until}__lte": now}) | Q(**{f"{until}__gt": now + longest + CLOCKS_DIFFER})


@transaction.atomic
def acquire(rows: QuerySet[_Leased], **held: Any) -> _Leased | None:
    """The first of these rows, with `held` written into it and one try more; None if there is none.

    `rows` are those whose lease is free or has run out. Two workers never get the same one: a row that another is
    claiming at this moment is passed over.
    """
    row = rows.select_for_update(skip_locked=True, of=("self",)).first()
    if row:
        held["tries"] = row.tries + 1  # type: ignore[attr-defined]  # whatever is leased counts them
        if isinstance(row, Leased):
            held["deaths"] = row.deaths + 1 if row.worker else 0
        for name, value in held.items():
            setattr(row, name, value)
        row.save(update_fields=held)
    return row


def extend(rows: QuerySet[Any], **held: Any) -> None:
    """Hold a row for longer; `rows` say which it is and whose, and `Lost` that there is no such row any more."""
    if not rows.update(**held):
        raise Lost


def wait_after(tries: int) -> timedelta | None:
    """How long to wait after `tries` failed tries; None after the last one."""
    return WAITS[tries - 1] if tries <= len(WAITS) else None
