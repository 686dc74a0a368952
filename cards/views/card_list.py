"""The console's list of cards: its search box, filters, tabs and pages."""

from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from cards.calendar import civil_today
from cards.filters import CardFilter
from cards.models import Card
from cards.paging import page_of
from cards.views import console_page, staff_required
from cards.views.addresses import LONGEST_QUERY, given, list_url, view_url
from cards.views.card_rows import COLUMNS, rows_of, tabs_of

PAGE_SIZE = 50


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def card_list(request):
    """The list that the parameters ask for. A search is posted, and has an address unless it is too long for one."""
    params = given(request.POST or request.GET)
    if request.method == "POST" and len(params.urlencode()) <= LONGEST_QUERY:
        return redirect(list_url(params))
    filtered = CardFilter(params, queryset=Card.objects.visible_to(request.user))
    cards = filtered.qs.select_related("customer", "plan").only(*COLUMNS)
    cursors = filtered.form.cleaned_data if filtered.form.is_valid() else {}
    page = page_of(cards, PAGE_SIZE, cursors.get("after"), cursors.get("before"))
    complaints = list(filtered.complaints())
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "found": filtered.found,
        "has_filters": any(name not in ("q", "after", "before") for name in params),
        "is_posted": request.method == "POST",
        "tabs": [] if complaints else tabs_of(filtered, params),
        "rows": rows_of(page.rows, civil_today()),
        "page": page,
        "previous_url": page.before and view_url(params, before=page.before),
        "next_url": page.after and view_url(params, after=page.after),
        "first_url": view_url(params),
        "all_tabs_url": view_url(params, state=None, hold=None),
    }
    return console_page(request, "console/card_list.html", context, status=400 if complaints else None)
