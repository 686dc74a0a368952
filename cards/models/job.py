import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.calendar import midnight, this_moment
from cards.choices import JOB_AT_WORK, JOB_OVER, Action, JobKind, JobStatus, Step
from cards.models.fields import CharField, FactsField
from cards.models.leased import Leased
from cards.scope import Scope, Visitor

FOLDER_OF_JOBS = "jobs/"  # within MEDIA_ROOT; what writes there and deletes is cards/actions/kept_files.py

FAILED_DAYS = 7
FAILED = models.Q(status=JobStatus.FAILED)


class Selection(models.Model):
    """Cards that somebody chose: what was asked for, and which cards that were at that moment.

    The ids lie in parts of a few thousand, in the order of the keys. `key` comes with the form, so that the same
    form sent twice is one selection.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("job", "owner")
    )
    name = CharField(_("name"), max_length=80, blank=True)
    asked = FactsField(_("criteria"), default=dict)
    size = models.PositiveIntegerField(pgettext_lazy("count", "cards"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("selection")
        verbose_name_plural = _("selections")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name or str(self.pk)


class SelectionPart(models.Model):
    """Some thousand cards of a selection, by their keys."""

    selection = models.ForeignKey(Selection, models.CASCADE, related_name="parts", verbose_name=_("selection"))
    number = models.PositiveIntegerField(pgettext_lazy("sequence", "number"))
    card_ids = models.JSONField(pgettext_lazy("count", "cards"))

    class Meta:
        verbose_name = _("selection part")
        verbose_name_plural = _("selection parts")
        ordering = ["selection", "number"]
        constraints = [models.UniqueConstraint(fields=["selection", "number"], name="selection_parts_are_numbered")]

    def __str__(self) -> str:
        return f"{self.selection_id}/{self.number}"


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: Visitor) -> Self:
        """Staff see everybody's jobs, others their own, and whoever is shut out none."""
        scope = Scope.of(user)
        if scope.sees_all:
            return self
        return self.filter(owner=user) if scope.is_active else self.none()

    def at_work(self) -> Self:
        """Jobs that wait for a worker or have one."""
        return self.filter(status__in=JOB_AT_WORK)

    def waiting_for_people(self) -> Self:
        """Jobs with which somebody has to go on: what their columns are, or that they may start."""
        return self.filter(status__in=(JobStatus.ASKING, JobStatus.READY))

    def failed_lately(self) -> Self:
        """Jobs that failed in the last days, and that nobody has tried again, followed up or discarded."""
        since = midnight(timezone.localdate() - timedelta(days=FAILED_DAYS))
        return self.filter(FAILED, created_at__gte=since, followed_by=None)

    def waiting_for_work(self) -> tuple[int, datetime | None]:
        """How many there are of these, and the last sign of life of any; a lease ends in the future."""
        signs = {
            "created": models.Max("created_at"),
            "started": models.Max("started_at"),
            "checked": models.Max("chunks__checked_at"),
            "done": models.Max("chunks__done_at"),
            "read_until": models.Max("leased_until", filter=~models.Q(worker="")),
            "worked_until": models.Max("chunks__leased_until", filter=~models.Q(chunks__worker="")),
        }
        found = self.at_work().aggregate(**signs, jobs=models.Count("pk", distinct=True))
        return found["jobs"], max((found[sign] for sign in signs if found[sign]), default=None)


