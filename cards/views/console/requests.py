"""What customers ask about their cards: the queue, the page of one with its evidence, answering and closing it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.actions.requests import LONGEST_ANSWER, answer, close
from cards.choices import RequestStatus
from cards.errors import BadInput
from cards.models import CardRequest
from cards.pages.card_tabs import Chip
from cards.pages.frames import console_page, staff_required
from cards.pages.request_labels import facts_at_request, findings_of, request_badge
from cards.paging import NEWEST, OLDEST, ROWS_PER_PAGE, key_in, page_of

ORDER_BY_STATUS = {RequestStatus.OPEN: OLDEST}
MAY_LOOK, MAY_ANSWER = "cards.view_cardrequest", "cards.answer_cardrequest"


@staff_required
@require_safe
def request_list(request):
    """The requests of a status: those that wait for an answer unless it says, the longest waiting first."""
    _permit(request, MAY_LOOK)
    status = request.GET.get("status", RequestStatus.OPEN)
    if status not in RequestStatus:
        raise Http404
    requests = CardRequest.objects.filter(status=status).select_related("card", "customer", "by")
    order = ORDER_BY_STATUS.get(status, NEWEST)
    page = page_of(requests, ROWS_PER_PAGE, key_in(request.GET.get("after", "")), order=order)
    context = {
        "tabs": [Chip(choice.label, f"?status={choice}", choice == status) for choice in RequestStatus],
        "requests": page.rows,
        "next_url": page.after and f"?status={status}&after={page.after}",
    }
    return console_page(request, "console/requests/list.html", context)


@staff_required
@require_safe
def request_page(request, pk):
    _permit(request, MAY_LOOK)
    return _page(request, _find(pk))


@staff_required
@require_POST
def answer_request(request, pk):
    """Answer it, once: the second person sees the answer of the first."""
    _permit(request, MAY_ANSWER)
    card_request = _find(pk)
    try:
        if not answer(card_request, by=request.user, text=request.POST.get("answer", "")):
            messages.info(request, _("It was answered or closed in the meantime. This is its current state."))
    except BadInput as bad:
        return _page(request, card_request, str(bad.sentence), 422)
    return redirect("console:request", pk=pk)


@staff_required
@require_POST
def close_request(request, pk):
    _permit(request, MAY_ANSWER)
    close(_find(pk))
    return redirect("console:request", pk=pk)


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


def _permit(request, permission):
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _find(pk):
    return get_object_or_404(CardRequest.objects.select_related("card", "customer", "by", "answered_by"), pk=pk)
