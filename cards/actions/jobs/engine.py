"""What every job keeps, whatever it does: its way from status to status, its chunks, its leases.

A change of status is one conditional UPDATE, so that a click too many, two clicks at once and a worker at the same
moment all end well: the second caller changes nothing.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from cards import leases
from cards.choices import DONE_WHOLLY, JOB_OVER, OF_CARDS, OF_FILES, JobStatus, Step
from cards.errors import BadInput
from cards.faults import Fault
from cards.leases import Lost
from cards.models import Job, JobChunk, JobStep

logger = logging.getLogger(__name__)

JOB_LEASE = timedelta(seconds=90)
RENEWED_EVERY = timedelta(seconds=5)
# What nobody has tried yet.
ANEW: dict[str, Any] = {"worker": "", "leased_until": None, "tries": 0, "deaths": 0, "fault": ""}

NOT_STARTED = (JobStatus.PREPARING, JobStatus.ASKING, JobStatus.CHECKING, JobStatus.READY, JobStatus.PLACING)
# Statuses in which each chunk is looked at once; `checked_at` says that it was.
LOOKING = (JobStatus.CHECKING, JobStatus.PLACING)
OPEN = (*NOT_STARTED, JobStatus.RUNNING, JobStatus.PAUSED)


# What a chunk is asked for and what it answers, as JSON.
Document: TypeAlias = dict[str, Any]

_Leased = TypeVar("_Leased", Job, JobChunk)


class NoLongerRead(BadInput):
    """What was read of a file is gone. A job that kept its file reads it again by itself."""


class Kind:
    """What a kind of job does. One object serves all jobs of its kind.

    `check` and `apply` get a locked chunk inside a transaction (of a check nothing is kept) and return a JSON document
    with `counts`, a count by name. What a kind may have written between them (`begin_placing`), `place` writes.
    """

    def prepare(self, job: Job, alive: Callable[[], None]) -> str:
        """Work in one piece, outside of transactions: read or write the job's file. The status that follows.

        Called again from the beginning if a worker dies over it. `alive` is to be called every few seconds; it raises
        `Lost` when the job was stopped or another worker has it. `job.total` and `job.counts` are saved afterwards.
        """
        return JobStatus.CHECKING

    def check(self, job: Job, chunk: JobChunk) -> Document:
        raise NotImplementedError

    def place(self, job: Job, chunk: JobChunk) -> None:
        raise NotImplementedError

    def begin(self, job: Job, chunk: JobChunk) -> None:
        """Called before a chunk is applied, outside of its transaction: to note what its neighbours are to know, where
        none waits for the end of another.
        """

    def apply(self, job: Job, chunk: JobChunk) -> Document:
        raise NotImplementedError

    def checked(self, job: Job) -> Document:
        """Called once the last chunk is checked: columns of the job and what they are from then on."""
        return {}

    def placed(self, job: Job) -> None:
        """Called once the last chunk is placed, by each worker that comes to it: `ready_again` is True for one."""

    def finish(self, job: Job) -> None:
        """Called once the last chunk is done, in the transaction that says so."""


@dataclass
class Totals:
    """How far a job is: cards or rows in all, checked and done, and the sums of what its chunks counted."""

    total: int
    checked: int = 0
    done: int = 0
    check_counts: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)


def totals(job: Job) -> Totals:
    if job.came_to is not None:
        done = {name: Counter(job.came_to[name]) for name in ("check_counts", "counts")}
        return Totals(job.total, job.came_to["checked"], job.came_to["done"], **done)
    sums = job.chunks.aggregate(
        checked=Sum("size", filter=Q(checked_at__isnull=False)), done=Sum("size", filter=Q(done_at__isnull=False))
    )
    found = Totals(job.total, sums["checked"] or 0, sums["done"] or 0, Counter(job.counts))
    for check_counts, counts in job.chunks.values_list("check_result__counts", "result__counts"):
        found.check_counts.update(check_counts or {})
        found.counts.update(counts or {})
    return found


def add_chunk(job: Job, number: int, size: int, payload: Any) -> JobChunk:
    return JobChunk.objects.create(job=job, number=number, size=size, payload=payload)


def move(job: Job, sources: Collection[str], target: str, **values: Any) -> bool:
    """Take the job from one of these statuses to another; False if it is in none of them any more, or emptied."""
    movable = Job.objects.filter(pk=job.pk, status__in=sources, came_to__isnull=True)
    return bool(movable.update(status=target, **values))


def empty_job(job: Job) -> None:
    """Leave of a job that is over no more than its row: its totals for what its chunks said, and no parameters.

    Whoever deletes its chunks does so afterwards.
    """
    found = totals(job)
    sums = {"checked": found.checked, "done": found.done, "check_counts": found.check_counts, "counts": found.counts}
    over = Job.objects.filter(pk=job.pk, status__in=JOB_OVER, came_to__isnull=True)
    over.update(came_to=sums, params={}, counts={})


# What people do with a job. `user` is None for a rule; the second caller changes nothing, and leaves no step.


def launch(job: Job, user: User | None, **values: Any) -> bool:
    """From the preview to work, once."""
    return _step(job, Step.STARTED, user, [JobStatus.READY], JobStatus.RUNNING, started_at=timezone.now(), **values)


@transaction.atomic
def ask(job: Job, user: User, **values: Any) -> bool:
    """Let a checked job wait for somebody else to start it; asked twice, it was asked once."""
    waiting = Job.objects.select_for_update().filter(pk=job.pk, status=JobStatus.READY)
    if not waiting or job.steps.filter(step=Step.ASKED).exists():
        return False
    return _step(job, Step.ASKED, user, [JobStatus.READY], JobStatus.READY, **values)


def expire(job: Job) -> bool:
    """End a job that nobody else has started in time."""
    return _step(job, Step.EXPIRED, None, [JobStatus.READY], JobStatus.STOPPED, finished_at=timezone.now())


@transaction.atomic
def put_away(job: Job) -> bool:
    """End a preview that nobody has started, unless a colleague was asked to start it."""
    waiting = Job.objects.select_for_update().filter(pk=job.pk, status=JobStatus.READY)
    if not waiting or job.steps.filter(step=Step.ASKED).exists():
        return False
    return _step(job, Step.PUT_AWAY, None, [JobStatus.READY], JobStatus.PUT_AWAY, finished_at=timezone.now())


def read_anew(job: Job, params: dict[str, Any]) -> bool:
    """Read the job's file once more, as `params` say now, before anybody has started it."""
    return move(job, [JobStatus.ASKING, JobStatus.READY], JobStatus.PREPARING, params=params, counts={}, **ANEW)


