"""The console's orders: the list, and a new one for a selection or a pasted list."""

import uuid
from itertools import islice

from django.contrib import messages
from django.db.models import Sum
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_safe

from billing.actions import orders
from billing.choices import KIND_OF, OrderKind
from billing.filters import OrderFilter
from billing.forms import OrderForm
from billing.models import Order
from billing.pages.order_labels import money_badge
from billing.pages.order_rows import COLUMNS_OF_ORDERS, ORDER_WITH
from billing.pages.prospect import preselected, prices_for, prospect_of
from billing.views.together import TogetherPages
from cards.actions.selections import freeze_ids, ids_of
from cards.lookup import names_of
from cards.models import Card, Customer, Plan, Selection
from cards.pages.addresses import queries_beside
from cards.pages.downloads import list_as_csv
from cards.pages.frames import CONSOLE, console_page, permitted
from cards.pages.selection import PARTS_COUNTED
from cards.pages.way_back import way_back, with_way_back
from cards.paging import ROWS_PER_PAGE, key_in, page_of
from cards.phrases import listed
from cards.search import MOST_NUMBERS, Numbers, numbers_in

UNKNOWN_LISTED = 5
ORDERS_AT_ONCE = 500
CONSOLE_TOGETHER = TogetherPages(CONSOLE)


@permitted("billing.view_order")
@require_safe
def order_list(request):
    """The newest orders that the parameters ask for."""
    filtered = OrderFilter(request.GET, Order.objects.visible_to(request.user), request=request)
    page = page_of(filtered.qs.select_related(*ORDER_WITH), ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    shows_sums = request.GET.get("selection") and not complaints
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "entries": [(order, money_badge(order)) for order in page.rows],
        "page": page,
        **queries_beside(page, request.GET),
        "sums": filtered.qs.aggregate(Sum("total"), Sum("size")) if shows_sums else None,
        "may_order": request.user.has_perm("billing.place_order"),
    }
    return console_page(request, "console/money/orders.html", context, status=400 if complaints else None)


@permitted("billing.view_order")
@require_safe
def order_csv(request):
    """The same orders as a file, on all pages."""
    filtered = OrderFilter(request.GET, Order.objects.visible_to(request.user), request=request)
    found = filtered.qs.select_related(*ORDER_WITH).order_by("-pk").iterator(ORDERS_AT_ONCE)
    return list_as_csv(request, pgettext("orders", "orders"), COLUMNS_OF_ORDERS, found, filtered.complaints())


@permitted("billing.place_order")
@require_http_methods(["GET", "HEAD", "POST"])
def new_order(request):
    """The form of a new order, for a selection or a pasted list; it becomes a draft for each customer.

    What the address names is chosen already, with today's prices beside it.
    """
    selection = _selection(request)
    form = OrderForm(request.POST or None, _given(request), has_cards=selection is not None)
    if form.is_valid():
        selection = selection or _pasted(request, form)
        if selection:
            return _drafted(request, form.cleaned_data, selection)
    card_ids = _meant(request, form, selection)
    if not form.initial.get("plan"):
        form.initial["plan"] = preselected(form.initial.get("kind"), card_ids)
    said = form.data if form.is_bound else form.initial
    prospect = prospect_of(said.get("kind"), Plan.objects.filter(code=said.get("plan")).first(), card_ids)
    if prospect and prospect.only_customer:
        form.offer(prices_for(prospect.only_customer, said["kind"]))
    context = {
        "form": form,
        "selection": selection,
        "names": names_of(Customer),
        "prospect": prospect,
        "only_card": Card.objects.filter(pk__in=card_ids).first() if len(card_ids) == 1 else None,
    }
    return console_page(request, "console/money/order_new.html", context, status=422 if form.is_bound else None)


def _given(request):
    """What the address says of the order; an `action` of cards stands for what sells it."""
    given = {name: request.GET[name] for name in ("kind", "plan", "numbers", "customer") if name in request.GET}
    return given | ({"kind": KIND_OF[request.GET["action"]]} if request.GET.get("action") in KIND_OF else {})


def _meant(request, form, selection):
    """The cards that the form is for, as far as it says already; of a large selection the first ones."""
    if selection:
        return [pk for part in islice(ids_of(selection), PARTS_COUNTED) for pk in part]
    said = form.data if form.is_bound else form.initial
    numbers = Numbers(numbers_in(said.get("numbers", ""))[:MOST_NUMBERS])
    if numbers.numbers:
        numbers.narrow(Card.objects.visible_to(request.user))
    return numbers.card_ids


def _selection(request):
    text = request.POST.get("selection") or request.GET.get("selection", "")
    return get_object_or_404(Selection, pk=key_in(text), owner=request.user) if text else None


def _pasted(request, form):
    """The selection of a pasted list, or of all cards of a customer that are not cancelled; None, and the form says
    why, when not every number is a card."""
    meant, cards = form.cleaned_data["numbers"], Card.objects.visible_to(request.user)
    if form.whose:
        cards = cards.filter(customer=form.whose)
    cards = meant.narrow(cards) if meant.numbers else cards.not_cancelled()
    lost = meant.unknown + meant.ambiguous
    if lost and not form.cleaned_data["skips"]:
        sentence = ngettext(
            "{count} number matches no card or several: {numbers}",
            "{count} numbers match no card or several: {numbers}",
            len(lost),
        )
        shown = listed(lost[:UNKNOWN_LISTED]) + ("…" if len(lost) > UNKNOWN_LISTED else "")
        form.add_error("numbers", sentence.format(count=len(lost), numbers=shown))
        return None
    if not cards.exists():
        none = _("None of these numbers matches a card.") if meant.numbers else _("This customer has no cards.")
        form.add_error("numbers", none)
        return None
    key = uuid.uuid5(form.cleaned_data["key"], "selection")
    return freeze_ids(cards.values_list("pk", flat=True), owner=request.user, asked={"from": "list"}, key=key)


def _drafted(request, cleaned, selection):
    how = {"user": request.user, "plan": cleaned["plan"], "key": cleaned["key"]}
    if cleaned["kind"] == OrderKind.SALE:
        card_ids = [pk for part in ids_of(selection) for pk in part]
        made = [orders.draft_order(cleaned["kind"], cleaned["customer"], card_ids, selection=selection, **how)]
    else:
        made = orders.draft_for_selection(cleaned["kind"], selection, **how)
    if not made:
        messages.error(
            request, _("These cards are in stock, so there is no one to pay for them: sell or assign them first.")
        )
        return redirect("money:order-new")
    if len(made) == 1:
        return redirect(with_way_back(reverse("money:order", args=[made[0].pk]), way_back(request)))
    messages.info(
        request, _("The cards belong to {count} customers: there is one order for each.").format(count=len(made))
    )
    return redirect("money:orders-together", pk=selection.pk)
