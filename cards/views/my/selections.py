"""Many cards of a customer at once: chosen in the list, looked at, and what can be done with all of them."""

import uuid

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from cards.actions.jobs import control
from cards.catalogue import CATALOGUE
from cards.choices import Action
from cards.models import Card, Selection
from cards.pages.my_frame import acting_required, my_page
from cards.pages.selecting import back_to_list, chosen
from cards.pages.selection import SHOWN, counts_by_state, first_cards, key_of
from cards.views.my.card_list import LIST

# What customers do to many of their cards at once, and what they call it.
FOR_MANY = {word: action.customer_bulk_button for word, action in CATALOGUE.items() if action.customer_bulk_button}


@acting_required
@require_POST
def select_cards(request):
    """Keep what was chosen in the list. Where the button says what to do with it, the job follows at once."""
    selection = chosen(request)
    if selection is None:
        return back_to_list(request, LIST)
    if "action" in request.POST:
        return _draft(request, selection, uuid.uuid5(selection.key, request.POST["action"]))
    return redirect("my:selection", pk=selection.pk)


@acting_required
@require_http_methods(["GET", "HEAD", "POST"])
def selection_page(request, pk):
    """One's own selection; an action that is posted becomes a job that is checked first."""
    selection = get_object_or_404(Selection, pk=pk, owner=request.user)
    if request.method == "POST":
        return _draft(request, selection, key_of(request, request.POST.get("action", "")))
    visible = Card.objects.visible_to(request.user)
    counts, counted = counts_by_state(selection, visible)
    context = {
        "selection": selection,
        "counts": counts,
        "counted": counted,
        "is_counted_whole": counted >= selection.size,
        "cards": first_cards(selection, visible),
        "shown": SHOWN,
        "buttons": [(action.value, label) for action, label in FOR_MANY.items()],
        "key": uuid.uuid4(),
    }
    return my_page(request, "my/selection.html", context)


def _draft(request, selection, key):
    """The job of an action on the selection; the same form, or the same button of the list, makes one job at most."""
    action = request.POST.get("action", "")
    if action not in FOR_MANY:
        raise PermissionDenied
    job = control.draft(selection, Action(action), user=request.user, key=key)
    return redirect("my:job", pk=job.pk)
