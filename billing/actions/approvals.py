"""What waits for a second person: approved and done, or declined, once. Refunds and adjustments wait by themselves."""

from datetime import timedelta

from django.db import transaction

from billing.actions.accounts import keep_proposed_agreement
from billing.actions.chargebacks import charge_back_proposed
from billing.actions.merging import merge_proposed
from billing.actions.prices import set_proposed_price
from billing.actions.receipts import record_proposed, reverse_proposed
from billing.actions.refunds import expire_refund
from billing.actions.unmatched import clear_proposed
from billing.actions.withdrawals import forget_account, withdraw_proposed
from billing.choices import Deed, ProposalState
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Proposal, Refund
from billing.permissions import may_decide, may_withdraw_money, require
from cards.calendar import this_moment

CARRY_OUT = {
    Deed.RECEIPT: record_proposed,
    Deed.REVERSAL: reverse_proposed,
    Deed.CLEARING: clear_proposed,
    Deed.TERMS: keep_proposed_agreement,
    Deed.PRICE: set_proposed_price,
    Deed.WITHDRAWAL: withdraw_proposed,
    Deed.CHARGEBACK: charge_back_proposed,
    Deed.MERGE: merge_proposed,
}


def approve_proposal(proposal, *, user):
    """Approve what waits, and do it, once; who asked for it may not.

    Raises `MoneyRefused`, and where it can be done no more, what doing it raises: `BadInput` or `ValidationError`.
    """
    with transaction.atomic():
        proposal = _locked(proposal, user)
        if not proposal.waits:
            return proposal
        if user == proposal.asked_by:
            raise MoneyRefused("own_request")
        CARRY_OUT[proposal.deed](proposal, user)
        return _decide(proposal, ProposalState.APPROVED, user)


def decline_proposal(proposal, *, user):
    """Nothing is done of it; who asked for it may say so too."""
    with transaction.atomic():
        proposal = _locked(proposal, user)
        return _decide(proposal, ProposalState.DECLINED, user) if proposal.waits else proposal


def take_back_withdrawal(proposal, *, user):
    """Nothing comes of a withdrawal that waits, says whoever may ask for one; `MoneyRefused` once it is approved."""
    require(lambda user: may_withdraw_money(user, proposal.customer_id), user)
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update().get(pk=proposal.pk, deed=Deed.WITHDRAWAL)
        if proposal.is_approved:
            raise MoneyRefused("withdrawal_decided")
        return _decide(proposal, ProposalState.DECLINED, user) if proposal.waits else proposal


def expire_waiting(now):
    """End what nobody approved or declined in time, refunds too; how many. Adjustments expire as orders do."""
    asked_before = now - timedelta(days=MoneyRules.read().approval_days)
    ended = 0
    for proposal in Proposal.objects.waiting().filter(asked_at__lte=asked_before):
        with transaction.atomic():
            proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
            if proposal.waits:
                _decide(proposal, ProposalState.EXPIRED, None)
                ended += 1
    late = Refund.objects.waiting().filter(asked_at__lte=asked_before)
    return ended + sum(expire_refund(refund) for refund in late)


def _locked(proposal, user):
    """What waits as it is now, and nobody else decides it; `MoneyRefused` for whoever may not."""
    require(lambda user: may_decide(user, proposal.deed), user)
    related = ("customer", "asked_by", "receipt__customer", "receipt__entry")
    return Proposal.objects.select_for_update(of=("self",)).select_related(*related).get(pk=proposal.pk)


def _decide(proposal, state, user):
    proposal.state, proposal.decided_by, proposal.decided_at = state, user, this_moment()
    if proposal.deed == Deed.WITHDRAWAL:
        forget_account(proposal)
    proposal.save(update_fields=["state", "decided_by", "decided_at", "receipt", "after"])
    return proposal
