"""Withdrawals as customers and staff see them, from the request on; and what whoever approves one looks at."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.actions.ledger import account_of
from billing.actions.left_of_payments import payments_with_left
from billing.actions.providers import provider_label
from billing.choices import Deed, WithdrawalWay
from billing.models import Proposal, Withdrawal
from billing.money import ZERO
from billing.pages.order_labels import money_badge
from cards.pages.badges import Badge
from cards.pages.downloads import instant_cell

WITHDRAWALS_SHOWN = 5
PAYMENTS_SHOWN = 10
DIGITS_SHOWN = 4
WITHDRAWAL_WITH = ("customer", "proposal__asked_by", "proposal__decided_by", "paid_by", "entry", "end_entry")


def account_told(number):
    """A bank account's number where it need not be read: its last digits."""
    return number and _("ending in {digits}").format(digits=number[-DIGITS_SHOWN:])


WITHDRAWAL_COLUMNS = (
    (pgettext_lazy("entry", "Withdrawal"), str),
    (gettext_lazy("State"), lambda row: row.get_state_display()),
    (pgettext_lazy("money", "Amount"), lambda row: row.amount),
    (gettext_lazy("Customer"), lambda row: str(row.customer)),
    (pgettext_lazy("withdrawal", "Way"), lambda row: row.get_way_display()),
    (gettext_lazy("Bank"), lambda row: row.bank),
    (gettext_lazy("Bank account number"), lambda row: account_told(row.account_number)),
    (gettext_lazy("Requested by"), lambda row: row.proposal.asked_by.get_username()),
    (gettext_lazy("Approved by"), lambda row: row.proposal.decided_by.get_username()),
    (gettext_lazy("Approved at"), lambda row: instant_cell(row.proposal.decided_at)),
    (gettext_lazy("Bank's reference"), lambda row: row.bank_reference),
    (gettext_lazy("Ended at"), lambda row: instant_cell(row.ended_at)),
)


@dataclass(frozen=True)
class WithdrawalRow:
    """A withdrawal that somebody asked for; `withdrawal` is None as long as nobody has approved it."""

    proposal: Proposal
    withdrawal: Withdrawal | None
    badge: Badge
    way: str
    account: str


def withdrawal_rows(customer):
    """The last withdrawals that were asked for out of a customer's wallet, the newest first."""
    asked = Proposal.objects.filter(customer=customer, deed=Deed.WITHDRAWAL).select_related("withdrawal")
    return [_row(proposal) for proposal in asked.order_by("-pk")[:WITHDRAWALS_SHOWN]]


def withdrawal_badge(withdrawal):
    """How far an approved withdrawal has come."""
    tone = money_badge(withdrawal).tone if withdrawal.is_over else "info"
    return Badge(withdrawal.get_state_display(), tone)


def withdrawal_context(proposal):
    """For the page of a request: where the money goes, what there is, and what came online and can go back there."""
    found = payments_with_left(proposal.customer_id)
    withdrawal = getattr(proposal, "withdrawal", None)
    return {
        "withdrawal": withdrawal,
        "way": WithdrawalWay(proposal.after["way"]).label,
        "payee": withdrawal or proposal.after,
        "wallet": account_of(proposal.customer_id),
        "returnable": sum((left for _payment, left in found), ZERO),
        "paid_in": [(payment, provider_label(payment.provider), left) for payment, left in found[:PAYMENTS_SHOWN]],
    }


def _row(proposal):
    withdrawal = getattr(proposal, "withdrawal", None)
    badge = withdrawal_badge(withdrawal) if withdrawal else money_badge(proposal)
    number = withdrawal.account_number if withdrawal else proposal.after.get("account_number", "")
    way = WithdrawalWay(proposal.after["way"]).label
    return WithdrawalRow(proposal, withdrawal, badge, way, account_told(number))
