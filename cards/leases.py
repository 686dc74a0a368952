"""Leases: a row is one worker's for a while. A worker that dies over it loses it, and another one goes on.

Each time that a row is claimed is a try, also when its worker never came back. What has failed at its last try is not
tried again: somebody has to look at it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet

_Leased = TypeVar("_Leased", bound=Model)


class Lost(Exception):
    """The row is no longer this worker's: its work was stopped, or its lease ran out and another one claimed it."""


@transaction.atomic
def acquire(rows: QuerySet[_Leased], **held: Any) -> _Leased | None:
    """The first of these rows, with `held` written into it and one try more; None if there is none.

    `rows` are those whose lease is free or has run out. Two workers never get the same one: a row that another is
    claiming at this moment is passed over.
    """
    row = rows.select_for_update(skip_locked=True, of=("self",)).first()
    if row:
        held["tries"] = row.tries + 1  # type: ignore[attr-defined]  # whatever is leased counts them
        for name, value in held.items():
            setattr(row, name, value)
        row.save(update_fields=held)
    return row


def extend(rows: QuerySet[Any], **held: Any) -> None:
    """Hold a row for longer; `rows` say which it is and whose, and `Lost` that there is no such row any more."""
    if not rows.update(**held):
        raise Lost


def wait_after(tries: int, waits: Sequence[timedelta]) -> timedelta | None:
    """How long to wait after `tries` failed tries; None after the last one."""
    return waits[tries - 1] if tries <= len(waits) else None
