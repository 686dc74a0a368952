"""Choosing cards in the list: what is posted, at most the keys of one page, becomes a selection on the server."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from cards.actions.selections import freeze
from cards.filters import PAGE_SIZES, filter_for
from cards.models import Card
from cards.pages.addresses import LONGEST_QUERY, given, list_url
from cards.pages.found import surely_meant
from cards.paging import key_in

MOST_CHECKED = 100  # of other pages; a page of cards may be longer
SOURCES = ("page", "filter", "list")


def chosen(request):
    """The selection that was asked for, the same for the same form; None, and a message, if it is not clear of what.

    The button that was pressed is named after what it selects, and its value is the form's key.
    """
    source = next(filter(request.POST.get, SOURCES), None)
    if source is None:
        raise BadRequest("nothing was asked for")
    key, params = _key(request.user, request.POST, source), _view(request.POST)
    cards, complaints = _chosen(request, source, params)
    if complaints or not cards.exists():
        messages.error(request, " ".join(complaints) or _("No cards are selected: there is nothing to do yet."))
        return None
    query = params.urlencode()
    origin = {"from": source, "query": query if len(query) <= LONGEST_QUERY else ""}
    return freeze(cards, owner=request.user, asked=origin, key=key)


def back_to_list(request, frame):
    """Back to the view of the list from which nothing was chosen, if it has an address."""
    params = _view(request.POST)
    return redirect(list_url(params if len(params.urlencode()) <= LONGEST_QUERY else QueryDict(), frame))


def _view(posted):
    """The view that was looked at: said by its query or, when it is too long for one, by the search form itself."""
    return given(QueryDict(posted["query"]) if "query" in posted else posted, besides=(*SOURCES, "ids"))


def _chosen(request, source, params):
    """The cards that are meant, and what is wrong with the view that they are chosen from."""
    if source == "page":
        ids = [key_in(text) for text in request.POST.getlist("ids")]
        if len(ids) > max(PAGE_SIZES) or None in ids:
            raise BadRequest("these are not the cards of one page")
        return Card.objects.visible_to(request.user).filter(pk__among=ids), []
    filtered = filter_for(request.user, params)
    return surely_meant(filtered) if source == "list" else filtered.qs, list(filtered.complaints())


def _key(user, posted, source):
    """One key for what this form asked for: sent twice it is the same, with other cards or by others it is another."""
    try:
        form = uuid.UUID(posted[source])
    except ValueError:
        raise BadRequest("the form has no key") from None
    return uuid.uuid5(
        form, "&".join([str(user.pk), source, posted.get("query", posted.get("q", "")), *posted.getlist("ids")])
    )
