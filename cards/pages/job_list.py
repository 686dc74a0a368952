"""The list of jobs: what was asked for, by whom, how far it is, and what failed."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

import django_filters
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.actions.jobs.control import jobs_waiting_for
from cards.choices import OF_ORDERS, JobKind, JobStatus, Step
from cards.filters import StrictFilterSet
from cards.models import Job, JobChunk, JobStep
from cards.models.job import FAILED
from cards.pages.downloads import instant_cell
from cards.pages.job_labels import job_badge, name_of, owner_of, title_of

FAILURES = ("refused", "parked", "collisions")
WITH_FAILURES, HAD_FAILURES = (
    reduce(or_, (Q(**{f"{column}__counts__{name}__gt": 0}) for name in FAILURES)) for column in ("result", "came_to")
)
HAS_FAILURES = Q(Exists(JobChunk.objects.filter(WITH_FAILURES, job=OuterRef("pk")))) | HAD_FAILURES


@dataclass(frozen=True)
class JobLine:
    """One line of the list. `starter` is empty unless somebody else than the owner started the job; `done` is None
    for a job that is not under way."""

    job: Job
    title: str
    badge: object
    owner: str
    starter: str
    done: int | None
    has_failures: bool


class JobFilter(StrictFilterSet):
    """What the list can be asked for. The work of orders is looked at with the order, and listed only if asked for."""

    status = django_filters.ChoiceFilter(choices=JobStatus.choices, label=_("Status"), empty_label=_("Any status"))
    kind = django_filters.ChoiceFilter(choices=JobKind.choices, label=_("Kind"), empty_label=_("Any kind"))
    mine = django_filters.ChoiceFilter(
        choices=[("1", _("My jobs"))], method="owned", label=pgettext_lazy("job", "Owner"), empty_label=_("All jobs")
    )
    waits = django_filters.ChoiceFilter(
        choices=[
            ("any", _("Waiting for you")),
            ("go_on", _("Jobs for you to go on with")),
            ("failed", _("Jobs failed in the last 7 days")),
        ],
        method="waiting_for_me",
        label=_("Waiting for you"),
        empty_label=_("Waiting for you or not"),
    )
    failed = django_filters.ChoiceFilter(
        choices=[("1", _("Failed or with failures"))],
        method="with_failures",
        label=_("Outcome"),
        empty_label=_("Any outcome"),
    )

    def filter_queryset(self, jobs):
        found = super().filter_queryset(jobs)
        return found if self.form.cleaned_data.get("kind") else found.exclude(kind__in=OF_ORDERS)

    def owned(self, jobs, name, value):
        return jobs.filter(owner=self.request.user)

    def waiting_for_me(self, jobs, name, value):
        waiting = jobs_waiting_for(self.request.user)
        asked = waiting.values() if value == "any" else [waiting[value]]
        return jobs.filter(reduce(or_, (Q(pk__in=each.values("pk")) for each in asked)))

    def with_failures(self, jobs, name, value):
        return jobs.filter(FAILED | HAS_FAILURES)


JOB_COLUMNS = (
    (_("Job"), lambda line: line.job.pk),
    (_("Kind"), lambda line: line.title),
    (_("Status"), lambda line: line.job.get_status_display()),
    (_("Cards or rows"), lambda line: line.job.total),
    (_("Requested by"), lambda line: line.owner),
    (_("Started by"), lambda line: line.starter),
    (_("Requested at"), lambda line: instant_cell(line.job.created_at)),
    (_("Ended at"), lambda line: instant_cell(line.job.finished_at)),
    (_("Reason"), lambda line: line.job.reason),
    (_("File"), lambda line: line.job.file_name),
    (_("Failure reason"), lambda line: line.job.message),
)


def job_lines(jobs):
    """The lines of these jobs: three queries, however many there are."""
    at_work = [job.pk for job in jobs if job.has_begun_its_work]
    sizes = JobChunk.objects.filter(job__in=at_work, done_at__isnull=False).order_by().values_list("job")
    done = dict(sizes.annotate(Sum("size")))
    over = [job.pk for job in jobs if job.is_over]
    failing = set(Job.objects.filter(HAS_FAILURES, pk__in=over).values_list("pk", flat=True))
    started = JobStep.objects.filter(job__in=[job.pk for job in jobs], step=Step.STARTED).select_related("by")
    by_others = started.exclude(by=None).exclude(by=F("job__owner"))
    starters = {step.job_id: name_of(step.by) for step in by_others}
    return [
        JobLine(
            job,
            title_of(job),
            job_badge(job),
            owner_of(job),
            starters.get(job.pk, ""),
            done.get(job.pk, 0) if job.pk in at_work else None,
            job.pk in failing,
        )
        for job in jobs
    ]
