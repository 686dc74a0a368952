"""A customer's orders: the list, and the page of one, which is its receipt once it is paid."""

from django.views.decorators.http import require_safe

from billing.models import Order
from billing.pages.order_labels import badge_of
from billing.views.orders import OrderPages
from cards.pages.addresses import places_in, queries_beside
from cards.pages.frames import MY, member_required, my_page
from cards.paging import page_of

PAGE_SIZE = 30


@member_required
@require_safe
def order_list(request):
    """The newest orders of this member's customers."""
    seen = Order.objects.visible_to(request.user).select_related("customer", "plan")
    page = page_of(seen, PAGE_SIZE, *places_in(request.GET))
    entries = [(order, badge_of(order)) for order in page.rows]
    return my_page(request, "my/orders.html", {"entries": entries, "page": page, **queries_beside(page, request.GET)})


class MyOrders(OrderPages):
    template = "my/order.html"


MY_ORDERS = MyOrders(MY)
