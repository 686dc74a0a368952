"""A customer's orders: the list, and the page of one, which is its receipt once it is paid."""

from django.db.models import Count, Sum
from django.http import HttpResponse
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_safe

from billing.actions.reminders import unpaid_orders
from billing.models import Order
from billing.money import yuan
from billing.pages.order_labels import money_badge
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


@member_required
@require_safe
def orders_to_pay(request):
    """How many orders wait for payment, and what they come to, in a line of HTML, for the page that asks for it."""
    waiting = unpaid_orders().visible_to(request.user).aggregate(count=Count("pk"), total=Sum("total"))
    if not waiting["count"]:
        return HttpResponse(pgettext("orders", "Orders"))
    said = ngettext("{count} order to pay: {total}", "{count} orders to pay: {total}", waiting["count"])
    return HttpResponse(said.format(count=f"{waiting['count']:,}", total=yuan(waiting["total"])))


class MyOrders(OrderPages):
    template = "my/order.html"


MY_ORDERS = MyOrders(MY)
MY_TOGETHER = TogetherPages(MY)