def read_again(job: Job) -> bool:
    """Read the job's file once more, because what was read is gone: its work goes on afterwards where it stood."""
    return move(job, [JobStatus.CHECKING, JobStatus.RUNNING], JobStatus.PREPARING, **ANEW)


@transaction.atomic
def begin_placing(job: Job, user: User | None, params: dict[str, Any]) -> bool:
    """From the preview to writing down what was seen there, chunk by chunk; it is not work yet."""
    begins = _step(job, Step.PLACED, user, [JobStatus.READY], JobStatus.PLACING, params=params, **ANEW)
    if begins:
        job.chunks.update(checked_at=None, **ANEW)
    return begins


def ready_again(job: Job) -> bool:
    """Back to the preview once all of it is written; False for all but the first who says so."""
    return move(job, [JobStatus.PLACING], JobStatus.READY)


@transaction.atomic
def check_anew(job: Job, params: dict[str, Any]) -> bool:
    """Check what was checked once more; each chunk keeps what its check said until it has its new one."""
    checks = move(job, [JobStatus.READY], JobStatus.CHECKING, params=params)
    if checks:
        job.chunks.update(checked_at=None, **ANEW)
    return checks


def pause(job: Job, user: User | None) -> bool:
    return _step(job, Step.PAUSED, user, [JobStatus.RUNNING], JobStatus.PAUSED)


def resume(job: Job, user: User | None) -> bool:
    return _step(job, Step.RESUMED, user, [JobStatus.PAUSED], JobStatus.RUNNING)


@transaction.atomic
def reopen(job: Job, user: User | None) -> bool:
    """Work again on a job that failed, as if it had not been tried yet: what is done stays done."""
    went: dict[str, Any] = {"message": "", "finished_at": None, **ANEW}
    reopened = _step(job, Step.RESUMED, user, [JobStatus.FAILED], _phase_of(job), **went)
    if reopened:
        job.chunks.filter(done_at=None).update(**ANEW)
    return reopened


def _phase_of(job: Job) -> JobStatus:
    """Where a job that failed goes on: what nobody has started is read or checked again."""
    if job.started_at:
        return JobStatus.RUNNING
    return JobStatus.PREPARING if job.kind in OF_FILES else JobStatus.CHECKING


def stop(job: Job, user: User | None) -> bool:
    """End a job early: what is done stays done, the chunk at work is finished, the rest is left.

    Of one that failed already it says that somebody has looked at it. What must not be left half done goes on.
    """
    if job.kind in DONE_WHOLLY:
        return False
    how: dict[str, Any] = {"target": JobStatus.STOPPED, "finished_at": timezone.now()}
    discarded = not job.started_at and _step(job, Step.DISCARDED, user, NOT_STARTED, **how)
    looked_at = _step(job, Step.DISCARDED, user, [JobStatus.FAILED], JobStatus.STOPPED)
    return discarded or looked_at or _step(job, Step.STOPPED, user, OPEN, **how)


def fail(job: Job, message: object) -> bool:
    """The job cannot go on; `message` says why to those who look at it."""
    has_failed = move(job, OPEN, JobStatus.FAILED, message=str(message)[:500], finished_at=timezone.now())
    if has_failed:  # why stands on its page: it may name people
        logger.warning("Job %s (%s) has failed", job.pk, job.kind, extra={"job": job.pk})
    return has_failed


# leases


