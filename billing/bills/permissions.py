"""Who may do what with the bills of providers: all of the staff look, finance brings them and settles what differs."""

from cards.scope import Visitor

MAY_SETTLE_BILLS = "bills.settle_bill"


def may_settle(user: Visitor) -> bool:
    """Whether somebody may bring bills, record payouts and decide what does not agree."""
    return user.has_perm(MAY_SETTLE_BILLS)
