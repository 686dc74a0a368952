"""What the search in the console's header finds: kinds of things, each by what people have of it in hand.

A kind answers a question with the first few that it means; the rooms above have kinds of their own.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.choices import OF_ORDERS
from cards.errors import BadInput
from cards.filters import filter_for
from cards.identifiers import bare
from cards.lookup import customers_called, customers_known_by
from cards.models import Card, CardRequest, Customer, Job
from cards.pages.addresses import list_url
from cards.pages.badges import Badge
from cards.pages.frames import CONSOLE
from cards.pages.job_labels import job_badge, title_of
from cards.pages.request_labels import request_badge
from cards.paging import LARGEST_ID
from cards.search import Numbers, WordsSought, understood

HITS_OF_A_KIND = 5
LEAST_OF_A_NUMBER = 3
LONGEST_PART_OF_A_NAME = 128
NUMBERED = re.compile(r"(?P<word>[^\W\d_]*)\s*(?:no\.?|[#№:])*\s*(?P<number>[1-9][0-9]{0,18})\s*号?", re.IGNORECASE)


class Question:
    """What was typed into the header.

    `meant` is what the card search understands by it, None where that is nothing. It `is_for_the_list` of cards where
    that answers it better: several numbers, or a number typed so that it is ambiguous, which the list explains.
    """

    def __init__(self, typed):
        self.text = typed.strip()
        try:
            self.meant = understood(self.text)
            self.is_for_the_list = isinstance(self.meant, Numbers) and self.meant.is_list
        except BadInput:
            self.meant, self.is_for_the_list = None, True

    def number(self, *words):
        """The number of something that is called by one of these words, as in `order 12`, or by none: `#12`, `12`."""
        found = NUMBERED.fullmatch(unicodedata.normalize("NFKC", self.text))
        if found and found["word"].casefold() in ("", *words) and int(found["number"]) <= LARGEST_ID:
            return int(found["number"])
        return None


@dataclass(frozen=True)
class Hit:
    """One thing that was found; `state` is a card's, `badge` that of anything else."""

    title: str
    url: str
    aside: str = ""
    state: str = ""
    badge: Badge | None = None


@dataclass(frozen=True)
class KindAnswer:
    """What a kind looked for, what it found, one more than is shown, and where its whole list is; empty for none."""

    looked_for: str
    hits: list
    list_url: str = ""

    @property
    def shown(self):
        return self.hits[:HITS_OF_A_KIND]

    @property
    def is_cut(self):
        return len(self.hits) > HITS_OF_A_KIND


@dataclass(frozen=True)
class Findable:
    """A kind of things, the permission without which nobody finds them, and by what they are found.

    `find(question, user)` is its `KindAnswer`, None where the question is none that it can answer.
    """

    title: Promise
    asks: str
    find: Callable
    known_by: Promise


def _cards(question, user):
    """The cards that the list finds for it; what is a customer's name leads to the customer, not to all their cards:
    of those it finds the ones that have it as a tag or in their remark."""
    if question.meant is None or _is_short(question.text):
        return None
    if isinstance(question.meant, WordsSought) and customers_called(question.text).exists():
        noted = replace(question.meant, also_names=False)
        cards = noted.narrow(Card.objects.visible_to(user)).select_related("customer").order_by("-pk")
        return KindAnswer(noted.sentence(), [_card(card) for card in cards[: HITS_OF_A_KIND + 1]])
    filtered = filter_for(user, QueryDict(urlencode({"q": question.text})))
    rows = filtered.page(HITS_OF_A_KIND + 1, Card.objects.select_related("customer")).rows
    return KindAnswer(
        filtered.form.cleaned_data["q"].sentence(),
        [_card(card) for card in rows],
        list_url(QueryDict(), CONSOLE, q=question.text),
    )


def _is_short(text):
    """Whether it is a number that half of all cards begin with."""
    return text.isdigit() and len(text) < LEAST_OF_A_NUMBER


def _card(card):
    aside = " · ".join(filter(None, (card.msisdn, str(card.customer or _("in stock")))))
    return Hit(card.iccid, CONSOLE.url("card", card.iccid), aside, state=card.shown)


def _customers(question, user):
    """By any part of the name, or by the whole phone number or contact."""
    text = question.text
    if not bare(text) or len(text) > LONGEST_PART_OF_A_NAME:
        return None
    found = Customer.objects.visible_to(user).filter(customers_known_by(text)).order_by("name")[: HITS_OF_A_KIND + 1]
    return KindAnswer(
        _("customers with “{text}” in their name, or with this contact or phone").format(text=text),
        [Hit(each.name, CONSOLE.money_url("customer", each.pk), _contact_of(each)) for each in found],
        f"{CONSOLE.money_url('customer-list')}?{urlencode({'q': text})}",
    )


def _contact_of(customer):
    """The contact of a customer and their phone, as far as they are known."""
    return " ".join(filter(None, (customer.contact, customer.phone)))


def _jobs(question, user):
    """The work of an order is found with the order."""
    number = question.number("job", "jobs", "任务")
    if not number:
        return None
    found = Job.objects.visible_to(user).select_related("of").filter(pk=number).exclude(kind__in=OF_ORDERS)
    hits = [
        Hit(f"#{job.pk} {title_of(job)}", CONSOLE.url("job", job.pk), job.file_name or job.reason, badge=job_badge(job))
        for job in found
    ]
    return KindAnswer(_("job #{number}").format(number=number), hits)


def _requests(question, user):
    number = question.number("request", "requests", "工单")
    if not number:
        return None
    found = CardRequest.objects.visible_to(user).select_related("customer").filter(pk=number)
    hits = [
        Hit(f"#{each.pk} {each.customer}", CONSOLE.url("request", each.pk), each.text, badge=request_badge(each))
        for each in found
    ]
    return KindAnswer(_("request #{number}").format(number=number), hits)


CARDS_FOUND = Findable(
    gettext_lazy("SIM cards"),
    "cards.view_card",
    _cards,
    gettext_lazy(
        "ICCID, MSISDN, IMSI or IMEI: in full, the last four to six digits, the beginning (1440*) or the end (*157);"
        " or a pasted list of up to 10,000 numbers; the tag, or a part of the remark"
    ),
)
CUSTOMERS_FOUND = Findable(
    gettext_lazy("Customers"),
    "cards.view_customer",
    _customers,
    gettext_lazy("any part of the name; the contact or the phone in full"),
)
JOBS_FOUND = Findable(gettext_lazy("Jobs"), "cards.view_job", _jobs, gettext_lazy("the number: 12, #12 or job 12"))
REQUESTS_FOUND = Findable(
    gettext_lazy("Requests"), "cards.view_cardrequest", _requests, gettext_lazy("the number: 12, #12 or request 12")
)