def claim_job(worker: str, only: Job | None = None, kinds: Collection[str] = OF_CARDS) -> Job | None:
    """A job of these kinds (or `only` this one) that waits to be prepared and that nobody works on, leased, or None."""
    free = Job.objects.filter(_free(), status=JobStatus.PREPARING, kind__in=kinds).order_by("pk")
    return _claim(free.filter(pk=only.pk) if only else free, worker)


def claim_chunk(worker: str, only: Job | None = None, kinds: Collection[str] = OF_CARDS) -> JobChunk | None:
    """A chunk of such a job (of `only` this one) that waits for its check or its work, leased, or None."""
    waits = Q(job__status__in=LOOKING, checked_at=None) | Q(job__status=JobStatus.RUNNING)
    waiting = JobChunk.objects.filter(waits, _free(), done_at=None, job__kind__in=kinds)
    free = waiting.order_by("number", "job_id")  # in turn
    return _claim(free.filter(job=only) if only else free, worker)


def claim_unfinished(worker: str, only: Job | None = None, kinds: Collection[str] = OF_CARDS) -> Job | None:
    """A job of these kinds (`only` this one) whose last chunk is done, and whose worker never said so, or None."""
    chunks = JobChunk.objects.filter(job=OuterRef("pk"))
    unchecked, undone = Exists(chunks.filter(checked_at=None)), Exists(chunks.filter(done_at=None))
    over = Q(~unchecked, status__in=LOOKING) | Q(~undone, status=JobStatus.RUNNING)
    free = Job.objects.filter(_free(), over, kind__in=kinds).order_by("pk")
    return _claim(free.filter(pk=only.pk) if only else free, worker)


def extend_lease(job: Job, worker: str) -> None:
    """Keep the lease of a job that is being prepared; `Lost` if it is not this worker's any more."""
    mine = Job.objects.filter(pk=job.pk, worker=worker, status=JobStatus.PREPARING)
    leases.extend(mine, leased_until=timezone.now() + JOB_LEASE)


def try_later(job: Job, leased: Job | JobChunk, fault: Fault) -> None:
    """A fault stopped it: it is tried again after a while, but for the last try, which ends the job."""
    wait = leases.wait_after(leased.tries)
    if wait is None:
        fail(job, _spent(leased.tries, fault))
    give_back(leased, leased_until=wait and timezone.now() + wait, fault=fault)


def give_back(leased: Job | JobChunk, **left: Any) -> None:
    """End the lease now, unless another worker has it by now; `left` is what is kept of it."""
    type(leased).objects.filter(pk=leased.pk, worker=leased.worker).update(worker="", **{"leased_until": None} | left)


def refuse_spent(leased: Job | JobChunk) -> None:
    """Raise `BadInput` for what was tried as often as may be, or ended one worker after the other."""
    if leased.deaths >= leases.MOST_DEATHS:
        raise BadInput("", _spent(leased.deaths, Fault.DIED))
    if leases.wait_after(leased.tries - 1) is None:
        raise BadInput("", _spent(leased.tries - 1, Fault(leased.fault or Fault.DIED)))


def _spent(tries: int, fault: Fault) -> str:
    return _("Given up after {count} attempts: {fault}.").format(count=tries, fault=fault.label)


def stopped_part(job: Job) -> Job | JobChunk | None:
    """The job itself or its chunk that a fault stopped and that is tried again first; None if nothing waits."""
    waits = Q(worker="", leased_until__gt=timezone.now()) & ~Q(fault="")
    waiting: Job | None = Job.objects.filter(waits, pk=job.pk).first()
    return waiting or job.chunks.filter(waits, done_at=None).order_by("leased_until").first()


def chunks_at_work() -> int:
    return JobChunk.objects.filter(~_free(), done_at=None).exclude(worker="").count()


def lock_chunk(chunk: JobChunk, worker: str) -> JobChunk:
    """The chunk, locked for the transaction of its effect; `Lost` if its lease went to another worker meanwhile."""
    locked = JobChunk.objects.select_for_update(of=("self",)).select_related("job__owner")
    mine = locked.filter(pk=chunk.pk, worker=worker, done_at=None).first()
    if mine is None:
        raise Lost
    return mine


@transaction.atomic
def _step(job: Job, step: str, user: User | None, sources: Collection[str], target: str, **values: Any) -> bool:
    """Change the status, and keep who did it, in one transaction."""
    moved = move(job, sources, target, **values)
    if moved:
        JobStep.objects.create(job=job, step=step, by=user)
        logger.info("Job %s (%s): %s", job.pk, job.kind, step, extra={"job": job.pk, "user": user and user.pk})
    return moved


def _free() -> Q:
    """Held by nobody; what has no worker may wait for its next try, which is longer than a lease."""
    now = timezone.now()
    has_waited = leases.over("leased_until", max(leases.WAITS), now)
    return Q(leased_until=None) | has_waited | ~Q(worker="") & leases.over("leased_until", JOB_LEASE, now)


def _claim(rows: QuerySet[_Leased], worker: str) -> _Leased | None:
    return leases.acquire(rows, worker=worker, leased_until=timezone.now() + JOB_LEASE)
