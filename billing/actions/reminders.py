"""What customers are reminded of: orders that wait for their payment, payments that came to nothing, credit in use.

What a guest has ordered, and what waits for a second person, is no affair of theirs.
"""

from collections import defaultdict
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import TruncDate

from billing.actions.ledger import wallet_locked
from billing.actions.payments import PAID_WITHIN
from billing.actions.wallets_below import overdrawn_wallets
from billing.choices import NoticeKind, OrderKind, PaymentState
from billing.models import Notice, Order, Payment
from billing.money import ZERO
from cards.calendar import WEEK, this_moment


def remind(today, muted):
    """Write what customers are to be reminded of as of today; `muted` are, by kind, those who do not want to hear it.

    An order is told of on the day after it was placed, and on the day before it expires; credit when its use begins,
    and then each week while it lasts.
    """
    due = [*_of_unpaid_orders(today, muted), *_of_credit(today, muted)]
    Notice.objects.bulk_create(due, ignore_conflicts=True)  # what somebody else wrote at the same moment is there
    _tell_failed_payments(today, muted)


def unpaid_orders():
    """Orders that wait for their customers' payment, with the day on which they expire as `due_on`."""
    waiting = Order.objects.placed().filter(is_guest=False).exclude(kind=OrderKind.ADJUSTMENT)
    return waiting.annotate(due_on=TruncDate("expires_at"))


def _of_unpaid_orders(today, muted):
    """One for all orders of a customer that expire on the same day; none for what is being paid at this moment."""
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    waiting = unpaid_orders().annotate(placed_on=TruncDate("placed_at")).exclude(_is_being_paid())
    told = waiting.filter(Q(due_on=tomorrow) | Q(placed_on=yesterday, due_on__gte=today))
    found = defaultdict(list)
    for order in told.exclude(customer__among=muted[NoticeKind.PAYMENT_DUE]).order_by("pk"):
        found[order.customer_id, order.due_on].append(order)
    for (customer_id, due_on), orders in found.items():
        facts = {"orders": len(orders), "order": orders[0].number, "amount": _sum(orders)}
        yield Notice(
            kind=NoticeKind.PAYMENT_DUE, customer_id=customer_id, on=due_on, step=(due_on - today).days, facts=facts
        )


def _of_credit(today, muted):
    for account in overdrawn_wallets().exclude(pk__in=muted[NoticeKind.CREDIT_DUE]):
        weeks, facts = (today - account.since).days // WEEK, {"told": str(today), "amount": str(-account.balance)}
        yield Notice(
            kind=NoticeKind.CREDIT_DUE, customer_id=account.pk, on=account.since, step=weeks * WEEK, facts=facts
        )


def _is_being_paid():
    begun = Payment.objects.filter(order=OuterRef("pk"), state=PaymentState.STARTED)
    return Exists(begun.filter(started_at__gte=this_moment() - PAID_WITHIN))


def _tell_failed_payments(today, muted):
    """Tell of orders that still wait though somebody began to pay them online yesterday, and nobody does any more."""
    tried = Payment.objects.alias(day=TruncDate("started_at")).filter(
        order=OuterRef("pk"), day=today - timedelta(days=1)
    )
    waiting = unpaid_orders().filter(Exists(tried.filter(state=PaymentState.CLOSED))).exclude(_is_being_paid())
    found = defaultdict(list)
    for order in waiting.exclude(customer__among=muted[NoticeKind.PAYMENT_FAILED]).order_by("pk"):
        found[order.customer_id].append(order)
    for customer_id, orders in found.items():
        with wallet_locked(customer_id):  # two at once tell it once
            _tell_failed(customer_id, orders, today - timedelta(days=1))


def _tell_failed(customer_id, orders, day):
    given = Notice.objects.filter(kind=NoticeKind.PAYMENT_FAILED, customer=customer_id, on=day)
    told = set(given.values_list("facts__order", flat=True))
    for order in orders:
        if order.number not in told:
            facts = {"order": order.number, "amount": str(order.total)}
            Notice.objects.create(kind=NoticeKind.PAYMENT_FAILED, customer_id=customer_id, on=day, facts=facts)


def _sum(orders):
    return str(sum((order.total for order in orders), ZERO))
