"""Who does the work of jobs: a tick claims what is free, works for some seconds, and leaves the rest to the next.

`kinds` are the objects that do the work, by the kind of job; a room above this one brings its own.
"""

import logging
import os
import socket
import time
import uuid
from functools import partial

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cards.actions.jobs import engine
from cards.actions.jobs.kinds import KINDS
from cards.choices import JobStatus
from cards.errors import BadInput
from cards.faults import fault_of
from cards.log_context import logged_with
from cards.models import Job

logger = logging.getLogger(__name__)

TICKS_AT_ONCE = 2
# Seconds, while the database is away that should hear of a fault: a server that crashed is back in some.
WAITED_TO_BE_HEARD = (1, 2, 4, 8)


def tick(seconds, kinds=KINDS):
    """Work on whatever jobs have to do, for about `seconds` seconds. At most two ticks work at the same time."""
    if engine.chunks_at_work() >= TICKS_AT_ONCE:
        return
    worker, give_up_at = name_of_worker(), time.monotonic() + seconds
    while _finish_once(worker, kinds=kinds):
        pass
    while time.monotonic() < give_up_at and _work_once(worker, kinds=kinds):
        pass


def work_off(job, seconds=600, kinds=KINDS):
    """Take one job to its next stop in this process: for previews that come at once, commands and tests."""
    worker, give_up_at = name_of_worker(), time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        job = Job.objects.get(pk=job.pk)
        if not job.is_at_work or not (_work_once(worker, job, kinds) or _finish_once(worker, job, kinds)):
            break
    return Job.objects.get(pk=job.pk)


def name_of_worker():
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def _work_once(worker, only=None, kinds=KINDS):
    """Prepare a job, or do a chunk; False when there was nothing to do."""
    job = engine.claim_job(worker, only, list(kinds))
    if job:
        _guarded(job, job, lambda: _prepare(job, worker, kinds))
        return True
    chunk = engine.claim_chunk(worker, only, list(kinds))
    if chunk:
        _guarded(chunk.job, chunk, lambda: _work_on(chunk, worker, kinds))
        return True
    return False


def _guarded(job, leased, do):
    """What goes wrong ends this job with a sentence, and no other; what a fault stopped is tried again.

    `leased` is what this worker holds, the job or a chunk of it.
    """
    about = logged_with(job=job.pk, chunk=getattr(leased, "number", None), user=job.owner_id)
    with translation.override(job.language), about:
        try:
            engine.refuse_spent(leased)
            do()
        except engine.Lost:
            logger.info("Job %s went to another worker, or was stopped", job.pk)
            engine.give_back(leased)
        except engine.NoLongerRead:
            logger.warning("Job %s reads its file again: the database lost what was read", job.pk)
            engine.read_again(job)
            engine.give_back(leased)
        except BadInput as bad:
            engine.fail(job, bad)
            engine.give_back(leased)
        except Exception as error:
            _stopped_by(error, job, leased)


def _stopped_by(error, job, leased):
    """Try again what a fault has stopped, and end a job that met a mistake: what it was stands in the log."""
    fault = fault_of(error)
    if fault:
        logger.warning("Job %s: %s, at try %s", job.pk, fault.value, leased.tries, exc_info=error)
        _as_soon_as_heard(partial(engine.try_later, job, leased, fault))
    else:
        logger.error("Job %s met a mistake", job.pk, exc_info=error)
        sentence = _("Internal error. Quote job {number} when you report it; the log has the details.")
        engine.fail(job, sentence.format(number=job.pk))
        engine.give_back(leased)


def _as_soon_as_heard(say):
    """Say something to a database that may be away, over a connection of its own."""
    for wait in WAITED_TO_BE_HEARD:
        if not connection.in_atomic_block:
            connection.close()  # whatever has become of it
        try:
            return say()
        except Exception as error:
            if not fault_of(error):
                raise
            time.sleep(wait)
    say()


def _finish_once(worker, only=None, kinds=KINDS):
    """Take a job on whose worker died after its last chunk; False when there was none."""
    job = engine.claim_unfinished(worker, only, list(kinds))
    if job:
        _guarded(job, job, lambda: _go_on(job, kinds))
    return job is not None


def _prepare(job, worker, kinds):
    last = time.monotonic()

    def alive():
        nonlocal last
        if time.monotonic() - last > engine.RENEWED_EVERY.total_seconds():
            engine.extend_lease(job, worker)
            last = time.monotonic()

    following = kinds[job.kind].prepare(job, alive)
    engine.extend_lease(job, worker)
    finished = {"finished_at": timezone.now()} if following in (JobStatus.DONE, JobStatus.UNREAD) else {}
    kept = {name: getattr(job, name) for name in ("total", "params", "counts", "message", "file", "kept_until")}
    if engine.move(job, [JobStatus.PREPARING], following, **engine.ANEW, **kept, **finished):
        logger.info("Job %s is prepared: %s", job.pk, following, extra={"size": job.total, "counts": job.counts})


def _work_on(chunk, worker, kinds=KINDS):
    began = time.monotonic()
    if chunk.job.status == JobStatus.RUNNING:
        kinds[chunk.job.kind].begin(chunk.job, chunk)
    with transaction.atomic():
        chunk = engine.lock_chunk(chunk, worker)
        job, kind = chunk.job, kinds[chunk.job.kind]
        if job.status == JobStatus.CHECKING:
            with transaction.atomic():
                chunk.check_result = kind.check(job, chunk)
                transaction.set_rollback(True)  # whatever the check did to the database
            chunk.checked_at = timezone.now()
        elif job.status == JobStatus.PLACING:
            kind.place(job, chunk)
            chunk.checked_at = timezone.now()
        elif job.status == JobStatus.RUNNING:
            chunk.result, chunk.done_at = kind.apply(job, chunk), timezone.now()
        for name, value in engine.ANEW.items():
            setattr(chunk, name, value)
        chunk.save(update_fields=["check_result", "checked_at", "result", "done_at", *engine.ANEW])
    _tell_of_chunk(chunk, began)
    _go_on(job, kinds)


def _tell_of_chunk(chunk, began):
    looked_at = "placed" if chunk.job.is_being_placed else "checked"
    done, result = ("done", chunk.result) if chunk.done_at else (looked_at, chunk.check_result)
    told = {"size": chunk.size, "ms": round((time.monotonic() - began) * 1000), "counts": (result or {}).get("counts")}
    logger.info("Chunk %s of job %s is %s", chunk.number, chunk.job_id, done, extra=told)


def _go_on(job, kinds):
    """Take the job to its next status if this was the last of its chunks."""
    if job.status == JobStatus.CHECKING and not job.chunks.filter(checked_at=None).exists():
        engine.move(job, [JobStatus.CHECKING], JobStatus.READY, **kinds[job.kind].checked(job))
        return
    if job.status == JobStatus.PLACING and not job.chunks.filter(checked_at=None).exists():
        kinds[job.kind].placed(job)
        return
    if job.chunks.filter(done_at=None).exists():
        return
    with transaction.atomic():
        if engine.move(job, [JobStatus.RUNNING], JobStatus.DONE, finished_at=timezone.now()):
            kinds[job.kind].finish(job)
            found = engine.totals(job)
            logger.info("Job %s is done", job.pk, extra={"size": found.total, "counts": found.counts})
