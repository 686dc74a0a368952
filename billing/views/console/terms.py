"""Who changed prices, agreements and the billing settings, when, from what to what: the list, and as a file."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from billing.filters import TermsFilter
from billing.pages.terms_lines import changes_seen, terms_line
from cards.pages.addresses import queries_beside
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.paging import TALL_ROWS_PER_PAGE, page_of

CHANGES_AT_ONCE = 1_000


@permitted("billing.view_termsrecord")
@require_safe
def terms(request):
    """The newest changes that the parameters ask for."""
    filtered = TermsFilter(request.GET, changes_seen())
    page = page_of(filtered.qs, TALL_ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "changes": [terms_line(change) for change in page.rows],
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/terms.html", context, status=400 if complaints else None)


@permitted("billing.view_termsrecord")
@require_safe
def terms_csv(request):
    """All changes that the parameters ask for; none where they say nothing clear."""
    headings = [
        _("Changed at"),
        _("Kind"),
        _("Customer"),
        pgettext("terms", "What"),
        pgettext("terms", "Change"),
        _("By"),
    ]
    lines = map(terms_line, TermsFilter(request.GET, changes_seen()).qs.iterator(CHANGES_AT_ONCE))
    headings.append(_("Approved by"))
    return csv_response(pgettext("terms", "changes"), headings, map(_row, lines), by=request.user)


def _row(line):
    change = line.change
    return [
        f"{change.at.astimezone():%Y-%m-%d %H:%M:%S}",
        change.get_deed_display(),
        change.customer or "",
        line.about,
        line.sentence,
        change.by.get_username(),
        change.approved_by.get_username() if change.approved_by else "",
    ]
