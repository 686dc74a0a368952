"""A customer's orders: the list, and the page of one, which is its receipt once it is paid."""

from django.views.decorators.http import require_safe

from billing.models import Order
from billing.pages.order_labels import money_badge
from billing.pages.order_outcome import order_outcome
from billing.views.orders import OrderPages
from billing.views.together import TogetherPages
from cards.pages.addresses import places_in, queries_beside
from cards.pages.frames import MY, member_required, my_page
from cards.paging import TALL_ROWS_PER_PAGE, page_of


@member_required
@require_safe
def order_list(request):
    """The newest orders of this member's customers."""
    seen = Order.objects.visible_to(request.user).select_related("customer", "plan")
    page = page_of(seen, TALL_ROWS_PER_PAGE, *places_in(request.GET))
    entries = [(order, money_badge(order)) for order in page.rows]
    return my_page(request, "my/orders.html", {"entries": entries, "page": page, **queries_beside(page, request.GET)})


class MyOrders(OrderPages):
    template = "my/order.html"

    def context(self, order, request):
        return super().context(order, request) | {"outcome": order_outcome(order, request.user)}


MY_ORDERS = MyOrders(MY)
MY_TOGETHER = TogetherPages(MY)
