"""A customer's requests to the dealer: the list, the page of one with its answer, and closing it."""

from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from cards.actions.requests import close
from cards.models import CardRequest
from cards.pages.addresses import places_in, queries_beside
from cards.pages.frames import member_required, my_page, read_only
from cards.pages.request_labels import request_badge
from cards.paging import TALL_ROWS_PER_PAGE, page_of
from cards.permissions import Actor


@member_required
@require_safe
def request_list(request):
    """All requests of this member's customers, newest first."""
    requests = CardRequest.objects.visible_to(request.user).select_related("card", "by")
    page = page_of(requests, TALL_ROWS_PER_PAGE, *places_in(request.GET))
    entries = [(card_request, request_badge(card_request)) for card_request in page.rows]
    return my_page(request, "my/requests.html", {"entries": entries, "page": page, **queries_beside(page, request.GET)})


@member_required
@require_safe
def request_page(request, pk):
    card_request = _find(request, pk)
    context = {
        "card_request": card_request,
        "badge": request_badge(card_request),
        "may_close": _may(request.user, card_request),
    }
    return my_page(request, "my/request.html", context)


@member_required
@require_POST
def close_request(request, pk):
    """The customer needs no (more) answer."""
    card_request = _find(request, pk)
    if not _may(request.user, card_request):
        return read_only(request)
    close(card_request)
    return redirect("my:request", pk=pk)


def _find(request, pk):
    return get_object_or_404(CardRequest.objects.visible_to(request.user).select_related("card", "by"), pk=pk)


def _may(user, card_request):
    return card_request.customer_id in Actor.of(user).customers
