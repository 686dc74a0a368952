"""What of money waits for a customer's member on the first page: orders to pay, and cards that did not renew."""

import uuid
from dataclasses import dataclass

from django.db.models import Count, Q

from billing.actions.auto_renew import missed_renewals
from billing.actions.reminders import unpaid_orders
from billing.choices import MissedWhy
from cards.calendar import civil_today
from cards.choices import label_of
from cards.scope import Scope

ORDERS_SHOWN = 5


@dataclass(frozen=True)
class MissedForOne:
    """How many cards did not renew for one reason; `is_short` if this member's wallet had too little money."""

    why: str
    label: str
    cards: int
    is_short: bool


def missed_within(scope):
    """The renewals that the customers of this scope missed."""
    return missed_renewals(civil_today()).filter(customer__in=list(scope.roles))


def money_of_home(user):
    """The next orders to pay, the soonest due first, with whether this member may; the missed renewals by reason."""
    scope = Scope.of(user)
    unpaid = list(unpaid_orders().within(scope).select_related("plan").order_by("expires_at", "pk")[: ORDERS_SHOWN + 1])
    acts_for = scope.acts_for  # who acts for a customer may pay for it
    payable = Count("pk", filter=Q(customer__in=acts_for))
    missed = missed_within(scope).order_by().values_list("why").annotate(cards=Count("pk"), payable=payable)
    return {
        "unpaid": [(order, order.customer_id in acts_for) for order in unpaid[:ORDERS_SHOWN]],
        "is_more": len(unpaid) > ORDERS_SHOWN,
        "missed": [
            MissedForOne(why, label_of(MissedWhy, why), cards, why == MissedWhy.SHORT and payable > 0)
            for why, cards, payable in missed.order_by("why")
        ],
        "may_act": bool(acts_for),
        "key": uuid.uuid4(),
    }
