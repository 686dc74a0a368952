"""The console's jobs: the list, the page of one, and what people do with it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.actions.jobs import control, engine
from cards.choices import OF_ORDERS
from cards.errors import BadInput
from cards.forms import form_key, say_at_field
from cards.models import Job, Selection
from cards.pages.addresses import queries_beside
from cards.pages.console_frame import console_page, staff_required
from cards.pages.downloads import csv_response
from cards.pages.job_action import KINDS, follows_of, form_of
from cards.pages.job_list import JobFilter, entries_of
from cards.pages.job_outcomes import failures
from cards.pages.job_page import FOLLOWS, progress_of
from cards.pages.job_page import page_of as page_of_job
from cards.pages.job_words import badge_of, title_of
from cards.paging import page_of

PAGE_SIZE = 30
SELECTIONS_SHOWN = 20
STEPS = {"pause": engine.pause, "resume": engine.resume, "stop": engine.stop}


@staff_required
@require_safe
def job_list(request):
    """The newest jobs that the parameters ask for, and the selections to which this person gave a name."""
    filtered = JobFilter(request.GET, Job.objects.visible_to(request.user), request=request)
    page = page_of(filtered.qs.select_related("owner", "of"), PAGE_SIZE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "entries": entries_of(page.rows),
        "page": page,
        **queries_beside(page, request.GET),
        "selections": Selection.objects.filter(owner=request.user).exclude(name="")[:SELECTIONS_SHOWN],
    }
    return console_page(request, "console/jobs/list.html", context, status=400 if complaints else None)


@staff_required
@require_safe
def job_page(request, pk):
    """The page of a job; the work of an order is looked at on the order's page."""
    job = _find(request, pk)
    if job.kind in OF_ORDERS:
        return redirect("money:order-of-job", pk=pk)
    return console_page(request, "console/jobs/job.html", page_of_job(job, request))


@staff_required
@require_safe
def job_progress(request, pk):
    """The part of a job's page that is asked for again and again; once the job goes another way, the whole page."""
    job = _counted(_find(request, pk))
    if job.status != request.GET.get("status"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"job": job, "badge": badge_of(job), "progress": progress_of(job), "polls": job.is_at_work}
    return render(request, "console/jobs/_progress.html", context)


@staff_required
@require_POST
def start(request, pk):
    """Let a checked job go. Sent twice, it goes once; what cannot be read is said at its field."""
    job = _permitted(request, pk)
    form = form_of(job, request.POST)
    if not job.is_waiting:
        return redirect("console:job", pk=pk)
    if form.is_valid():
        try:
            _go(job, request.user, form)
            return redirect("console:job", pk=pk)
        except BadInput as bad:
            say_at_field(form, bad)
    return console_page(request, "console/jobs/job.html", page_of_job(job, request) | {"form": form}, status=422)


@staff_required
@require_POST
def step(request, pk, step):
    """Hold a job, let it go on, or end it: what is done stays done."""
    if step not in STEPS:
        raise Http404
    if not STEPS[step](_permitted(request, pk)):
        messages.info(request, _("The job had gone on meanwhile: this is how it is now."))
    return redirect("console:job", pk=pk)


@staff_required
@require_POST
def follow(request, pk, step):
    """A new job out of this one: what failed once more, or what was done taken back."""
    job = _counted(_find(request, pk))
    follows = {offered.step: offered for offered in follows_of(job, request.user)}
    if step not in follows:
        raise Http404
    offered = follows[step]
    if not offered.is_permitted:
        raise PermissionDenied
    if offered.refused:
        messages.error(request, offered.refused)
        return redirect("console:job", pk=pk)
    following = FOLLOWS[step](job, user=request.user, key=form_key(request))
    return redirect("console:job", pk=following.pk)


@staff_required
@require_safe
def job_failures(request, pk):
    """The cards to which nothing was done as a file, with why and what helps, in the reader's language."""
    job = _find(request, pk)
    if job.kind not in KINDS:
        raise Http404
    headings = ["ICCID", "MSISDN", _("Reason"), _("What helps")]
    return csv_response(f"{title_of(job)}-{job.pk}", headings, failures(job, get_language()))


def _find(request, pk):
    jobs = Job.objects.visible_to(request.user).select_related("owner", "selection", "of")
    return get_object_or_404(jobs, pk=pk)


def _counted(job):
    job.sums = engine.totals(job)
    return job


def _permitted(request, pk):
    """The job, for somebody who may let it go, hold it and end it."""
    job = _find(request, pk)
    if not control.may(request.user, job):
        raise PermissionDenied
    return job


def _go(job, user, form):
    asked = form.cleaned_data
    control.start(job, user=user, params=form.asked(), reason=asked["reason"], count=asked.get("count"))
