"""The one search in the header of every page of the console: what was found of each kind, or the one thing itself."""

from dataclasses import dataclass

from django.http import HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from billing.pages.finding import ORDERS_FOUND, PAYER_REFUNDS_FOUND, PAYMENTS_FOUND, RECEIPTS_FOUND
from cards.pages.addresses import LONGEST_QUERY, list_url
from cards.pages.finding import CARDS_FOUND, CUSTOMERS_FOUND, JOBS_FOUND, REQUESTS_FOUND, Findable, KindAnswer, Question
from cards.pages.frames import CONSOLE, console_page, permitted

FINDABLE = (
    CARDS_FOUND,
    CUSTOMERS_FOUND,
    ORDERS_FOUND,
    RECEIPTS_FOUND,
    PAYMENTS_FOUND,
    PAYER_REFUNDS_FOUND,
    JOBS_FOUND,
    REQUESTS_FOUND,
)
FINDS_ANYTHING = tuple(kind.asks for kind in FINDABLE)


class SameAgain(HttpResponseRedirect):
    """What was posted is posted there."""

    status_code = 307


@dataclass(frozen=True)
class FoundKind:
    kind: Findable
    answer: KindAnswer


@permitted(*FINDS_ANYTHING)
@require_http_methods(["GET", "HEAD", "POST"])
def find_page(request):
    """The only thing that was found, or what was found of each kind that this person may see.

    A search is posted and has an address, so that it may be sent on. A pasted list is the card list's to answer, and
    one that is too long for an address is posted there.
    """
    question = Question((request.POST or request.GET).get("q", ""))
    query = QueryDict(mutable=True)
    query["q"] = question.text
    has_address = len(query.urlencode()) <= LONGEST_QUERY
    if question.is_for_the_list and request.user.has_perm(CARDS_FOUND.asks):
        return redirect(list_url(query, CONSOLE)) if has_address else SameAgain(CONSOLE.url("card-list"))
    if request.method == "POST" and has_address:
        return redirect(f"{reverse('find')}?{query.urlencode()}")
    found = list(_found(question, request.user)) if question.text else []
    hits = [hit for each in found for hit in each.answer.hits]
    if len(hits) == 1:
        return redirect(hits[0].url)
    context = {
        "question": question.text,
        "found": [each for each in found if each.answer.hits],
        "looked_for": [each.answer.looked_for for each in found],
        "kinds": _kinds(request.user),
    }
    return console_page(request, "console/find.html", context)


def _kinds(user):
    return [kind for kind in FINDABLE if user.has_perm(kind.asks)]


def _found(question, user):
    """What each kind that this person may see answers to the question, where it is one for that kind."""
    for kind in _kinds(user):
        answer = kind.find(question, user)
        if answer:
            yield FoundKind(kind, answer)
