"""Revenue in the console: margin by plan and month, and the money that is at risk."""

from datetime import date

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from billing.money import ZERO, yuan
from billing.revenue import at_risk, margins
from cards.calendar import civil_today
from cards.models import PlanBook
from cards.pages.charts import bars
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.quantities import whole

FIRST_YEAR = 2000
SUMMED = ("revenue", "returned", "cost", "margin")


@permitted("billing.view_order")
@require_safe
def margin(request):
    """What each plan earned, month by month, in a year."""
    year = _year(request)
    rows = margins(date(year, 1, 1), date(year + 1, 1, 1))
    context = {
        "year": year,
        "rows": rows,
        "plans": PlanBook(),
        "sums": {name: sum((getattr(row, name) for row in rows), ZERO) for name in SUMMED},
        "unknown": sum(row.unknown for row in rows),
        "before": year - 1,
        "after": year + 1 if year < civil_today().year else None,
    }
    return console_page(request, "console/money/margin.html", context)


@permitted("billing.view_order")
@require_safe
def margin_csv(request):
    year = _year(request)
    headings = [_("Month"), _("Plan"), pgettext("count", "Lines"), _("Revenue"), _("Refunds"), _("Cost"), _("Margin")]
    rows = [
        [f"{row.month:%Y-%m}", row.label, row.lines, row.revenue, row.returned, row.cost, row.margin]
        for row in margins(date(year, 1, 1), date(year + 1, 1, 1))
    ]
    return csv_response(_("margin-{year}").format(year=year), headings, rows, by=request.user)


@permitted("billing.view_order")
@require_safe
def risk(request):
    """The cards that will be cancelled, by customer and by week, at what they would renew for."""
    customers, weeks = at_risk(civil_today())
    chart = bars([(str(day), amount) for day, amount in weeks], as_text=yuan)
    total = sum((each.amount for each in customers), ZERO)
    context = {
        "customers": customers,
        "chart": chart,
        "total": total,
        "cards": sum(each.cards for each in customers),
        "unpriced": sum(each.unpriced for each in customers),
    }
    return console_page(request, "console/money/at_risk.html", context)


def _year(request):
    text = request.GET.get("year", "")
    if not text:
        return civil_today().year
    year = whole(text, FIRST_YEAR, civil_today().year)
    if year is None:
        raise Http404
    return year
