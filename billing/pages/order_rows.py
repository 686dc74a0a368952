"""Orders as staff have them in a file."""

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.pages.downloads import instant_cell

ORDER_WITH = ("customer", "plan")
COLUMNS_OF_ORDERS = (
    (pgettext_lazy("orders", "Order"), lambda order: order.number),
    (_("State"), lambda order: order.get_state_display()),
    (_("Kind"), lambda order: order.get_kind_display()),
    (_("Plan"), lambda order: order.plan.title if order.plan else ""),
    (_("Customer"), lambda order: str(order.customer)),
    (pgettext_lazy("count", "Lines"), lambda order: order.size),
    (pgettext_lazy("orders", "Total"), lambda order: None if order.is_draft else order.total),
    (capfirst(_("refunded")), lambda order: order.refunded),
    (_("Ordered at"), lambda order: instant_cell(order.created_at)),
    (_("Paid at"), lambda order: instant_cell(order.paid_at)),
)
