"""The page to which the label of a card leads: whoever has the card in hand makes it theirs."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards import identifiers
from cards.actions.claims import claim
from cards.errors import BadInput
from cards.lookup import with_numbers_of_labels
from cards.pages.frames import member_required, my_page

LONGEST_NUMBER = 300  # characters that are read of what was typed: a scanner types the label's whole address
LONGEST_CODE = 64  # of which a code has 14


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def claim_card(request):
    """Asks for the card's number, which the label's QR code brings along, and the code that stands beside it.

    Also for people who have no customer yet: their first card makes one.
    """
    if request.method != "POST":
        return _page(request, request.GET.get("iccid", ""))
    typed = request.POST.get("iccid", "")[:LONGEST_NUMBER]
    try:
        iccid = identifiers.iccid(with_numbers_of_labels(typed))
    except BadInput as bad:
        return _page(request, typed, bad.sentence)
    card = claim(iccid, request.POST.get("code", "")[:LONGEST_CODE], user=request.user)
    if card is None:
        complaint = _(
            "The card number and code do not match. Check both against the label. After five "
            "failed attempts you must wait a day; if the label is right, ask your dealer for a "
            "new one."
        )
        return _page(request, typed, complaint)
    messages.success(request, _("The card is now yours."))
    return redirect("my:card", iccid=card.iccid)


def _page(request, iccid, complaint=""):
    return my_page(
        request, "my/claim.html", {"iccid": iccid[:LONGEST_NUMBER], "complaint": complaint, "longest": LONGEST_NUMBER}
    )
