"""A customer's own jobs: what is being done to many of their cards, as they call it."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards.choices import Action, JobKind
from cards.pages.addresses import places_in, queries_beside
from cards.pages.frames import MY, member_required, my_page
from cards.pages.job_action import ACTION_KINDS
from cards.pages.job_labels import step_log
from cards.pages.job_list import job_lines
from cards.paging import TALL_ROWS_PER_PAGE, page_of
from cards.permissions import Actor
from cards.phrases import noted
from cards.scope import Scope
from cards.views.jobs import JobPages
from cards.views.my.selections import FOR_MANY


@member_required
@require_safe
def job_list(request):
    """One's own jobs, the newest first."""
    page = page_of(MY_JOBS.jobs(request).select_related("of"), TALL_ROWS_PER_PAGE, *places_in(request.GET))
    entries = [(entry, MY_JOBS.title_of(entry.job)) for entry in job_lines(page.rows)]
    return my_page(
        request, "my/jobs/list.html", {"entries": entries, "page": page, **queries_beside(page, request.GET)}
    )


class MyJobs(JobPages):
    template = "my/jobs/job.html"

    def jobs(self, request):
        return super().jobs(request).filter(kind__in=(*ACTION_KINDS, JobKind.EXPORT))

    def title_of(self, job):
        if job.kind == JobKind.EXPORT:
            return _("Export")
        if job.kind == JobKind.UNDO:
            return _("Undo: {action}").format(action=_called(job.of.action))
        return _called(job.action)

    def may(self, user, job):
        return super().may(user, job) and bool(Actor.of(user).customers)

    def follows(self, job, user):
        """Only those that can be made now: a phone has no room for the others."""
        return [each for each in super().follows(job, user) if not each.refused] if self.may(user, job) else []

    def context(self, job, request):
        context = super().context(job, request)
        steps = step_log(job, name_for(request.user))
        return context | {
            "step_log": steps,
            "start_label": noted(context["title"], f"{job.sums.check_counts['can']:,}"),
        }


MY_JOBS = MyJobs(MY)


def name_for(reader):
    """How a member knows people: as you, whoever belongs to the same customer by name, and others as the dealer."""
    own = Scope.of(reader).roles.keys()

    def name_of(person):
        if person == reader:
            return _("you")
        return person.get_username() if person and own & Scope.of(person).roles.keys() else _("your dealer")

    return name_of


def _called(action):
    return str(FOR_MANY.get(action, Action(action).label))
