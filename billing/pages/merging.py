"""What pages say of two customers that become one: what would move, what stands in the way, and what was done."""

from dataclasses import dataclass
from decimal import Decimal

from billing.actions.ledger import account_of, check_bears
from billing.actions.merging import obstacles
from billing.choices import Deed
from billing.errors import MoneyRefused
from billing.models import Order, Proposal
from cards.models import Card, CardRequest, Customer, Membership
from cards.paging import count_label, counts_up_to

COUNTED_TO_MERGE = 10_000


@dataclass(frozen=True)
class MergingPreview:
    """What would go from `former` to `target`. `hindered` are the sentences of what has to be settled first."""

    former: Customer
    target: Customer
    cards: str
    members: list[Membership]
    orders: int
    requests: int
    balance: Decimal
    hindered: list[str]


def merging_preview(former, target):
    """Looked at without a lock: it is looked at again when it is asked for, and when it is approved."""
    (cards,) = counts_up_to(COUNTED_TO_MERGE, [Card.objects.filter(customer=former)])
    wallet = account_of(former.pk)
    hindered = list(obstacles(former, target))
    try:
        check_bears(account_of(target.pk), wallet.balance)
    except MoneyRefused as refused:
        hindered.append(str(refused))
    return MergingPreview(
        former,
        target,
        count_label(cards, COUNTED_TO_MERGE),
        members_of(former),
        Order.objects.filter(customer=former).under_way().count(),
        CardRequest.objects.filter(customer=former).waiting().count(),
        wallet.balance,
        hindered,
    )


def members_of(customer):
    """Who acts for a customer, and as what: those who would act for the other one."""
    return list(Membership.objects.of_people().filter(customer=customer).select_related("user").order_by("pk"))


def merging_context(proposal):
    """For whoever approves it: what is in both wallets now, or what they owe, and who comes to act for the other."""
    target = Customer.objects.get(pk=proposal.after["target"])
    wallets = [(customer, account_of(customer.pk).balance) for customer in (proposal.customer, target)]
    return {"wallets": wallets, "members": members_of(proposal.customer)}


def merging_of(customer):
    """The approved request by which a customer was merged, with its job in `after`; None where there is none."""
    approved = Proposal.objects.filter(deed=Deed.MERGE, customer=customer).approved()
    return approved.select_related("asked_by", "decided_by").first()
