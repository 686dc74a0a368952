"""One card at its carrier in the console: its orders with their calls, and what people do about them."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cards.carriers.actions.asking import ask_soon
from cards.carriers.actions.drifts import MAY_DECIDE_DRIFTS
from cards.carriers.actions.lines import pause_lines, resume_lines
from cards.carriers.actions.retiring import ask_retirement, release_retirement, withdraw_retirement
from cards.carriers.models import Line
from cards.carriers.pages.card_panel import MAY_ASK_CARRIER, CardAtCarrier
from cards.carriers.pages.order_rows import order_page_of
from cards.models import Card
from cards.pages.frames import console_page, permitted
from cards.paging import key_in

LINE_STEPS = {
    "look": (
        lambda line: ask_soon([line.pk], by_person=True),
        _("The carrier is being asked. The answer stands here in a moment: load the page again."),
    ),
    "pause": (
        lambda line: pause_lines([line.card_id]),
        _("Orders for this card are paused: none is sent until someone resumes them."),
    ),
    "resume": (
        lambda line: resume_lines([line.card_id]),
        _("Orders for this card are sent again."),
    ),
}
RETIRING_STEPS = {
    "ask": (lambda card, user: ask_retirement(card, by=user), _("A colleague has to release it now.")),
    "release": (lambda card, user: release_retirement(card, by=user), _("The order is sent to the carrier.")),
    "withdraw": (lambda card, user: withdraw_retirement(card), _("The request is withdrawn.")),
}


@permitted("carriers.view_command")
@require_safe
def card_orders(request, iccid):
    """The orders of a card, the newest first, each with its calls."""
    card = _find_card(request, iccid)
    rows, after = order_page_of(card, key_in(request.GET.get("after", "")))
    context = {
        "card": card,
        "at": CardAtCarrier(card, request.user),
        "rows": rows,
        "next_url": after and f"?after={after}",
    }
    return console_page(request, "console/carriers/card_orders.html", context)


@permitted(MAY_ASK_CARRIER)
@require_POST
def line_step(request, iccid, step):
    """Have the carrier asked about a card now, or hold its orders back, or let them go on."""
    card = _find_card(request, iccid)
    if step not in LINE_STEPS:
        raise Http404
    act, sentence = LINE_STEPS[step]
    act(get_object_or_404(Line, card=card, account__isnull=False))
    messages.success(request, sentence)
    return redirect("console:card", iccid=iccid)


@permitted(MAY_DECIDE_DRIFTS)
@require_POST
def retiring_step(request, iccid, step):
    """Ask that a card be cancelled at its carrier for good, release what a colleague asked for, or ask no longer."""
    card = _find_card(request, iccid)
    if step not in RETIRING_STEPS:
        raise Http404
    act, sentence = RETIRING_STEPS[step]
    if act(card, request.user):
        messages.success(request, sentence)
    else:
        messages.error(request, _("That is not possible now: the one who asks cannot release it, and it is sent once."))
    return redirect("console:card", iccid=iccid)


def _find_card(request, iccid):
    return get_object_or_404(Card.objects.visible_to(request.user).select_related("customer"), iccid=iccid)
