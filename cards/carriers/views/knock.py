"""The door at which carriers tell that something has happened; who knows its address may use it."""

from django.http import Http404, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cards.actions.throttle import hit
from cards.carriers.actions.knocking import (
    KNOCKS_OF_ACCOUNT,
    MOST_BYTES_OF_A_KNOCK,
    account_knocked_at,
    hear_knock,
)
from cards.carriers.results import GarbledAnswer
from cards.errors import BadInput
from cards.visitors import visitor_address


@csrf_exempt
@require_POST
def knock(request, push_key):
    """200 with what the carrier wants to be answered; 400, 413, 429 or 503 in a word. What came stands in no log."""
    account = account_knocked_at(push_key, visitor_address(request.META))
    if account is None:
        raise Http404
    if not hit(KNOCKS_OF_ACCOUNT, account.pk):
        return _word("too often", 429)
    if len(request.body) > MOST_BYTES_OF_A_KNOCK:
        return _word("too large", 413)
    try:
        answer = hear_knock(account, request.body)
    except GarbledAnswer:
        return _word("unreadable", 400)
    except BadInput:  # no key opens the account's secrets, which its circuit and readyz tell
        return _word("not now", 503)
    return HttpResponse(answer, content_type="text/xml; charset=utf-8")


def _word(word, status):
    return HttpResponse(f"{word}\n", content_type="text/plain", status=status)
