"""Orders that were drafted together, for staff and for customers: one table, and one click for all or some of them."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from billing.actions.orders import refresh_drafts
from billing.actions.together import TOGETHER_STEPS, take_together
from billing.forms import shown_in
from billing.models import Order
from billing.pages.orders_together import tell_of_answers, together_rows, together_steps, together_sums
from cards.models import Selection
from cards.pages.addresses import places_in, queries_beside
from cards.pages.frames import SAFE, Framed, entering
from cards.pages.selecting import MOST_CHECKED
from cards.paging import OLDEST, ROWS_PER_PAGE, key_in, page_of


class TogetherPages(Framed):
    """The orders of a selection; whoever sees an order sees it here too, with those that were drafted beside it."""

    asks = "billing.view_order"

    @entering(*SAFE)
    def page(self, request, pk):
        """Each order with its customer, cards, price, wallet and what is short there; drafts at the prices of today."""
        page = self.read_page(request, pk)
        if refresh_drafts(page.rows):
            page = self.read_page(request, pk)
        rows = together_rows(page.rows)
        context = {
            "selection": pk,
            "rows": rows,
            "sums": together_sums(rows),
            "steps": together_steps(rows, request.user),
            "has_groups": any(row.groups or row.unserved for row in rows),
            "polls": any(row.order.job.is_at_work for row in rows),
            "page": page,
            **queries_beside(page, request.GET),
        }
        return self.frame.page(request, "billing/together.html", context)

    @entering("POST")
    def take(self, request, pk, step):
        """Take a step on the chosen orders, on each by itself, as it was shown; and say what became of each."""
        if step not in TOGETHER_STEPS:
            raise Http404
        chosen = [key_in(text) for text in request.POST.getlist("ids")]
        if len(chosen) > MOST_CHECKED or None in chosen:
            raise BadRequest("these are not the orders of one page")
        found = list(self.orders(request, pk).filter(pk__in=chosen).order_by("pk"))
        asked = found or list(self.orders(request, pk)[:1])
        if not asked and not Selection.objects.filter(pk=pk, owner=request.user).exists():
            raise Http404
        if not all(TOGETHER_STEPS[step].may(request.user, order) for order in asked):
            return self.frame.refuse(request)
        if not chosen:
            messages.error(request, _("No orders are selected: there is nothing to do yet."))
        shown = {order.pk: seen for order in found if (seen := _seen(request.POST, order))}
        answers = take_together(step, found, user=request.user, shown=shown)
        tell_of_answers(request, step, answers, gone=len({*chosen}) - len(found))
        return self.back(request, pk)

    def orders(self, request, pk):
        seen = Order.objects.visible_to(request.user).filter(selection=pk)
        return seen.select_related("customer", "plan", "job")

    def read_page(self, request, pk):
        page = page_of(self.orders(request, pk), ROWS_PER_PAGE, *places_in(request.GET), order=OLDEST)
        if not page.rows:
            raise Http404
        return page

    def back(self, request, pk):
        """The same page of the table, or the list of orders where nothing is left of them."""
        if not self.orders(request, pk).exists():
            return redirect(self.frame.money_url("order-list"))
        query = request.GET.urlencode()
        return redirect(self.frame.money_url("orders-together", pk) + (f"?{query}" if query else ""))


def _seen(posted, order):
    """What the form shows of a draft; nothing of what was placed before."""
    terms = posted.get(f"terms-{order.pk}")
    return terms and shown_in({"total": posted.get(f"total-{order.pk}", ""), "terms": terms})
