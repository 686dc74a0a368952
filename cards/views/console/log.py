"""The audit list in the console: who changed what people may do, and who took data out of the house."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cards.audit_log import AuditFilter
from cards.models import AuditEntry
from cards.pages.addresses import given, queries_beside
from cards.pages.audit_lines import audit_headings, audit_line, audit_row
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of

MAY_READ_THE_LOG = "cards.view_auditentry"
ENTRIES_PER_FETCH = 1_000


@permitted(MAY_READ_THE_LOG)
@require_safe
def log_page(request):
    """The newest entries that the parameters ask for."""
    filtered = _filtered(request)
    page = page_of(filtered.qs, ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "lines": [audit_line(entry) for entry in page.rows],
        "page": page,
        **queries_beside(page, given(request.GET)),
    }
    return console_page(request, "console/log.html", context, status=400 if complaints else None)


@permitted(MAY_READ_THE_LOG)
@require_safe
def log_file(request):
    """All entries that the parameters ask for, the newest first; none where they say nothing clear."""
    entries = _filtered(request).qs.order_by("-pk").iterator(ENTRIES_PER_FETCH)
    rows = (audit_row(audit_line(entry)) for entry in entries)
    return csv_response(_("audit-log"), audit_headings(), rows, by=request.user)


def _filtered(request):
    return AuditFilter(given(request.GET), AuditEntry.objects.select_related("customer"))
