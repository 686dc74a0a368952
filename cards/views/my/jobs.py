"""A customer's own jobs: what is being done to many of their cards, what came of it, and what can be done next."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.actions.jobs import control, engine
from cards.choices import Action, JobKind
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.models import Card, Job
from cards.pages import job_action, job_export
from cards.pages.downloads import csv_response
from cards.pages.job_action import follows_of, form_of
from cards.pages.job_list import entries_of
from cards.pages.job_outcomes import failures
from cards.pages.job_page import FOLLOWS, progress_of
from cards.pages.job_words import badge_of
from cards.pages.my_frame import acting_required, member_required, my_page
from cards.pages.selection import key_of
from cards.paging import key_in, page_of
from cards.views.my.selections import FOR_MANY

PAGE_SIZE = 30
JOB = "my:job"
OF_ACTIONS = (JobKind.ACTION, JobKind.UNDO)


@member_required
@require_safe
def job_list(request):
    """One's own jobs, the newest first."""
    after = key_in(request.GET.get("after", ""))
    page = page_of(_own(request), PAGE_SIZE, after)
    entries = [(entry, title_of(entry.job)) for entry in entries_of(page.rows)]
    return my_page(request, "my/jobs.html", {"entries": entries, "after": page.after, "is_first": after is None})


@member_required
@require_safe
def job_page(request, pk):
    return _page(request, _find(request, pk))


@member_required
@require_safe
def job_progress(request, pk):
    """The part of the page that is asked for again and again; once the job goes another way, the whole page."""
    job = _find(request, pk)
    if job.status != request.GET.get("status"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "my/_progress.html", _progress(job))


@acting_required
@require_POST
def start(request, pk):
    """Let a checked job go. Sent twice, it goes once; what cannot be read is said at its field."""
    job = _find(request, pk)
    form = form_of(job, request.POST)
    if not job.is_waiting:
        return redirect(JOB, pk=pk)
    if form.is_valid():
        try:
            control.start(job, user=request.user, params=form.asked(), reason=form.cleaned_data["reason"])
            return redirect(JOB, pk=pk)
        except BadInput as bad:
            say_at_field(form, bad)
    return _page(request, job, form, 422)


@acting_required
@require_POST
def stop(request, pk):
    """End a job early, or discard its draft: what is done stays done."""
    engine.stop(_find(request, pk))
    return redirect(JOB, pk=pk)


@acting_required
@require_POST
def follow(request, pk, step):
    """A new job out of this one: what failed once more, or what was done taken back."""
    job = _find(request, pk)
    follows = {offered.step: offered for offered in follows_of(job, request.user) if not offered.refused}
    if step not in follows:
        raise Http404
    if not follows[step].is_permitted:
        raise PermissionDenied
    return redirect(JOB, pk=FOLLOWS[step](job, user=request.user, key=key_of(request, step)).pk)


@member_required
@require_safe
def job_failures(request, pk):
    """The cards to which nothing was done as a file, with why and what helps, in the reader's language."""
    job = _find(request, pk)
    if job.kind not in OF_ACTIONS:
        raise Http404
    headings = ["ICCID", "MSISDN", _("Reason"), _("What helps")]
    return csv_response(f"{title_of(job)}-{job.pk}", headings, failures(job, get_language()))


def title_of(job):
    """What the job does, as the customer's button was called."""
    if job.kind == JobKind.EXPORT:
        return _("Export")
    if job.kind == JobKind.UNDO:
        return _("Undo: {action}").format(action=_called(job.of.action))
    return _called(job.action)


def _called(action):
    return str(FOR_MANY.get(action, Action(action).label))


def _own(request):
    return Job.objects.visible_to(request.user).filter(kind__in=(*OF_ACTIONS, JobKind.EXPORT)).select_related("of")


def _find(request, pk):
    job = get_object_or_404(_own(request), pk=pk)
    job.sums = engine.totals(job)
    return job


def _page(request, job, form=None, status=None):
    is_export = job.kind == JobKind.EXPORT
    context = job_export.context(job, request) if is_export else _of_action(job, request)
    context |= {"title": title_of(job), "is_export": is_export, "has_begun": job.started_at is not None}
    return my_page(request, "my/job.html", context | _progress(job) | ({"form": form} if form else {}), status)


def _of_action(job, request):
    """Preview or outcomes, as in the console. What a card is now is told only of those that are one's own still."""
    context = job_action.context(job, request, JOB)
    outcomes = context.get("outcomes", [])
    among = [outcome.card.pk for outcome in outcomes]
    own = set(Card.objects.visible_to(request.user).filter(pk__among=among).values_list("pk", flat=True))
    return context | {
        "outcomes": [(outcome, outcome.card.pk in own) for outcome in outcomes],
        "start_label": f"{title_of(job)} ({context['can']:,})",
    }


def _progress(job):
    return {"job": job, "badge": badge_of(job), "progress": progress_of(job), "polls": job.is_at_work}
