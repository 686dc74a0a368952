"""Customers are told of what has just happened to their money, in the transaction in which it does."""

from billing.actions.ledger import account_of
from billing.models import Notice
from cards.calendar import civil_today


def tell_at_once(customer_id, kind, card=None, **facts):
    """Let a customer know, each time, unless they do not want to hear of this kind (`TOLD_EACH_TIME`).

    Of `PAYMENT_KEPT` the facts are `amount` and `order` (its number); of `GUEST_PAID` these, and `what`, the code of
    the plan or pack; of `PAYMENT_FAILED`, where money could not be paid back to the customer, its `amount` alone.
    """
    if kind not in account_of(customer_id).muted:
        Notice.objects.create(customer_id=customer_id, kind=kind, card=card, on=civil_today(), facts=facts)
