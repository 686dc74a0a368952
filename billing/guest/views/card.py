"""The page to which the label of a card leads."""

from django.views.decorators.http import require_http_methods

from billing.errors import MoneyRefused
from billing.guest.pages.card_page import labelled_card
from billing.guest.views.answering import bought, complaint_of, for_everybody, guest_page, offered_page
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.lookup import card_at


@require_http_methods(["GET", "HEAD", "POST"])
@for_everybody
def labelled_card_page(request, token):
    """How the card is and what helps, for whoever has the label; what they choose is ordered, and then to be paid.

    A label that leads nowhere reads the same, whether it was replaced, made up, or its card is over for good.
    """
    card = card_at(token)
    if card is None or card.is_final:
        return guest_page(request, "no_card", status=404)
    if request.method == "POST":
        try:
            return bought(request, card)
        except (MoneyRefused, BadInput) as problem:
            return offered_page(request, "card", labelled_card(card, civil_today()), complaint_of(problem))
    return offered_page(request, "card", labelled_card(card, civil_today()))
