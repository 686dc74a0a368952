"""The page of a selection: which cards, what was asked for, and what can be done with all of them."""

import uuid

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from cards.actions.jobs import control
from cards.actions.selections import ids_of
from cards.choices import Action, Hold, State
from cards.models import Card, Job, Selection
from cards.permissions import Actor
from cards.views import console_page, form_key, staff_required
from cards.views.job_words import asked_for, badge_of, title_of
from cards.views.labels import MAY_PRINT

SHOWN = 50
PARTS_COUNTED = 10
JOBS_SHOWN = 20
LONGEST_NAME = Selection._meta.get_field("name").max_length

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
    mine = Selection.objects.filter(pk=pk, owner=request.user)
    get_object_or_404(mine)
    mine.update(name=" ".join(request.POST.get("name", "").split())[:LONGEST_NAME])
    return redirect("console:selection", pk=pk)


def _draft(request, selection):
    """The job of an action on the selection. One form has a button for each action, and each makes one job at most."""
    action = request.POST.get("action", "")
    if action not in BULK or action not in Actor.of(request.user).actions:
        raise PermissionDenied
    job = control.draft(selection, action, user=request.user, key=key_of(request, action))
    return redirect("console:job", pk=job.pk)


def key_of(request, action):
    """The key of the job that the posted form makes of an action: the form of somebody else would make another."""
    form = form_key(request)
    return form and uuid.uuid5(form, f"{request.user.pk}&{action}")


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


def counts_by_state(selection, visible):
    """(what the cards show as their state, how many), and of how many cards: a page does not wait for a million.

    Of the selection's cards as many are told of as are `visible` still.
    """
    ids = [pk for part in selection.parts.filter(number__lte=PARTS_COUNTED) for pk in part.card_ids]
    shown = {}
    found = visible.filter(pk__among=ids).order_by().values_list("state", "holds").annotate(Count("pk"))
    for state, holds, cards in found:
        code = holds.partition(",")[0] if state == State.SUSPENDED else state
        shown[code] = shown.get(code, 0) + cards
    return [(code, shown[code]) for code in (*State.values, *Hold.values) if code in shown], len(ids)


def first_cards(selection, visible):
    ids = next(ids_of(selection), [])[:SHOWN]
    return visible.filter(pk__among=ids).select_related("customer").order_by("pk")
