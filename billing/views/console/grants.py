"""Free service in the console: what was granted in a month, by card, and what that comes to by month and person."""

from django.http import Http404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.filters import GrantFilter
from billing.grants import Given, ListPrices, alike_grants, granted, summed
from billing.pages.grant_lines import grant_file_rows, grant_headings, grant_lines, person_label
from billing.pages.statement import month_of
from cards.calendar import add_months, civil_today, first_of_month
from cards.pages.addresses import given, queries_beside
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of

MONTHS_SUMMED = 12
MAY_READ = "billing.view_order"


@permitted(MAY_READ)
@require_safe
def grants_page(request):
    """The grants of a month, the newest first, with what they and those of the year before come to."""
    month = month_of(request)
    filtered = _filtered(request, add_months(month, 1 - MONTHS_SUMMED), month)
    prices = ListPrices()
    alike = alike_grants(filtered.qs, prices)
    of_month = [each for each in alike if each.on >= month]
    page = page_of(filtered.qs.filter(effective_on__gte=month).select_related("card"), ROWS_PER_PAGE, *filtered.cursors)
    persons = sorted(summed(of_month, lambda each: each.person).items(), key=lambda entry: (-entry[1].value, entry[0]))
    complaints = filtered.complaints()
    context = {
        "month": month,
        "before": add_months(month, -1),
        "after": add_months(month, 1) if month < first_of_month(civil_today()) else None,
        "form": filtered.form,
        "complaints": complaints,
        "total": summed(of_month, lambda each: None).get(None, Given()),
        "persons": [(person_label(*person), person[1], sums) for person, sums in persons],
        "months": sorted(summed(alike, lambda each: first_of_month(each.on)).items(), reverse=True),
        "lines": grant_lines(page.rows, prices),
        "page": page,
        "filters": _filters(request).urlencode(),
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/grants.html", context, status=400 if complaints else None)


@permitted(MAY_READ)
@require_safe
def grants_csv(request):
    """The grants of a month as a file, the newest first."""
    month = month_of(request)
    filtered = _filtered(request, month, month)
    if filtered.complaints():
        raise Http404
    grants = filtered.qs.select_related("card").order_by("-pk")
    name = _("free-service-{month}").format(month=f"{month:%Y-%m}")
    return csv_response(name, grant_headings(), grant_file_rows(grants), by=request.user)


def _filtered(request, since, month):
    """The grants from a month through another, as far as the address asks for them."""
    return GrantFilter(_filters(request), granted(since, add_months(month, 1)))


def _filters(request):
    """What the address asks for besides the month."""
    return given(request.GET, besides=["month"])
