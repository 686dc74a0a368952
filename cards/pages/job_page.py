"""What every job's page shows, whatever the job does: who, when, how far, and what can be done with it now."""

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from cards.actions.jobs import control, engine
from cards.choices import DONE_WHOLLY, JobKind, JobStatus
from cards.models import Job
from cards.pages import job_action, job_export, job_import, job_merge
from cards.pages.job_labels import job_badge, origin_of, owner_of, step_log, title_of, why_not

CHUNKS_FOR_SPEED = 10

# What a job's page shows below its progress: for each kind a function `context(job, request, frame)` in a module of its
# own, for the template _<kind>.html. `job.sums` are its totals, counted once.
CONTEXTS = {
    JobKind.ACTION: job_action.action_context,
    JobKind.UNDO: job_action.action_context,
    JobKind.IMPORT_CARDS: job_import.import_context,
    JobKind.IMPORT_USAGE: job_import.import_context,
    JobKind.EXPORT: job_export.export_context,
    JobKind.MERGE: job_merge.merge_context,
}

PROGRESS_COUNTS = {
    "created": (gettext_lazy("new"), "good"),
    "updated": (gettext_lazy("corrected"), "info"),
    "done": (gettext_lazy("done"), "good"),
    "refused": (gettext_lazy("refused"), "bad"),
    "parked": (gettext_lazy("parked"), "bad"),
}
DISCARD = ("stop", gettext_lazy("Discard"))
STOP = ("stop", pgettext_lazy("job", "Stop"))
STEPS_BY_STATUS = {
    JobStatus.PREPARING: (DISCARD,),
    JobStatus.ASKING: (DISCARD,),
    JobStatus.CHECKING: (DISCARD,),
    JobStatus.READY: (DISCARD,),
    JobStatus.RUNNING: (("pause", pgettext_lazy("job", "Pause")), STOP),
    JobStatus.PAUSED: (("resume", pgettext_lazy("job", "Resume")), STOP),
    JobStatus.FAILED: (("reopen", gettext_lazy("Try again")), DISCARD),
}
FOLLOWS = {"retry": control.retry, "undo": control.undo}


@dataclass(frozen=True)
class Progress:
    """How far a job is in its present step. `done` is None while nobody can tell, as when a file is being read.

    `waits` says what a part of it waits for, if a fault stopped it.
    """

    done: int | None
    total: int
    counts: list
    left: str
    waits: str

    @property
    def per_cent(self):
        return 100 * self.done // self.total if self.total else 100


@dataclass(frozen=True)
class Follower:
    """A job that came out of this one, or that this one came out of."""

    pk: int
    title: str
    badge: object


def job_context(job, request, frame, may):
    """The context of a job's page; `may` says whether the reader may start, pause and stop the job."""
    after = Job.objects.filter(of=job).select_related("of").order_by("pk")
    has_ended = job.started_at and job.finished_at
    context = {
        "job": job,
        "badge": job_badge(job),
        "owner": owner_of(job),
        "step_log": step_log(job),
        "progress": progress_of(job),
        "polls": job.is_at_work,
        "has_begun": job.started_at is not None,
        "took": (job.finished_at - job.started_at).total_seconds() if has_ended else None,
        "origin": origin_of(job.selection, frame) if job.selection else None,
        "is_owner": job.owner_id == request.user.pk,
        "steps": _steps(job),
        "may": may,
        "why_not": "" if may else why_not(request.user, job),
        "before": job.of and _follower(job.of),
        "after": [_follower(follower) for follower in after],
        "parts": _parts(job, frame),
    }
    of_kind = _emptied if job.is_emptied else CONTEXTS.get(job.kind, _plain)
    return context | of_kind(job, request, frame)


def _steps(job):
    """What can be done with the job as far as it is; what must not be left half done is never stopped."""
    steps = () if job.is_emptied else STEPS_BY_STATUS.get(job.status, ())
    return [step for step in steps if step not in (STOP, DISCARD)] if job.kind in DONE_WHOLLY else steps


def _parts(job, frame):
    if job.is_emptied:
        return ["cards/jobs/_emptied.html"]
    return [f"{place}/jobs/_{job.kind}.html" for place in ("cards", frame.name)] + ["cards/jobs/_plain.html"]


def progress_of(job):
    sums, waits = job.sums, _waits(job) if job.is_at_work else ""
    if job.is_being_read:
        return Progress(None, job.total, [], "", waits)
    if job.is_waiting or job.is_being_checked or job.is_being_placed:
        return Progress(sums.checked, sums.total, [], "", waits)
    counts = [(*PROGRESS_COUNTS[name], sums.counts[name]) for name in PROGRESS_COUNTS if sums.counts[name]]
    return Progress(sums.done, sums.total, counts, _left(job, sums) if job.is_running else "", waits)


def _waits(job):
    """What stopped a part of the job, and when it is tried again; empty while nothing waits."""
    leased = engine.stopped_part(job)
    if leased is None:
        return ""
    at = timezone.localtime(leased.leased_until).strftime("%H:%M:%S")
    return _("Part of it is waiting: {fault}. Next attempt at {at}.").format(fault=leased.get_fault_display(), at=at)


def _left(job, sums):
    """How long it will take, reckoned by the last chunks; empty as long as there are too few to tell."""
    last = job.chunks.filter(done_at__isnull=False).order_by("-done_at").values_list("done_at", "size")
    last = list(last[:CHUNKS_FOR_SPEED])
    seconds = (last[0][0] - last[-1][0]).total_seconds() if last else 0
    if not seconds:
        return ""
    speed = sum(size for _at, size in last[:-1]) / seconds
    minutes = round((sums.total - sums.done) / speed / 60)
    if minutes < 1:
        return _("{speed} per second, less than a minute left").format(speed=f"{speed:,.0f}")
    left = ngettext(
        "{speed} per second, about {minutes} minute left", "{speed} per second, about {minutes} minutes left", minutes
    )
    return left.format(speed=f"{speed:,.0f}", minutes=minutes)


def _follower(job):
    return Follower(job.pk, title_of(job), job_badge(job))


def _plain(job, request, frame):
    return {}


def _emptied(job, request, frame):
    return {"days_kept": settings.JOB_DAYS}
