"""A customer's own list of cards: the console's search, filters, tabs and pages, with what a customer may ask."""

import uuid
from dataclasses import replace

from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from cards.calendar import civil_today
from cards.filters import filter_for
from cards.models import Card
from cards.pages.addresses import LONGEST_QUERY, given, list_url, view_query, view_url
from cards.pages.card_columns import cells_of, rows_of, with_facts
from cards.pages.card_tabs import chips_of, posted_tab, tabs_of
from cards.pages.found import Found, not_found
from cards.pages.my_frame import member_required, my_page
from cards.paging import END
from cards.permissions import Actor
from cards.quick import FOR_CUSTOMERS
from cards.search import Numbers

LIST, CARD = "my:card-list", "my:card"
PAGE_SIZE = 30
SHOWN = ("msisdn", "state", "usage", "next")
KEPT = ("state", "hold", "quick")
SAYS_NOTHING_OF_CARDS = ("q", "after", "before", "sort", "cols")


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def card_list(request):
    """The cards that the parameters ask for. A search is posted, and has an address unless it is too long for one."""
    params = given(request.POST or request.GET)
    if request.method == "POST":
        posted_tab(params)
        if len(params.urlencode()) <= LONGEST_QUERY:
            return redirect(list_url(params, LIST))
    filtered = filter_for(request.user, params)
    complaints = list(filtered.complaints())
    context = {
        "complaints": complaints,
        "may_select": bool(Actor.of(request.user).customers),
        "key": uuid.uuid4(),
        **_page(filtered, params),
        **_search(filtered, params),
    }
    if not complaints:
        context |= {"states": _tabs(filtered, params), "chips": chips_of(params, LIST, FOR_CUSTOMERS)}
    return my_page(request, "my/cards.html", context, status=400 if complaints else None)


@member_required
@require_http_methods(["GET", "POST"])
def numbers_not_found(request):
    """The numbers of a pasted list that mean none of one's own cards, or more than one, as a file."""
    return not_found(request)


def _page(filtered, params):
    page = filtered.page(PAGE_SIZE, with_facts(Card.objects.all(), SHOWN))
    query = view_query(params)
    return {
        "rows": rows_of(page.rows, SHOWN, civil_today(), CARD),
        "cells": cells_of(SHOWN),
        "page": page,
        "query": query,
        "export_query": f"{query}&" if query else "",
        "first_url": page.before and view_url(params, LIST),
        "previous_url": page.before and view_url(params, LIST, before=page.before),
        "next_url": page.after and view_url(params, LIST, after=page.after),
        "last_url": page.after and view_url(params, LIST, before=END),
    }


def _tabs(filtered, params):
    """The tabs in which there is something, as far as that was counted: a phone has no room for others."""
    tabs = tabs_of(filtered, params, LIST)
    return replace(tabs, tabs=[tab for tab in tabs.tabs if tab.count != "0" or tab.is_current])


def _search(filtered, params):
    """What was searched, how it was understood, and what the box carries along."""
    meant = getattr(filtered.form, "cleaned_data", {}).get("q")
    found = Found(meant) if isinstance(meant, Numbers) else None
    return {
        "form": filtered.form,
        "found": found if found and found.is_worth_telling else None,
        "is_list": bool(found) and meant.is_list,
        "understood": meant.sentence() if meant and not found else "",
        "kept": [(name, params[name]) for name in KEPT if name in params],
        "has_filters": any(name not in SAYS_NOTHING_OF_CARDS for name in params),
        "has_place": "after" in params or "before" in params,
    }
