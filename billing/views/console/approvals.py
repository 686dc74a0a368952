"""Approvals in the console: everything that waits for a second person, and the page of what somebody proposed."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.actions.approvals import approve_proposal, decline_proposal
from billing.choices import Deed
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Proposal, UnmatchedPayment
from billing.pages.approval_lines import (
    APPROVAL_COLUMNS,
    about_proposal,
    earlier_context,
    everything_expired,
    everything_waiting,
)
from billing.pages.merging import merging_context
from billing.pages.order_labels import money_badge
from billing.pages.terms_lines import proposed_prices, values_of
from billing.pages.withdrawal_rows import withdrawal_context
from billing.permissions import may_decide
from cards.errors import BadInput
from cards.models import CancellingRules
from cards.pages.downloads import list_as_csv
from cards.pages.frames import console_page, permitted

PROPOSAL_STEPS = {"approve": approve_proposal, "decline": decline_proposal}
PROPOSAL_WITH = ("customer", "receipt", "asked_by", "decided_by")


@permitted("billing.view_proposal")
@require_safe
def approvals(request):
    """Everything that waits for a second person or waited in vain, or (`mine=1`) what this person may decide of that;
    and how many payments are to be cleared."""
    only_for = _only_for(request)
    context = {
        "waiting": everything_waiting(only_for),
        "expired": everything_expired(only_for),
        "is_mine": only_for is not None,
        "rules": MoneyRules.read(),
        "cancelling": CancellingRules.read(),
        "to_clear": UnmatchedPayment.objects.waiting().count(),
    }
    return console_page(request, "console/money/approvals.html", context)


@permitted("billing.view_proposal")
@require_safe
def approvals_csv(request):
    """The same as a file: what waits, then what waited in vain."""
    only_for = _only_for(request)
    found = [*everything_waiting(only_for), *everything_expired(only_for)]
    return list_as_csv(request, _("approvals"), APPROVAL_COLUMNS, found)


@permitted("billing.view_proposal")
@require_safe
def proposal_page(request, pk):
    """What somebody wants to do and may not alone: before and after, and what they did alone before."""
    proposal = _find(pk)
    price, may = proposed_prices([proposal]).get(proposal.pk), may_decide(request.user, proposal.deed)
    context = {
        "proposal": proposal,
        "about": about_proposal(proposal, price),
        "badge": money_badge(proposal),
        "price": price,
        "values": values_of(proposal.deed, proposal.before, proposal.after) if proposal.before else [],
        "is_mine": proposal.asked_by_id == request.user.pk,
        "may_decide": may,
        **earlier_context(proposal.asked_by, proposal.customer, proposal.amount),
    }
    if proposal.deed == Deed.WITHDRAWAL:
        context |= withdrawal_context(proposal)
    if proposal.deed == Deed.MERGE and proposal.waits:
        context |= merging_context(proposal)
    return console_page(request, "console/money/proposal.html", context)


@permitted("billing.view_proposal")
@require_POST
def proposal_step(request, pk, step):
    """Approve or decline it; done twice it is done once."""
    if step not in PROPOSAL_STEPS:
        raise Http404
    proposal = _find(pk)
    if not may_decide(request.user, proposal.deed):
        raise PermissionDenied
    try:
        PROPOSAL_STEPS[step](proposal, user=request.user)
    except ValidationError as wrong:
        messages.error(request, " ".join(wrong.messages))
    except (BadInput, MoneyRefused) as refused:
        messages.error(request, str(refused))
    return redirect("money:proposal", pk=pk)


def _only_for(request):
    """The person whose decisions are asked for; None for everybody's."""
    mine = request.GET.get("mine", "")
    if mine not in ("", "1"):
        raise Http404
    return request.user if mine else None


def _find(pk):
    return get_object_or_404(Proposal.objects.select_related(*PROPOSAL_WITH), pk=pk)
