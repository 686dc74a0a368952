"""The page of a selection: which cards, what was asked for, and what can be done with all of them."""

import uuid

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from cards.actions.jobs import control
from cards.actions.selections import LONGEST_NAME, rename
from cards.choices import Action
from cards.models import Card, Job, Selection
from cards.pages.addresses import CONSOLE
from cards.pages.console_frame import console_page, staff_required
from cards.pages.job_words import asked_for, badge_of, title_of
from cards.pages.selecting import back_to_list, chosen
from cards.pages.selection import SHOWN, counts_by_state, first_cards, key_of
from cards.permissions import Actor
from cards.views.console.labels import MAY_PRINT

JOBS_SHOWN = 20

# What can be done to many cards at once, in the order in which the page offers it.
BULK = (
    Action.SUSPEND,
    Action.RESUME,
    Action.ACTIVATE,
    Action.SET_LIMIT,
    Action.ASSIGN,
    Action.RENEW,
    Action.TOP_UP,
    Action.TAG,
    Action.UNTAG,
    Action.PROTECT,
    Action.UNPROTECT,
    Action.PLACE_HOLD,
    Action.LIFT_HOLD,
    Action.CANCEL,
)


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def selection_page(request, pk):
    """What is in a selection; an action that is posted becomes a job that is checked first."""
    selection = get_object_or_404(Selection, pk=pk, owner=request.user)
    if request.method == "POST":
        return _draft(request, selection)
    return console_page(request, "console/selection.html", _context(selection, request.user))


@staff_required
@require_POST
def name_selection(request, pk):
    """Gives the selection a name, or takes it away, so that it can be found again."""
    rename(get_object_or_404(Selection, pk=pk, owner=request.user), request.POST.get("name", ""))
    return redirect("console:selection", pk=pk)


def _draft(request, selection):
    """The job of an action on the selection. One form has a button for each action, and each makes one job at most."""
    action = request.POST.get("action", "")
    if action not in BULK or action not in Actor.of(request.user).actions:
        raise PermissionDenied
    job = control.draft(selection, action, user=request.user, key=key_of(request, action))
    return redirect("console:job", pk=job.pk)


def _context(selection, user):
    visible = Card.objects.visible_to(user)
    counts, counted = counts_by_state(selection, visible)
    allowed = Actor.of(user).actions
    jobs = Job.objects.filter(selection=selection).select_related("of")[:JOBS_SHOWN]
    return {
        "selection": selection,
        "asked": asked_for(selection),
        "counts": counts,
        "counted": counted,
        "is_counted_whole": counted >= selection.size,
        "cards": first_cards(selection, visible),
        "shown": SHOWN,
        "buttons": [(action.value, action.label, action == Action.CANCEL) for action in BULK if action in allowed],
        "key": uuid.uuid4(),
        "jobs": [(job, title_of(job), badge_of(job)) for job in jobs],
        "longest_name": LONGEST_NAME,
        "may_print": user.has_perm(MAY_PRINT),
    }


@staff_required
@require_POST
def select_cards(request):
    """Keep the checked cards, all cards of the view, or those that a pasted list found."""
    selection = chosen(request)
    return redirect("console:selection", pk=selection.pk) if selection else back_to_list(request, CONSOLE)
