"""The console's list of cards: its search box, filters, tabs and pages."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cards.calendar import civil_today
from cards.filters import CardFilter
from cards.models import Card, Customer, Tag
from cards.pages.addresses import LONGEST_QUERY, given, list_url, view_query, view_url
from cards.pages.card_columns import cells_of, chosen_columns, offered_columns, posted_columns, rows_of, with_facts
from cards.pages.card_tabs import chips_of, posted_tab, tabs_of
from cards.pages.console_frame import console_page, staff_required
from cards.pages.found import Found, not_found
from cards.paging import END
from cards.permissions import Actor
from cards.search import Numbers

PAGE_SIZE = 50
NAMES_OFFERED = 20
MORE = ("customer", "tag", "stock", "certification", "expiring", "due", "parked")
KEPT = ("state", "hold", "quick")
SAYS_NOTHING_OF_CARDS = ("q", "after", "before", "sort", "cols")
NAMED = {"customer": Customer, "tag": Tag}


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def card_list(request):
    """The list that the parameters ask for. A search is posted, and has an address unless it is too long for one."""
    params = given(request.POST or request.GET)
    if request.method == "POST":
        posted_columns(params)
        posted_tab(params)
        if len(params.urlencode()) <= LONGEST_QUERY:
            return redirect(list_url(params))
    filtered = CardFilter(params, queryset=Card.objects.visible_to(request.user))
    complaints = list(filtered.complaints())
    context = {
        "complaints": complaints,
        "has_address": request.method != "POST",
        "may_select": bool(Actor.of(request.user).actions) or request.user.has_perm("billing.place_order"),
        "key": uuid.uuid4(),
        **_page(filtered, params),
        **_search(filtered, params),
        **_addresses(params),
    }
    if not complaints:
        context |= {"states": tabs_of(filtered, params), "chips": chips_of(params)}
    return console_page(request, "console/card_list.html", context, status=400 if complaints else None)


@staff_required
@require_safe
def names_offered(request):
    """Names of customers or tags that have what was typed in them, for the field to offer."""
    name = next(filter(request.GET.get, NAMED), None)
    if name is None:
        return HttpResponse()
    known = NAMED[name].objects.filter(name__icontains=request.GET[name]).order_by("name")
    return render(request, "console/list/_names.html", {"names": known.values_list("name", flat=True)[:NAMES_OFFERED]})


def _page(filtered, params):
    """The rows, with the columns that were chosen, and the way to the pages beside them."""
    names = chosen_columns(filtered.form)
    page = filtered.page(PAGE_SIZE, with_facts(Card.objects.all(), names))
    return {
        "rows": rows_of(page.rows, names, civil_today()),
        "cells": cells_of(names),
        "offered_columns": offered_columns(names),
        "page": page,
        "first_url": page.before and view_url(params),
        "previous_url": page.before and view_url(params, before=page.before),
        "next_url": page.after and view_url(params, after=page.after),
        "last_url": page.after and view_url(params, before=END),
    }


def _search(filtered, params):
    """What was searched and how it was understood; the fields of “More filters”, and what the box carries along."""
    form, meant = filtered.form, getattr(filtered.form, "cleaned_data", {}).get("q")
    for name in NAMED:
        form.fields[name].widget.attrs |= _offers(name)
    found = Found(meant) if isinstance(meant, Numbers) else None
    is_list = bool(found) and meant.is_list
    return {
        "is_list": is_list,
        "form": form,
        "found": found if found and found.is_worth_telling else None,
        "understood": meant.sentence() if meant and not found else "",
        "more": [form[name] for name in MORE],
        "has_more": any(name in params for name in MORE),
        "kept": [(name, params[name]) for name in KEPT if name in params],
        "has_filters": any(name not in SAYS_NOTHING_OF_CARDS for name in params),
        "has_place": "after" in params or "before" in params,
    }


def _offers(name):
    """What makes a field ask for the names to offer while something is typed there."""
    return {
        "list": f"{name}s",
        "hx-get": reverse("console:names"),
        "hx-trigger": "input changed delay:200ms",
        "hx-target": f"#{name}s",
    }


def _addresses(params):
    query = view_query(params)
    return {
        "query": query,
        "export_query": f"{query}&" if query else "",
        "usual_url": view_url(params, cols=None) if "cols" in params else None,
        "all_tabs_url": view_url(params, state=None, hold=None),
    }


@staff_required
@require_http_methods(["GET", "POST"])
def numbers_not_found(request):
    return not_found(request)
