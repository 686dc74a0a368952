"""The accounts at the carriers in the console: how they are doing, and what is set of each."""

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from cards.carriers.models import CarrierAccount
from cards.carriers.pages.account_rows import account_rows
from cards.carriers.pages.account_settings import settings_told
from cards.pages.frames import console_page, permitted

MAY_SEE = "carriers.view_carrieraccount"
MAY_CHANGE = "carriers.change_carrieraccount"


@permitted(MAY_SEE)
@require_safe
def account_list(request):
    """Every account with its figures."""
    context = {
        "rows": account_rows(CarrierAccount.objects.all()),
        "egress": settings.CARRIER_EGRESS_NOTE,
        "may_change": request.user.has_perm(MAY_CHANGE),
        "may_decide": request.user.has_perm("carriers.decide_drift"),
    }
    return console_page(request, "console/carriers/accounts.html", context)


@permitted(MAY_SEE)
@require_safe
def account_page(request, pk):
    """One account: its figures, how it is set, and its slots; never its secrets."""
    account = get_object_or_404(CarrierAccount, pk=pk)
    may_change = request.user.has_perm(MAY_CHANGE)
    context = {
        "row": account_rows([account])[0],
        "account": account,
        "slots": account.slots.order_by("number"),
        "rules": account.rules.select_related("customer").order_by("pk"),
        "may_change": may_change,
        "may_look": request.user.has_perm("carriers.look_at_carrier"),
        "may_decide": request.user.has_perm("carriers.decide_drift"),
        **settings_told(account),
    }
    return console_page(request, "console/carriers/account.html", context)
