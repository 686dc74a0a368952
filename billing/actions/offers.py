"""What can be bought for one card now: each plan and pack with its price, and what would follow."""

from dataclasses import dataclass
from decimal import Decimal

from billing.actions.lines import Offers
from billing.choices import OrderKind
from billing.models import Order
from billing.rules import PLAN_KINDS, Shown, digest_of
from cards.actions.write import attach_queues
from cards.errors import Refused
from cards.models import Card, Plan


@dataclass(frozen=True)
class Option:
    """A plan or a pack for a card: what is shown of it, and the card as it would be; or why it cannot be bought now."""

    kind: str
    plan: Plan
    shown: Shown | None = None
    after: Card | None = None
    refused: Refused | None = None

    @property
    def price(self) -> Decimal | None:
        return self.shown and self.shown.total


def options_for(card, kind, *, user):
    """The plans (`renewal`) or packs (`pack`) on sale for this card. What has no price for its customer is left out."""
    (card,) = attach_queues([card])
    offers = Offers(Order(kind=kind, customer=card.customer, created_by=user))
    plans = Plan.objects.filter(kind=PLAN_KINDS[OrderKind(kind)], is_sold=True)
    options = []
    for plan in plans:
        if offers.book.quote(card.customer_id, plan.pk, offers.today) is None:
            continue
        offers.plans = {card.pk: plan}
        try:
            made, after = offers.quote_for(card)
        except Refused as refused:
            options.append(Option(kind, plan, refused=refused))
        else:
            shown = Shown(made.quote.amount, digest_of({offers.terms_of(plan): 1}))
            options.append(Option(kind, plan, shown, after))
    return options
