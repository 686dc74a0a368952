"""The page for people who have no label at hand, and type their card's number."""

from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.errors import MoneyRefused
from billing.guest.actions.doors import for_sale
from billing.guest.actions.finding import card_of_ticket, seek_number
from billing.guest.pages.card_page import typed_card
from billing.guest.views.answering import bought, complaint_of, for_everybody, guest_page, offered_page
from cards.errors import BadInput
from cards.visitors import visitor_address

LONGEST_NUMBER_READ = 64


@require_http_methods(["GET", "HEAD", "POST"])
@for_everybody
def number_page(request):
    """Whether a card can be renewed here and from what price; nothing else is said of any number."""
    if request.method != "POST":
        return guest_page(request, "number")
    typed = request.POST.get("number", "")[:LONGEST_NUMBER_READ]
    try:
        sought = seek_number(typed, visitor_address(request.META))
    except BadInput:
        complaint = _("Type the card's number: 19 or 20 characters that begin with 8986, or its phone number.")
        return guest_page(request, "number", {"typed": typed, "complaint": complaint}, 422)
    if sought.is_over_limit:
        complaint = _("Too many numbers were tried. Wait an hour, or scan the card's label.")
        return guest_page(request, "number", {"typed": typed, "complaint": complaint}, 429)
    from_price = min((each.shown.total for each in sought.for_sale), default=None)
    context = {"typed": typed, "was_sought": True, "ticket": sought.ticket, "from_price": from_price}
    return guest_page(request, "number", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_everybody
def typed_card_page(request, ticket):
    """What there is to buy for a card whose number was typed within half an hour; nothing of the card itself."""
    card = card_of_ticket(ticket)
    offers = for_sale(card)
    if not offers:
        return redirect("guest:home")
    if request.method == "POST":
        try:
            return bought(request, card)
        except (MoneyRefused, BadInput) as problem:
            return offered_page(request, "typed_card", typed_card(offers), complaint_of(problem))
    return offered_page(request, "typed_card", typed_card(offers))
