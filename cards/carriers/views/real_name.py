"""The way to the carrier's own page for a card's ID verification, for staff and for the card's owner."""

from django.shortcuts import redirect
from django.utils.translation import gettext as _

from cards.carriers.actions.real_name_links import TooManyLinks, fetch_real_name_link
from cards.carriers.pages.card_panel import MAY_ASK_CARRIER
from cards.carriers.pages.link_told import LinkTold
from cards.choices import Action
from cards.errors import BadInput
from cards.pages.frames import CONSOLE, MY, SAFE, Framed, acting
from cards.pages.own_card import find
from cards.permissions import Actor


class RealNameLinkPages(Framed):
    """Asks the carrier for the address when it is posted for, and shows it; there is nothing to look at before."""

    asks = MAY_ASK_CARRIER

    @acting(*SAFE, "POST")
    def page(self, request, iccid):
        card = find(request.user, iccid)
        if not (self.frame.for_staff or Actor.of(request.user).may(Action.SUBMIT_REAL_NAME, card)):
            return self.frame.refuse(request)
        if request.method != "POST":
            return redirect(self.frame.url("card", card.iccid))
        told, complaint = None, ""
        try:
            told = LinkTold(fetch_real_name_link(card, request.user))
        except BadInput as bad:
            complaint = self._said(bad)
        context = {"card": card, "told": told, "complaint": complaint}
        return self.frame.page(request, "cards/real_name_link.html", context, 422 if complaint else None)

    def _said(self, bad):
        """A customer reads neither the carrier's words nor how it is connected."""
        if self.frame.for_staff or isinstance(bad, TooManyLinks):
            return str(bad.sentence)
        return _("The carrier gives no link for this card at the moment. Try again later, or ask us.")


CONSOLE_LINKS, MY_LINKS = RealNameLinkPages(CONSOLE), RealNameLinkPages(MY)
