"""Jobs, for staff and for customers: the page of one, how far it is, and what people do with it."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cards.actions.jobs import control, engine
from cards.errors import BadInput, Refused
from cards.forms import say_at_field
from cards.models import Card, Job
from cards.pages.downloads import csv_response
from cards.pages.frames import SAFE, Framed, acting, entering
from cards.pages.job_action import ACTION_KINDS, follows_of, form_of
from cards.pages.job_labels import job_badge, title_of
from cards.pages.job_outcomes import failures
from cards.pages.job_page import FOLLOWS, job_context, progress_of
from cards.pages.selection import key_of

NOT_ALONE = gettext_lazy("Nothing is done yet: this needs approval by a colleague. Send them this page.")


class JobPages(Framed):
    """What both audiences see of a job and do with it; each labels what jobs do in its own way."""

    asks = "cards.view_job"
    template: str

    @entering(*SAFE)
    def page(self, request, pk):
        return self.show(request, self.find(request, pk))

    @entering(*SAFE)
    def progress(self, request, pk):
        """The part of a job's page that is asked for again and again; once the job goes another way, the whole page."""
        job = counted(self.find(request, pk))
        if job.status != request.GET.get("status"):
            return HttpResponse(headers={"HX-Refresh": "true"})
        context = {"job": job, "badge": job_badge(job), "progress": progress_of(job), "polls": job.is_at_work}
        return render(request, "cards/jobs/_progress.html", {"frame": self.frame, **context})

    @acting("POST")
    def start(self, request, pk):
        """Let a checked job go. Sent twice, it goes once; what cannot be read is said at its field."""
        job = self._permitted(request, pk)
        form = form_of(job, request.POST)
        if not job.is_waiting:
            return self._redirect(job)
        if form.is_valid():
            answers = {"reason": form.cleaned_data["reason"], "count": form.cleaned_data.get("count")}
            try:
                started = control.start(job, user=request.user, params=form.values(), **answers)
                if started.is_waiting:
                    messages.info(request, NOT_ALONE)
                return self._redirect(job)
            except Refused as refused:
                messages.error(request, str(refused))
                return self._redirect(job)
            except BadInput as bad:
                say_at_field(form, bad)
        return self.show(request, job, form, 422)

    @acting("POST")
    def stop(self, request, pk):
        """End a job early, or discard its draft: what is done stays done."""
        return self.do_step(request, pk, engine.stop)

    @acting("POST")
    def reopen(self, request, pk):
        """Work again on a job that failed: what is done stays done."""
        return self.do_step(request, pk, engine.reopen)

    @acting("POST")
    def follow(self, request, pk, step):
        """A new job out of this one: what failed once more, or what was done undone."""
        job = counted(self.find(request, pk))
        follows = {offered.step: offered for offered in self.follows(job, request.user)}
        if step not in follows:
            raise Http404
        offered = follows[step]
        if not offered.is_permitted:
            raise PermissionDenied
        if offered.refused:
            messages.error(request, offered.refused)
            return self._redirect(job)
        return self._redirect(FOLLOWS[step](job, user=request.user, key=key_of(request, step)))

    @entering(*SAFE)
    def failures(self, request, pk):
        """The cards to which nothing was done as a file, with why and what helps, in the reader's language."""
        job = self.find(request, pk)
        if job.kind not in ACTION_KINDS:
            raise Http404
        headings = ["ICCID", "MSISDN", _("Reason"), _("How to fix it")]
        rows = failures(job, get_language(), Card.objects.visible_to(request.user), self.frame.refusals)
        return csv_response(f"{self.title_of(job)}-{job.pk}", headings, rows, by=request.user, job=job.pk)

    def do_step(self, request, pk, step):
        """Do a step of the job, and show what it is now."""
        job = self._permitted(request, pk)
        if not step(job, request.user):
            messages.info(request, _("The job has moved on in the meantime. This is its current state."))
        return self._redirect(job)

    def jobs(self, request):
        """The jobs that are looked at here."""
        return Job.objects.visible_to(request.user)

    def find(self, request, pk):
        return get_object_or_404(self.jobs(request).select_related("owner", "selection", "of"), pk=pk)

    def title_of(self, job):
        """What the job does, as its button was called."""
        return title_of(job)

    def may(self, user, job):
        """Whether somebody may start, pause and stop the job."""
        return control.may(user, job)

    def follows(self, job, user):
        """The jobs that are offered to be made out of this one."""
        return follows_of(job, user)

    def context(self, job, request):
        context = job_context(job, request, self.frame, self.may(request.user, job))
        return context | {"title": self.title_of(job), "follows": self.follows(job, request.user), "key": uuid.uuid4()}

    def show(self, request, job, form=None, status=None):
        context = self.context(counted(job), request) | ({"form": form} if form else {})
        return self.frame.page(request, self.template, context, status)

    def _permitted(self, request, pk):
        job = self.find(request, pk)
        if not self.may(request.user, job):
            raise PermissionDenied
        return job

    def _redirect(self, job):
        return redirect(self.frame.url("job", job.pk))


def counted(job):
    """The job with its totals, counted once."""
    job.sums = engine.totals(job)
    return job
