"""Readings in quarantine: what waits and what was decided, and deciding it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cards.actions.quarantine import drop, take
from cards.choices import Quarantine
from cards.files.writing import as_text
from cards.models import QuarantinedReading
from cards.pages.card_detail import MAY_DECIDE
from cards.pages.card_tabs import Chip
from cards.pages.downloads import instant_cell, list_as_csv
from cards.pages.frames import console_page, permitted
from cards.pages.way_back import go_back
from cards.paging import NEWEST, OLDEST, ROWS_PER_PAGE, key_in, page_of
from cards.quantities import megabytes

MAY_SEE_QUARANTINE = "cards.view_quarantinedreading"
QUARANTINED_AT_ONCE = 500
QUARANTINE_COLUMNS = (
    ("ICCID", lambda reading: as_text(reading.card.iccid)),
    (gettext_lazy("Customer"), lambda reading: str(reading.card.customer or "")),
    (gettext_lazy("Day"), lambda reading: reading.day),
    ("MB", lambda reading: megabytes(reading.bytes)),
    (gettext_lazy("Read at"), lambda reading: instant_cell(reading.read_at)),
    (gettext_lazy("Status"), lambda reading: reading.get_status_display()),
    (
        pgettext_lazy("clearing", "Decided by"),
        lambda reading: reading.decided_by.get_username() if reading.decided_by else "",
    ),
)
FROM_THE_OLDEST = {Quarantine.WAITING: OLDEST}
DECISIONS = {
    "take": (take, gettext_lazy("The reading was accepted and is metered now.")),
    "drop": (drop, gettext_lazy("The reading was dropped.")),
}


@permitted(MAY_SEE_QUARANTINE)
@require_safe
def quarantine_page(request):
    """The readings of a status: those that wait unless it says, the longest waiting first."""
    status, readings = _asked_for(request)
    order = FROM_THE_OLDEST.get(status, NEWEST)
    page = page_of(readings, ROWS_PER_PAGE, key_in(request.GET.get("after", "")), order=order)
    context = {
        "tabs": [Chip(choice.label, f"?status={choice}", choice == status) for choice in Quarantine],
        "readings": page.rows,
        "query": f"status={status}",
        "may_decide": request.user.has_perm(MAY_DECIDE),
        "next_url": page.after and f"?status={status}&after={page.after}",
    }
    return console_page(request, "console/quarantine.html", context)


@permitted(MAY_SEE_QUARANTINE)
@require_safe
def quarantine_csv(request):
    """The same readings as a file, on all pages."""
    _status, readings = _asked_for(request)
    found = readings.order_by("pk").iterator(QUARANTINED_AT_ONCE)
    return list_as_csv(request, _("quarantine"), QUARANTINE_COLUMNS, found)


def _asked_for(request):
    """(status, the readings) that the address asks for."""
    status = request.GET.get("status", Quarantine.WAITING)
    if status not in Quarantine:
        raise Http404
    return status, QuarantinedReading.objects.filter(status=status).select_related("card__customer", "decided_by")


@permitted(MAY_DECIDE)
@require_POST
def decide(request, pk, decision):
    """Take or drop a reading, once: the second person is told that somebody was faster."""
    if decision not in DECISIONS:
        raise Http404
    done, sentence = DECISIONS[decision]
    if done(get_object_or_404(QuarantinedReading, pk=pk), by=request.user):
        messages.success(request, sentence)
    else:
        messages.info(request, _("This reading does not wait any more: somebody decided, or a later one came in."))
    return go_back(request, "console:quarantine")
