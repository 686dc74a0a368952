"""The switch by which one card renews itself, in the console."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.actions.auto_renew import switch
from billing.errors import MoneyRefused
from cards.models import Card
from cards.pages.frames import permitted


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
