"""What is kept no longer than it has to be: each kind of row says how long it is kept, and what of it goes then.

docs/operations.md has the table for people, which a test holds to these kinds.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cards.actions import kept_files, old_usage
from cards.actions.imports.usage_staging import discard_abandoned
from cards.actions.jobs import engine
from cards.calendar import civil_today
from cards.choices import JOB_OVER, OF_CARDS, RequestStatus, State
from cards.kept import first_day_told, last_day_over, last_instant_over
from cards.models import (
    CardRequest,
    Invitation,
    Job,
    JobChunk,
    QuarantinedReading,
    RealNameCheck,
    Selection,
    SelectionPart,
    StaffInvitation,
    Tries,
)

logger = logging.getLogger(__name__)

FORGOTTEN_AT_ONCE = 1_000
LARGE_ROWS_AT_ONCE = 20


@dataclass(frozen=True)
class Retention:
    """A kind of what is kept for as long as the `settings` say; none where the portal's own rules say it.

    `forget_some` forgets some of what is over: how much, and whether there may be more.
    """

    name: str
    settings: tuple[str, ...]
    forget_some: Callable[[], tuple[int, bool]]


def forget(kinds, seconds):
    """Forget what is over: some of each kind, and more of it while there is time; how much of each."""
    forgotten, left, give_up_at = Counter(), [], time.monotonic() + seconds
    for kind in kinds:
        is_more = True
        while is_more:
            count, is_more = kind.forget_some()
            forgotten[kind.name] += count
            if is_more and time.monotonic() >= give_up_at:
                left.append(kind.name)
                break
    if any(forgotten.values()):
        _say(forgotten, left)
    return forgotten


def _say(forgotten, left):
    counts = {name: count for name, count in forgotten.items() if count}
    said = ", ".join(f"{name} {count}" for name, count in counts.items())
    logger.info("Retention: %s; more to do: %s", said, ", ".join(left) or "nothing", extra={"counts": counts})


def rows_over(over, forget, at_once=FORGOTTEN_AT_ONCE):
    """What forgets rows: those of the queryset `over()`, some at a time, each lot in one transaction.

    Rows that somebody else is at are left to them.
    """

    def forget_some():
        if not over().exists():
            return 0, False
        with transaction.atomic():
            locked = over().select_for_update(skip_locked=True, of=("self",)).order_by("pk")
            keys = [row.pk for row in locked.only("pk")[:at_once]]
            forget(over().model.objects.filter(pk__in=keys))
        return len(keys), len(keys) == at_once

    return forget_some


def _checks_over():
    """Of cards that were cancelled so long ago that nobody may ask any more who answered for them."""
    over = RealNameCheck.objects.exclude(number_hash="").filter(card__state=State.CANCELLED)
    return over.filter(card__changed_on__lte=last_day_over("REAL_NAME_YEARS"))


def _requests_over():
    over = CardRequest.objects.filter(status=RequestStatus.CLOSED).exclude(text="", answer="")
    return over.filter(closed_at__lte=last_instant_over("REQUEST_YEARS"))


def _invitations_over(kind):
    last = last_instant_over("INVITATION_DAYS")
    return kind.objects.filter(Q(until__lte=last) | Q(revoked_at__lte=last) | Q(accepted_at__lte=last))


def _drafts_over():
    """Jobs that nobody has started; those of orders end with their order."""
    unused = Job.objects.filter(status__in=engine.NOT_STARTED, kind__in=OF_CARDS)
    return unused.filter(created_at__lte=last_instant_over("JOB_DAYS"))


def _jobs_over():
    """What orders and refunds came to is read from their jobs, so those stay whole."""
    over = Job.objects.filter(status__in=JOB_OVER, kind__in=OF_CARDS, came_to__isnull=True)
    return over.filter(finished_at__lte=last_instant_over("JOB_DAYS"))


def _selections_over():
    """Whoever has given one a name wants to find it again."""
    return Selection.objects.filter(name="", size__gt=0, created_at__lte=last_instant_over("JOB_DAYS"))


def _empty_selections(selections):
    SelectionPart.objects.filter(selection__in=selections).delete()
    selections.update(size=0)


def _quarantine_over():
    """Nobody can take a reading of a day of which readings do not count any more."""
    return QuarantinedReading.objects.filter(day__lt=first_day_told(civil_today()))


def _each(do):
    """What does something with each of the rows that are over."""

    def forget_each(rows):
        for row in rows:
            do(row)

    return forget_each


def _delete(rows):
    rows.delete()


CARD_KINDS = (  # first what makes room on a full disk, and last what may take longest
    Retention("files", ("UPLOAD_DAYS", "EXPORT_DAYS"), kept_files.delete_old_files),
    Retention("staged_files", ("UPLOAD_DAYS",), discard_abandoned),
    Retention(
        "id_checks",
        ("REAL_NAME_YEARS",),
        rows_over(_checks_over, lambda rows: rows.update(masked_name="", masked_number="", number_hash="", key_id="")),
    ),
    Retention("requests", ("REQUEST_YEARS",), rows_over(_requests_over, lambda rows: rows.update(text="", answer=""))),
    Retention("invitations", ("INVITATION_DAYS",), rows_over(partial(_invitations_over, Invitation), _delete)),
    Retention(
        "staff_invitations", ("INVITATION_DAYS",), rows_over(partial(_invitations_over, StaffInvitation), _delete)
    ),
    Retention(
        "sessions",
        ("SESSION_DAYS",),
        rows_over(lambda: Session.objects.filter(expire_date__lte=timezone.now()), _delete),
    ),
    Retention("tries", (), rows_over(lambda: Tries.objects.filter(until__lte=timezone.now()), _delete)),
    Retention(
        "unstarted_jobs",
        ("JOB_DAYS",),
        rows_over(_drafts_over, _each(lambda job: engine.stop(job, None)), LARGE_ROWS_AT_ONCE),
    ),
    Retention("jobs", ("JOB_DAYS",), rows_over(_jobs_over, _each(engine.empty_job), LARGE_ROWS_AT_ONCE)),
    Retention(
        "chunks",
        ("JOB_DAYS",),
        rows_over(lambda: JobChunk.objects.filter(job__came_to__isnull=False), _delete, LARGE_ROWS_AT_ONCE),
    ),
    Retention("selections", ("JOB_DAYS",), rows_over(_selections_over, _empty_selections, LARGE_ROWS_AT_ONCE)),
    Retention("quarantine", ("USAGE_MONTHS",), rows_over(_quarantine_over, _delete)),
    Retention("usage", ("USAGE_MONTHS",), old_usage.delete_old_days),
)
