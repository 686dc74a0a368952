"""Readings in quarantine: what waits and what was decided, and deciding it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cards.actions.quarantine import drop, take
from cards.choices import Quarantine
from cards.models import QuarantinedReading
from cards.pages.card_detail import MAY_DECIDE
from cards.pages.card_tabs import Chip
from cards.pages.frames import console_page, permitted
from cards.pages.way_back import go_back
from cards.paging import NEWEST, OLDEST, ROWS_PER_PAGE, key_in, page_of

MAY_SEE_QUARANTINE = "cards.view_quarantinedreading"
FROM_THE_OLDEST = {Quarantine.WAITING: OLDEST}
DECISIONS = {
    "take": (take, gettext_lazy("The reading was accepted and is metered now.")),
    "drop": (drop, gettext_lazy("The reading was dropped.")),
}


@permitted(MAY_SEE_QUARANTINE)
@require_safe
def quarantine_page(request):
    """The readings of a status: those that wait unless it says, the longest waiting first."""
    status = request.GET.get("status", Quarantine.WAITING)
    if status not in Quarantine:
        raise Http404
    readings = QuarantinedReading.objects.filter(status=status).select_related("card__customer", "decided_by")
    order = FROM_THE_OLDEST.get(status, NEWEST)
    page = page_of(readings, ROWS_PER_PAGE, key_in(request.GET.get("after", "")), order=order)
    context = {
        "tabs": [Chip(choice.label, f"?status={choice}", choice == status) for choice in Quarantine],
        "readings": page.rows,
        "may_decide": request.user.has_perm(MAY_DECIDE),
        "next_url": page.after and f"?status={status}&after={page.after}",
    }
    return console_page(request, "console/quarantine.html", context)


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
