"""What can be bought for one card now: each plan and pack with its price, and what would follow."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile

from billing.actions.lines import Offers
from billing.choices import OrderKind
from billing.models import Order
from billing.rules import PLAN_KINDS, Shown, digest_of
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.errors import Refused
from cards.models import Card, Plan


@dataclass(frozen=True)
class Option:
    """A plan or a pack for a card: what is shown of it, and the card as it would be; or why it cannot be bought now.

    `in_line` is the card as it would be once all that was ordered before is paid too.
    """

    kind: str
    plan: Plan
    shown: Shown | None = None
    after: Card | None = None
    in_line: Card | None = None
    refused: Refused | None = None

    @property
    def price(self) -> Decimal | None:
        return self.shown and self.shown.total


def options_for(card, kind, *, user=None, is_guest=False):
    """The plans (`renewal`) or packs (`pack`) on sale for this card. What has no price for its customer is left out.

    `user` buys, or somebody without an account (`is_guest`), at their price. A renewal is offered to a card that is
    renewed already too: as one more term.
    """
    (card,) = attach_ordered(attach_queues([card]))
    order = Order(kind=kind, customer_id=card.customer_id, created_by=user, is_guest=is_guest, also_renewed=True)
    offers, options = Offers(order), []
    for plan, shown in on_sale(offers):
        offers.plans = {card.pk: plan}
        try:
            _made, after = offers.quote_for(card)
        except Refused as refused:
            options.append(Option(kind, plan, refused=refused))
        else:
            options.append(Option(kind, plan, shown, after, offers.in_line(card)))
    return options


def on_sale(offers):
    """(plan, what is shown of it) of each plan that such an order sells at a price, whatever the card says to it."""
    for plan in Plan.objects.filter(kind=PLAN_KINDS[OrderKind(offers.order.kind)], is_sold=True):
        terms = offers.terms_of(plan)
        if terms.price is not None:
            yield plan, Shown(Decimal(terms.price), digest_of({terms: 1}))


def own_term(order, card, plan=None):
    """The card as it would be once this order's renewal is paid, behind all that was ordered before it.

    `plan` is what was sold, None of a draft. None where the card would refuse it now.
    """
    (card,) = attach_ordered(attach_queues([card]))
    card.on_order = [*takewhile(lambda term: term.order_key != order.pk, card.on_order)]
    offers = Offers(order)
    if plan:
        offers.plans = {card.pk: plan}
    else:
        offers.of([card])
    return offers.in_line(card)
