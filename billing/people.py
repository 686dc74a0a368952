"""What is known of people where money is concerned, besides what they have signed."""

from django.utils.translation import gettext_lazy as _

from billing.choices import Deed
from billing.models import Proposal
from cards.people.personal_data import MEMBERS_AND_STAFF, KindOfData


def _bank_accounts(user):
    """Those to which this person asked for money, with each withdrawal; of what was not approved none is kept."""
    asked = Proposal.objects.filter(asked_by=user, deed=Deed.WITHDRAWAL).select_related("withdrawal", "customer")
    for proposal in asked.order_by("pk"):
        withdrawal = getattr(proposal, "withdrawal", None)
        number = withdrawal.account_number if withdrawal else proposal.after.get("account_number")
        if number:
            said = withdrawal or proposal
            yield {
                "customer": proposal.customer.name,
                "amount": str(proposal.amount),
                "asked_at": proposal.asked_at,
                "state": said.state,
                "bank": withdrawal.bank if withdrawal else proposal.after["bank"],
                "account_name": withdrawal.account_name if withdrawal else proposal.after["account_name"],
                "account_number": number,
            }


MONEY_DATA = (
    KindOfData(
        "bank_accounts",
        _("Bank accounts to which you asked for money"),
        _("so that it arrives, and it can be shown where it went"),
        _("until {years} years after it was paid out; then the last digits, as long as the books"),
        MEMBERS_AND_STAFF,
        _bank_accounts,
    ),
)
