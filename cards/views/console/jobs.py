"""The console's jobs: the list, and the page of one with what only staff do."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards.actions.jobs import control, engine
from cards.actions.jobs.file_import import answer
from cards.actions.write import chunked
from cards.choices import OF_ORDERS, JobKind
from cards.errors import BadInput
from cards.models import Job, Selection
from cards.pages.addresses import queries_beside
from cards.pages.downloads import list_as_csv
from cards.pages.file_told import ColumnsForm
from cards.pages.frames import CONSOLE, acting, console_page, permitted
from cards.pages.job_list import JOB_COLUMNS, JobFilter, job_lines
from cards.paging import TALL_ROWS_PER_PAGE, page_of
from cards.views.jobs import JobPages, counted

SELECTIONS_SHOWN = 20
JOBS_AT_ONCE = 500
PAUSE_OR_RESUME = {"pause": engine.pause, "resume": engine.resume}


@permitted("cards.view_job")
@require_safe
def job_list(request):
    """The newest jobs that the parameters ask for, and the selections to which this person gave a name."""
    filtered = JobFilter(request.GET, Job.objects.visible_to(request.user), request=request)
    page = page_of(filtered.qs.select_related("owner", "of"), TALL_ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "entries": job_lines(page.rows),
        "page": page,
        **queries_beside(page, request.GET),
        "selections": Selection.objects.filter(owner=request.user).exclude(name="")[:SELECTIONS_SHOWN],
    }
    return console_page(request, "console/jobs/list.html", context, status=400 if complaints else None)


@permitted("cards.view_job")
@require_safe
def job_csv(request):
    """The same jobs as a file, on all pages."""
    filtered = JobFilter(request.GET, Job.objects.visible_to(request.user), request=request)
    found = filtered.qs.select_related("owner", "of").order_by("-pk").iterator(JOBS_AT_ONCE)
    lines = (line for chunk in chunked(found, JOBS_AT_ONCE) for line in job_lines(chunk))
    return list_as_csv(request, _("jobs"), JOB_COLUMNS, lines, filtered.complaints())


class ConsoleJobs(JobPages):
    template = "console/jobs/job.html"

    def show(self, request, job, *how):
        """The work of an order is looked at on the order's page."""
        if job.kind in OF_ORDERS:
            return redirect(self.frame.money_url("order-of-job", job.pk))
        return super().show(request, job, *how)

    @acting("POST")
    def step(self, request, pk, step):
        """Pause a job, or resume it."""
        if step not in PAUSE_OR_RESUME:
            raise Http404
        return self.do_step(request, pk, PAUSE_OR_RESUME[step])

    @acting("POST")
    def cards(self, request, pk):
        """The cards that an import has made or corrected, as a selection."""
        job = self.find(request, pk)
        if job.kind != JobKind.IMPORT_CARDS or not job.is_over:
            raise Http404
        return redirect(self.frame.url("selection", control.cards_of_import(job, request.user).pk))

    @acting("POST")
    def columns(self, request, pk):
        """Say what the columns of an import's file are; it is read anew."""
        job = self._permitted(request, pk)
        if "columns" not in job.params:
            raise Http404
        form = ColumnsForm(job, request.POST)
        if not form.is_valid():
            context = self.context(counted(job), request) | {"columns_form": form}
            return self.frame.page(request, self.template, context, 422)
        try:
            if not answer(job, form.answer(), form.of(), request.user):
                messages.info(request, _("The job has moved on in the meantime. This is its current state."))
        except BadInput as bad:
            messages.error(request, str(bad.sentence))
        return self._redirect(job)


CONSOLE_JOBS = ConsoleJobs(CONSOLE)
