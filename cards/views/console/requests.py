"""What customers ask about their cards: the queue, the page of one with its evidence, answering and closing it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.actions.requests import LONGEST_ANSWER, answer, close
from cards.choices import RequestStatus
from cards.errors import BadInput
from cards.models import CardRequest, Customer
from cards.pages.card_tabs import Chip
from cards.pages.downloads import list_as_csv
from cards.pages.frames import console_page, permitted
from cards.pages.request_labels import REQUEST_COLUMNS, facts_at_request, findings_of, request_badge
from cards.paging import NEWEST, OLDEST, ROWS_PER_PAGE, key_in, page_of

REQUESTS_AT_ONCE = 500
ORDER_BY_STATUS = {RequestStatus.OPEN: OLDEST}
MAY_LOOK, MAY_ANSWER = "cards.view_cardrequest", "cards.answer_cardrequest"


@permitted(MAY_LOOK)
@require_safe
def request_list(request):
    """The requests of a status, of all customers or of one: those that wait for an answer unless it says, the longest
    waiting first."""
    status, customer, found = _asked_for(request)
    whose = "&" + urlencode({"customer": customer.name}) if customer else ""
    order = ORDER_BY_STATUS.get(status, NEWEST)
    page = page_of(found, ROWS_PER_PAGE, key_in(request.GET.get("after", "")), order=order)
    context = {
        "customer": customer,
        "tabs": [Chip(choice.label, f"?status={choice}{whose}", choice == status) for choice in RequestStatus],
        "requests": page.rows,
        "query": f"status={status}{whose}",
        "next_url": page.after and f"?status={status}{whose}&after={page.after}",
    }
    return console_page(request, "console/requests/list.html", context)


@permitted(MAY_LOOK)
@require_safe
def request_csv(request):
    """The same requests as a file, on all pages."""
    _status, _customer, found = _asked_for(request)
    rows = found.select_related("answered_by").order_by("pk").iterator(REQUESTS_AT_ONCE)
    return list_as_csv(request, _("requests"), REQUEST_COLUMNS, rows)


@permitted(MAY_LOOK)
@require_safe
def request_page(request, pk):
    return _page(request, _find(pk))


@permitted(MAY_ANSWER)
@require_POST
def answer_request(request, pk):
    """Answer it, once: the second person sees the answer of the first."""
    card_request = _find(pk)
    try:
        if not answer(card_request, by=request.user, text=request.POST.get("answer", "")):
            messages.info(request, _("It was answered or closed in the meantime. This is its current state."))
    except BadInput as bad:
        return _page(request, card_request, str(bad.sentence), 422)
    return redirect("console:request", pk=pk)


@permitted(MAY_ANSWER)
@require_POST
def close_request(request, pk):
    close(_find(pk))
    return redirect("console:request", pk=pk)


def _asked_for(request):
    """(status, customer or None, the requests) that the address asks for."""
    status = request.GET.get("status", RequestStatus.OPEN)
    if status not in RequestStatus:
        raise Http404
    found = CardRequest.objects.filter(status=status).select_related("card", "customer", "by")
    if "customer" not in request.GET:
        return status, None, found
    customer = get_object_or_404(Customer, name=request.GET["customer"])
    return status, customer, found.filter(customer=customer)


def _page(request, card_request, complaint="", status=None):
    context = {
        "card_request": card_request,
        "badge": request_badge(card_request),
        "findings": findings_of(card_request),
        "facts": facts_at_request(card_request),
        "may_answer": request.user.has_perm(MAY_ANSWER),
        "complaint": complaint,
        "typed": request.POST.get("answer", ""),
        "longest": LONGEST_ANSWER,
    }
    return console_page(request, "console/requests/request.html", context, status=status)


def _find(pk):
    return get_object_or_404(CardRequest.objects.select_related("card", "customer", "by", "answered_by"), pk=pk)
