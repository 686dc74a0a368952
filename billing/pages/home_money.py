"""What of money waits for a customer's member on the first page: orders to pay, and cards that did not renew."""

from dataclasses import dataclass

from django.db.models import Count

from billing.actions.auto_renew import missed_renewals
from billing.actions.reminders import unpaid_orders
from billing.choices import MissedWhy
from cards.calendar import civil_today
from cards.choices import label_of
from cards.scope import Scope

ORDERS_SHOWN = 5


@dataclass(frozen=True)
class MissedForOne:
    """How many cards did not renew for one reason; `is_short` if the wallet had too little money."""

    why: str
    label: str
    cards: int
    is_short: bool


def money_of_home(user):
    """The next orders to pay, the soonest due first, and the missed renewals by reason."""
    unpaid = list(
        unpaid_orders().visible_to(user).select_related("plan").order_by("expires_at", "pk")[: ORDERS_SHOWN + 1]
    )
    missed = missed_renewals(civil_today()).filter(customer__in=list(Scope.of(user).roles))
    counts = missed.order_by().values_list("why").annotate(Count("pk")).order_by("why")
    return {
        "unpaid": unpaid[:ORDERS_SHOWN],
        "is_more": len(unpaid) > ORDERS_SHOWN,
        "missed": [MissedForOne(why, label_of(MissedWhy, why), cards, why == MissedWhy.SHORT) for why, cards in counts],
    }
