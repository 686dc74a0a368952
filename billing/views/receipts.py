"""A receipt on paper, for staff and for its customer."""

from django.shortcuts import get_object_or_404

from billing.models import Receipt
from billing.pages.on_paper import receipt_on_paper
from cards.pages.frames import SAFE, Framed, entering


class ReceiptPages(Framed):
    """What both audiences see of a receipt."""

    asks = "billing.view_receipt"

    @entering(*SAFE)
    def printed(self, request, pk):
        seen = Receipt.objects.visible_to(request.user).select_related("customer__account", "entry")
        return receipt_on_paper(get_object_or_404(seen, pk=pk), request, self.frame)
