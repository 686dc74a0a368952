"""Automatic renewals in the console: a card's switch, what did not renew itself, and which cards do."""

from functools import partial

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from billing.actions.auto_renew import missed_renewals, switch
from billing.actions.stopped_renewals import renewing_cards
from billing.errors import MoneyRefused
from billing.filters import MissedRenewalFilter, RenewingFilter
from billing.pages.renewal_rows import missed_row, renewing_row
from cards.calendar import civil_today, last_day
from cards.models import Card, Plan, PlanBook
from cards.pages.addresses import queries_beside
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, SortOrder, count_label, counts_up_to, page_of

MISSED_COUNTED = 10_000
SOONEST_END = SortOrder("ends_on")


@permitted("billing.change_customeraccount")
@require_POST
def switch_card(request, iccid):
    """Let a card renew itself (`on`), or not, whatever its customer has set for all cards."""
    card = get_object_or_404(Card.objects.visible_to(request.user), iccid=iccid)
    try:
        switch([card], "on" in request.POST, user=request.user)
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Saved."))
    return redirect("console:card", iccid=iccid)


@permitted("billing.view_order")
@require_safe
def missed_list(request):
    """The renewals that did not happen and still can, soonest end first, as the parameters ask for them."""
    filtered = _missed(request)
    shown = filtered.qs.select_related("card", "customer", "plan")
    page = page_of(filtered.qs, ROWS_PER_PAGE, *map(_place, filtered.cursors), order=SOONEST_END, shown_as=shown)
    (count,) = counts_up_to(MISSED_COUNTED, [filtered.qs])
    complaints, plans = filtered.complaints(), PlanBook()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "rows": [missed_row(missed, request.user, plans) for missed in page.rows],
        "count": count_label(count, MISSED_COUNTED),
        "page": page,
        **queries_beside(page, request.GET),
        "may_order": request.user.has_perm("billing.place_order"),
    }
    return console_page(request, "console/money/missed_renewals.html", context, status=400 if complaints else None)


@permitted("billing.view_order")
@require_safe
def missed_csv(request):
    """All of them as a file."""
    filtered, plans = _missed(request), PlanBook()
    headings = [
        *("ICCID", _("Customer"), _("Plan"), _("Reason"), pgettext("refusal", "Details"), _("What to do")),
        *(pgettext("renewal", "Since"), _("Last day of service")),
    ]
    found = filtered.qs.select_related("card", "customer", "plan").order_by("ends_on", "pk")
    rows = map(partial(_csv_row, plans=plans), found.iterator(2_000))
    return csv_response(_("missed-renewals"), headings, rows, by=request.user)


@permitted("billing.view_order")
@require_safe
def renewing_list(request):
    """Cards that renew themselves, the newest first, as the parameters ask for them."""
    filtered = RenewingFilter(request.GET, renewing_cards())
    page = page_of(filtered.qs.select_related("customer__account"), ROWS_PER_PAGE, *filtered.cursors)
    cards = page.rows
    renewed = set(Card.objects.filter(pk__among=[card.pk for card in cards]).renewed().values_list("pk", flat=True))
    plans = Plan.objects.in_bulk({card.renews_with for card in cards})
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "rows": [renewing_row(card, plans, renewed) for card in cards],
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/money/auto_renewals.html", context, status=400 if complaints else None)


def _missed(request):
    return MissedRenewalFilter(request.GET, missed_renewals(civil_today()))


def _csv_row(missed, plans):
    refused = MoneyRefused.read(missed.refused, plans)
    return [
        *(missed.card.iccid, str(missed.customer), missed.plan.code, missed.get_why_display()),
        *(refused.sentence, refused.way_out, missed.since, last_day(missed.ends_on)),
    ]


def _place(text):
    """A place in the order of the ends; None where the address says nothing clear."""
    try:
        return SOONEST_END.read(text) if text else None
    except ValueError:
        return None
