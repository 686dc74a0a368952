"""Terms that are on their way to cards: whoever sells them says so here, in the transaction of the order.

Nothing happens to the card by it: its rules go on as if nothing was ordered, until the term joins its queue.
"""

from collections import defaultdict

from django.db.models import Value

from cards.actions.bulk import insert_selected
from cards.models import OrderedTerm

SOLD_COLUMNS = ("card_id", "plan_id", "months", "alignment", "quota_mb")
ORDER_COLUMNS = ("order_key", "order_number", "customer_id", "ordered_on", "is_paid")


def order_terms(sold, *, order_key, order_number, customer_id, on):
    """Note that an order will bring a term to the card of each row of this query, which has those of `SOLD_COLUMNS`.

    The order is not paid yet.
    """
    order = (order_key, order_number, customer_id, on, False)
    fields = map(OrderedTerm._meta.get_field, ORDER_COLUMNS)
    same = [Value(value, output_field=field) for value, field in zip(order, fields, strict=True)]
    rows = sold.order_by("card").values_list(*SOLD_COLUMNS, *same)
    insert_selected(OrderedTerm, (*SOLD_COLUMNS, *ORDER_COLUMNS), rows)


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
