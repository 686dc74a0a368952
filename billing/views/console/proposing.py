"""What a page says when something waits for a second person instead of being done."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _


def to_proposal(request, proposal):
    """Lead whoever asked to the page of what waits now, which they send to a colleague."""
    messages.info(request, _("Nothing is done yet: this needs approval by a colleague. Send them this page."))
    return redirect("money:proposal", pk=proposal.pk)
