"""What pages say of two customers that become one: what would move, what stands in the way, and what was done."""

from dataclasses import dataclass
from decimal import Decimal

from billing.actions.ledger import account_of, check_bears
from billing.actions.merging import obstacles
from billing.choices import Deed
from billing.errors import MoneyRefused
from billing.models import Order, Proposal
from cards.models import Card, CardRequest, Customer, Membership
from cards.paging import counts_up_to

COUNTED_TO_MERGE = 10_000


@dataclass(frozen=True)
class MergingPreview:
    """What would go from `former` to `target`. `hindered` are the sentences of what has to be settled first."""

    former: Customer
    target: Customer
    cards: str
    members: int
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
        f"{COUNTED_TO_MERGE:,}+" if cards > COUNTED_TO_MERGE else f"{cards:,}",
        Membership.objects.filter(customer=former).count(),
        Order.objects.filter(customer=former).under_way().count(),
        CardRequest.objects.filter(customer=former).waiting().count(),
        wallet.balance,
        hindered,
    )


def merging_of(customer):
    """The approved request by which a customer was merged, with its job in `after`; None where there is none."""
    approved = Proposal.objects.filter(deed=Deed.MERGE, customer=customer).approved()
    return approved.select_related("asked_by", "decided_by").first()
