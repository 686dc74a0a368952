"""Terms that are on their way to cards: whoever sells them says so here, in the transaction of the order.

Nothing happens to the card by it: its rules go on as if nothing was ordered, until the term joins its queue.
"""

from collections import defaultdict

from cards.actions.bulk import insert_rows
from cards.models import OrderedTerm

ORDERED_COLUMNS = (
    *("card_id", "plan_id", "months", "alignment", "quota_mb"),
    *("order_key", "order_number", "customer_id", "ordered_on", "is_paid"),
)


def order_terms(terms, *, order_key, order_number, customer_id, on):
    """Note that an order will bring each of these terms: (card, plan, months, alignment, MB per cycle), by their keys.

    The order is not paid yet.
    """
    order = (order_key, order_number, customer_id, on, False)
    insert_rows(OrderedTerm, ORDERED_COLUMNS, [(*term, *order) for term in terms])


def ordered_terms_are_paid(order_key):
    """The terms of an order are paid, and the dealer owes them."""
    OrderedTerm.objects.filter(order_key=order_key).update(is_paid=True)


def end_ordered_terms(order_key, card_ids=None):
    """The terms of an order (for these cards alone) are on their way no longer: they have come, or never will."""
    terms = OrderedTerm.objects.filter(order_key=order_key)
    (terms if card_ids is None else terms.filter(card__among=card_ids)).delete()


def attach_ordered(cards):
    """Give each card the terms that are on order for its customer, as they were ordered: one query for all of them."""
    ordered = defaultdict(list)
    terms = OrderedTerm.objects.filter(card__among=[card.pk for card in cards]).select_related("plan")
    for term in terms.order_by("pk"):
        ordered[term.card_id, term.customer_id].append(term)
    for card in cards:
        card.on_order = ordered[card.pk, card.customer_id]
    return cards
