"""The accounts at the carriers in the console: how they are doing, and what is set of each."""

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cards.carriers.lookup import WITHOUT_OUTCOME, left_by_hand
from cards.carriers.models import CarrierAccount, Drift, Line
from cards.carriers.pages.account_rows import account_rows
from cards.carriers.pages.account_settings import MAY_CHANGE_ACCOUNTS, settings_told
from cards.carriers.pages.order_labels import order_label
from cards.files.writing import as_text
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.paging import count_label, counts_up_to
from cards.state_counts import COUNTED

MAY_SEE_ACCOUNTS = "carriers.view_carrieraccount"
BY_HAND_COUNTED = 10_000


@permitted(MAY_SEE_ACCOUNTS)
@require_safe
def account_list(request):
    """Every account with its figures, and what waits for somebody at all of them."""
    waiting = [Drift.objects.open(), Line.objects.filter(WITHOUT_OUTCOME)]
    open_drifts, without_outcome = counts_up_to(COUNTED, waiting)
    context = {
        "rows": account_rows(CarrierAccount.objects.all()),
        "open": count_label(open_drifts, COUNTED),
        "without_outcome": count_label(without_outcome, COUNTED),
        "egress": settings.CARRIER_EGRESS_NOTE,
        "may_change": request.user.has_perm(MAY_CHANGE_ACCOUNTS),
        "may_decide": request.user.has_perm("carriers.decide_drift"),
    }
    return console_page(request, "console/carriers/accounts.html", context)


@permitted(MAY_SEE_ACCOUNTS)
@require_safe
def account_page(request, pk):
    """One account: its figures, how it is set, and its slots; never its secrets."""
    account = get_object_or_404(CarrierAccount, pk=pk)
    may_change = request.user.has_perm(MAY_CHANGE_ACCOUNTS)
    context = {
        "row": account_rows([account])[0],
        "account": account,
        "by_hand": counts_up_to(BY_HAND_COUNTED, [left_by_hand(account)])[0],
        "push_url": request.build_absolute_uri(f"/carriers/{account.push_key}/") if may_change else "",
        "slots": account.slots.order_by("number"),
        "rules": account.rules.select_related("customer").order_by("pk"),
        "may_change": may_change,
        "may_look": request.user.has_perm("carriers.look_at_carrier"),
        "may_decide": request.user.has_perm("carriers.decide_drift"),
        **settings_told(account),
    }
    return console_page(request, "console/carriers/account.html", context)


@permitted("carriers.view_command")
@require_safe
def by_hand_list(request, pk):
    """What the carrier's manager has to do by hand for an account, as a file to send them."""
    account = get_object_or_404(CarrierAccount, pk=pk)
    headings = ["ICCID", "MSISDN", "IMSI", pgettext("carrier", "Order"), _("Customer"), _("Ordered on")]
    orders = left_by_hand(account).select_related("card__customer").order_by("pk")
    rows = (
        [
            *(as_text(number) for number in (order.card.iccid, order.card.msisdn, order.card.imsi)),
            order_label(order.aspect, order.goal),
            str(order.card.customer or ""),
            timezone.localdate(order.made_at),
        ]
        for order in orders.iterator(2_000)
    )
    return csv_response(_("by-hand-{account}").format(account=account), headings, rows, by=request.user)
