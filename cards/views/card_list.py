"""The console's list of cards: its search box, filters, tabs and pages."""

from django.http import QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from cards.calendar import civil_today
from cards.filters import CardFilter
from cards.models import Card
from cards.paging import page_of
from cards.views import console_page, staff_required
from cards.views.card_rows import COLUMNS, rows_of, tabs_of, view_url

PAGE_SIZE = 50
LONGEST_QUERY = 2_000


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def card_list(request):
    """The list that the parameters ask for. A search is posted, and has an address unless it is too long for one."""
    params = _given(request.POST or request.GET)
    if request.method == "POST" and len(params.urlencode()) <= LONGEST_QUERY:
        return redirect(_address(params))
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


def _given(params):
    """The parameters that say something, for the address to say no more than that."""
    given = QueryDict(mutable=True)
    for name, values in params.lists():
        if name != "csrfmiddlewaretoken" and any(values):
            given.setlist(name, values)
    return given


def _address(params):
    return view_url(params, after=params.get("after"), before=params.get("before"))
