"""Many cards at once in the console: what can be done to them, what was asked for, and the name of a selection."""

from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from cards.actions.selections import LONGEST_NAME, rename
from cards.catalogue import CATALOGUE
from cards.models import Job, Selection
from cards.pages.frames import CONSOLE, permitted
from cards.pages.job_labels import job_badge, origin_of, title_of
from cards.pages.ordering import console_actor, order_url
from cards.pages.selection import SelectionButton
from cards.permissions import Actor
from cards.views.console.labels import MAY_PRINT
from cards.views.selections import SelectionPages

JOBS_LISTED = 20

# What can be done to many cards at once, in the order in which the page offers it; what is sold is ordered.
FOR_CHOSEN = sorted(
    (word for word, action in CATALOGUE.items() if action.bulk_order), key=lambda word: CATALOGUE[word].bulk_order
)
BULK = [word for word in FOR_CHOSEN if not CATALOGUE[word].is_sold]


class ConsoleSelections(SelectionPages):
    template = "console/selection.html"

    def offered(self, user):
        allowed = Actor.of(user).actions
        return {action: action.label for action in BULK if action in allowed}

    def buttons(self, selection, user):
        allowed = console_actor(user).actions
        return [self._button(word, selection) for word in FOR_CHOSEN if word in allowed]

    def _button(self, word, selection):
        url = order_url(word, selection=selection.pk) if CATALOGUE[word].is_sold else ""
        return SelectionButton(word.label, word, url)

    def context(self, selection, user):
        jobs = Job.objects.filter(selection=selection).select_related("of")[:JOBS_LISTED]
        return super().context(selection, user) | {
            "origin": origin_of(selection, self.frame),
            "jobs": [(job, title_of(job), job_badge(job)) for job in jobs],
            "longest_name": LONGEST_NAME,
            "may_print": user.has_perm(MAY_PRINT),
        }


CONSOLE_SELECTIONS = ConsoleSelections(CONSOLE)


@permitted("cards.view_selection")
@require_POST
def name_selection(request, pk):
    """Gives the selection a name, or takes it away, so that it can be found again."""
    rename(get_object_or_404(Selection, pk=pk, owner=request.user), request.POST.get("name", ""))
    return redirect("console:selection", pk=pk)
