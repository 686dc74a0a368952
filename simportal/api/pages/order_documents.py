"""Orders as the API writes them out: what they come to, how far they are, and which cards they were not sold for."""

from django.urls import reverse

from billing.errors import MoneyRefused
from billing.models import Order
from cards.pages.job_outcomes import groups_of_check
from simportal.api.models import OrderReference
from simportal.api.pages.written import as_instant

ORDER_MARK = "ord_"


def order_documents(orders):
    """The documents of these orders; what their programs call them is read once for all."""
    found = OrderReference.objects.filter(order__in=[order.pk for order in orders])
    names = dict(found.values_list("order", "reference"))
    return [_document(order, names.get(order.pk)) for order in orders]


def refusals_of(order):
    """The cards for which an order sells nothing, by reason, each with some of their ICCIDs."""
    if order.job is None:
        return []
    groups = groups_of_check(order.job, MoneyRefused)
    return [
        {
            "code": group.code,
            "detail": str(group.refused.sentence),
            "way_out": str(group.refused.way_out),
            "count": group.count,
            "examples": group.cards,
        }
        for group in groups
    ]


def shown_orders(user):
    """The orders that this customer's programs see: theirs, and none that is a draft still."""
    return Order.objects.visible_to(user).beyond_drafts().select_related("plan", "job")


def _document(order, reference):
    name = f"{ORDER_MARK}{order.pk}"
    return {
        "id": name,
        "number": order.number,
        "client_reference": reference,
        "kind": order.kind,
        "plan": order.plan and order.plan.code,
        "state": order.state,
        "cards": order.size,
        "total": str(order.total),
        "refunded": str(order.refunded),
        "created_at": as_instant(order.created_at),
        "placed_at": as_instant(order.placed_at),
        "pay_before": as_instant(order.expires_at),
        "paid_at": as_instant(order.paid_at),
        "ended_at": as_instant(order.ended_at),
        "links": {"self": reverse("api-v1:get_order", kwargs={"order": name})},
    }