class Job(Leased):
    """Work on many cards, or on a file, that goes on when nobody looks. It lives in its chunks (`JobChunk`).

    `key` comes with the form, so that the same form sent twice is one job. `counts` is what the check found, for
    jobs whose check is one piece. `leased_until` says until when a worker reads or writes the job's file. A job
    without an owner was asked for by a rule. `came_to` has its totals once its chunks are deleted, long after its end:
    the row stays, since records refer to it.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    kind = CharField(_("kind"), max_length=16, choices=JobKind)
    action = CharField(_("action"), max_length=20, choices=Action, blank=True)
    params = FactsField(_("parameters"), default=dict)
    reason = CharField(_("reason"), max_length=500, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name=pgettext_lazy("job", "owner"),
    )
    language = CharField(_("language"), max_length=8, default=settings.LANGUAGE_CODE)
    status = CharField(_("status"), max_length=9, choices=JobStatus, default=JobStatus.PREPARING)
    message = CharField(_("failure reason"), max_length=500, blank=True)
    selection = models.ForeignKey(
        Selection, models.PROTECT, null=True, blank=True, related_name="jobs", verbose_name=_("selection")
    )
    of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by", verbose_name=_("previous job")
    )
    total = models.PositiveIntegerField(_("cards or rows"), default=0)
    counts = FactsField(_("check results"), default=dict)
    file = models.FileField(_("file"), upload_to=FOLDER_OF_JOBS, blank=True)
    file_name = CharField(_("file name"), max_length=200, blank=True)
    kept_until = models.DateTimeField(_("file kept until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    came_to = models.JSONField(_("totals of deleted details"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "id"], name="job_status")]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_waiting(self) -> bool:
        """Whether the preview is there and somebody has to start it."""
        return self.status == JobStatus.READY

    @property
    def is_at_work(self) -> bool:
        return self.status in JOB_AT_WORK

    @property
    def is_asking(self) -> bool:
        """Whether somebody has to say what the columns of its file are."""
        return self.status == JobStatus.ASKING

    @property
    def is_being_read(self) -> bool:
        return self.status == JobStatus.PREPARING

    @property
    def is_being_checked(self) -> bool:
        return self.status == JobStatus.CHECKING

    @property
    def is_being_placed(self) -> bool:
        return self.status == JobStatus.PLACING

    @property
    def is_running(self) -> bool:
        return self.status == JobStatus.RUNNING

    @property
    def has_begun_its_work(self) -> bool:
        """Whether the work itself has begun and is not over."""
        return self.status in (JobStatus.RUNNING, JobStatus.PAUSED)

    @property
    def is_put_away(self) -> bool:
        """Whether it was a preview that nobody started in time."""
        return self.status == JobStatus.PUT_AWAY

    @property
    def could_not_be_read(self) -> bool:
        """Whether its file is none that can be brought in: that is no failure of the portal's."""
        return self.status == JobStatus.UNREAD

    @property
    def has_failed(self) -> bool:
        return self.status == JobStatus.FAILED

    @property
    def is_over(self) -> bool:
        return self.status in JOB_OVER

    @property
    def is_emptied(self) -> bool:
        """Whether no more is kept of it than its row."""
        return self.came_to is not None


class JobStep(models.Model):
    """Somebody started, paused, resumed, stopped or discarded a job, each time that it happened.

    Written in the transaction that changed the job's status. Without `by` it was a rule. Jobs started before steps
    were kept have none.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="steps", verbose_name=_("job"))
    step = CharField(_("action taken"), max_length=9, choices=Step)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), default=this_moment, editable=False)

    class Meta:
        verbose_name = _("job step")
        verbose_name_plural = _("job steps")
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.job_id} {self.step}"


class JobChunk(Leased):
    """Some thousand cards or rows of a job: what is to be done, what the check said, and what became of it.

    `result` and `done_at` are written in the transaction of the effect, so that a chunk is done wholly and once.
    A worker leases the chunk first; when it dies, the lease runs out and another one carries on.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="chunks", db_index=False, verbose_name=_("job"))
    number = models.PositiveIntegerField(pgettext_lazy("sequence", "number"))
    size = models.PositiveIntegerField(_("cards or rows"))
    payload = models.JSONField(_("work"))
    check_result = models.JSONField(_("check outcome"), null=True, blank=True)
    result = models.JSONField(_("outcome"), null=True, blank=True)
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    done_at = models.DateTimeField(_("completed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("job chunk")
        verbose_name_plural = _("job chunks")
        ordering = ["job", "number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="job_chunks_are_numbered")]
        indexes = [
            models.Index(fields=["job", "number"], name="jobchunk_open", condition=models.Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"
