"""Whatever stands in an address or a form of money, it is answered in words: nothing of it breaks the portal."""

import uuid
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import NoReverseMatch, reverse

import billing.my_urls
import billing.pay_urls
import billing.urls
import cards.my_urls
import cards.urls
from billing.actions import payments, receipts
from cards.actions.selections import freeze_ids
from tests.billing import build as b
from tests.build import card_in_use, member, on_day
from tests.console.pages import logged_in, superuser

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)

WORDS = ("\x00",)
KEYS = ("1e999", str(2**63))
AMOUNTS = ("NaN", "Infinity", "1e999")
DAYS = ("0001-01-01", "9999-12-31", "\x00")
MONTHS = ("0000-01", "0001-01", "2000-01", "2099-12", "9999-12")
YEARS = ("0000", "2000", "9999", "２０２６")
UUIDS = ("\x00",)
PAGED = {"after": KEYS, "before": KEYS}

# What each page may be asked for by its address.
ASKED = {
    "money:order-list": PAGED
    | {"q": (*WORDS, *KEYS), "state": WORDS, "kind": WORDS, "customer": WORDS, "since": DAYS, "through": DAYS}
    | {"selection": KEYS},
    "money:order-new": {"kind": WORDS, "plan": WORDS, "numbers": WORDS, "customer": WORDS, "selection": KEYS},
    "money:order": {"show": WORDS, "after": KEYS},
    "money:order-lines": {"show": WORDS},
    "money:receipt-list": PAGED | {"q": WORDS, "customer": WORDS, "taken_back": WORDS, "since": DAYS, "through": DAYS},
    "money:receipt-new": {"customer": WORDS, "amount": AMOUNTS, "reference": WORDS, "payer": WORDS},
    "money:customer-list": {"q": WORDS, "tier": WORDS, "owes": WORDS, "after": ("a_9", *KEYS), "before": WORDS},
    "money:statement": {"month": MONTHS},
    "money:statement-csv": {"month": MONTHS},
    "money:notice-list": PAGED | {"kind": WORDS, "customer": WORDS},
    "money:margin": {"year": YEARS},
    "money:margin-csv": {"year": YEARS},
    "buying:order-list": PAGED,
    "buying:order": {"show": WORDS, "after": KEYS},
    "buying:order-lines": {"show": WORDS},
    "buying:statement": {"month": MONTHS},
    "buying:statement-csv": {"month": MONTHS},
}
RECEIPT = {"customer": "Acme", "amount": "1", "reference": "B 2", "received_on": "2026-03-10", "key": str(uuid.uuid4())}
PRICE = {"plan": "Y1-30", "kind": "list", "tier": "", "customer": "", "amount": "1", "valid_from": "2026-03-10"}
ORDERED = {"kind": "renewal", "plan": "Y1-30", "key": str(uuid.uuid4())}
# What each form posts, and what is posted in place of one of its values.
POSTED = {
    "money:order-new": (
        ORDERED | {"numbers": "89860000000000000001", "customer": "", "selection": ""},
        {"kind": WORDS, "plan": WORDS, "numbers": WORDS, "customer": WORDS, "selection": KEYS, "key": UUIDS},
    ),
    "money:order-place": ({"total": "1"}, {"total": AMOUNTS}),
    "money:order-refund": (
        {"reason": "x", "key": str(uuid.uuid4()), "cards": "1"},
        {"reason": WORDS, "key": UUIDS, "cards": KEYS},
    ),
    "money:order-again": ({}, {"key": UUIDS}),
    "money:receipt-new": (
        RECEIPT,
        {"customer": WORDS, "amount": AMOUNTS, "reference": WORDS, "received_on": DAYS, "payer": WORDS, "note": WORDS}
        | {"day_confirmed": DAYS, "key": UUIDS},
    ),
    "money:receipt-reverse": ({"reason": "x", "key": str(uuid.uuid4())}, {"reason": WORDS, "key": UUIDS}),
    "money:customer-agreement": (
        {"credit_limit": "1", "renews_days_ahead": "7"},
        {"tier": KEYS, "credit_limit": AMOUNTS, "renews_days_ahead": KEYS},
    ),
    "money:customer-adjust": (
        {"gives": "1", "amount": "1", "note": "x", "key": str(uuid.uuid4())},
        {"gives": WORDS, "amount": AMOUNTS, "note": WORDS, "key": UUIDS},
    ),
    "money:customer-notices": ({}, {"kinds": WORDS, "low_below": AMOUNTS}),
    "money:prices": (
        PRICE,
        {"plan": WORDS, "kind": WORDS, "tier": KEYS, "customer": WORDS, "amount": AMOUNTS, "valid_from": DAYS},
    ),
    "money:card-auto-renew": ({}, {"on": WORDS}),
    "buying:card": (ORDERED, {"kind": WORDS, "plan": WORDS, "key": UUIDS}),
    "buying:card-auto-renew": ({}, {"on": WORDS}),
    "buying:selection": (ORDERED, {"kind": WORDS, "plan": WORDS, "key": UUIDS}),
    "buying:order-place": ({"total": "1"}, {"total": AMOUNTS}),
    "buying:deposit": ({"amount": "1", "key": str(uuid.uuid4())}, {"amount": AMOUNTS, "key": UUIDS}),
    "buying:agreement": (
        {"renews_days_ahead": "7", "wanted": "expiring"},
        {"renews_days_ahead": KEYS, "low_below": AMOUNTS, "wanted": WORDS},
    ),
    "pay:page": ({"said": "paid"}, {"said": WORDS}),
    "admin:billing_moneyrules_change": (
        {"service_tax_rate": "6", "goods_tax_rate": "13", "second_person_above": "1", "placed_days": "3"},
        {"service_tax_rate": ("-100", *AMOUNTS), "second_person_above": AMOUNTS, "placed_days": KEYS},
    ),
}
BY_NAMESPACE = {
    "money": billing.urls,
    "buying": billing.my_urls,
    "pay": billing.pay_urls,
    "console": cards.urls,
    "my": cards.my_urls,
}
# What may stand within an address.
WITHIN = {"pk": ("0", str(2**63)), "iccid": WORDS, "step": WORDS, "provider": WORDS}


@pytest.fixture
def world():
    """What stands in the addresses, and a client for each of the audiences."""
    with on_day(DAY):
        card, finance = card_in_use(customer="Acme"), b.financier()
        b.price("Y1-30", "1.00")
        owner = member("Acme", "alice", "owner")
        placed = b.placed(cards=[card_in_use(customer="Acme")])
        paid = b.fund("1") and b.paid(cards=[card_in_use(customer="Acme")])
        of_customer, of_draft = {"pk": card.customer_id}, {"pk": b.drafted(cards=[card]).pk}
        of_paid, of_card = {"pk": paid.pk}, {"iccid": card.iccid}
        args = dict.fromkeys(("customer-agreement", "customer-adjust", "customer-notices", "statement"), of_customer)
        args |= dict.fromkeys(("statement-csv", "deposit", "agreement"), of_customer)
        args |= dict.fromkeys(("order", "order-lines", "order-place"), of_draft)
        args |= dict.fromkeys(("order-refund", "order-again"), of_paid)
        args |= dict.fromkeys(("card", "card-auto-renew"), of_card)
        receipt = receipts.record(card.customer, Decimal(1), "B 1", DAY, user=finance)
        args["receipt-reverse"] = {"pk": receipt.pk}
        args["selection"] = {"pk": freeze_ids([card.pk], owner=owner, asked={"from": "page"}).pk}
        args["page"] = {"key": payments.start_payment(placed, user=finance).key}
        args["billing_moneyrules_change"] = {"object_id": 1}
        staff = superuser()
        clients = {"money": staff, "pay": staff, "admin": staff, "console": staff}
        clients |= dict.fromkeys(("buying", "my"), logged_in(owner))
        yield args, clients


def broken(client, method, url, data):
    """The answer's status where it is no answer, or what was raised instead of one; whatever was changed is undone."""
    try:
        with transaction.atomic():
            response = getattr(client, method)(url, data)
            if response.streaming:
                b"".join(response)
            transaction.set_rollback(True)
    except Exception as raised:
        return repr(raised)[:200]
    return response.status_code if response.status_code >= 500 else None


def test_no_parameter_of_any_page_breaks_it(world):
    args, clients = world
    found = {}
    for name, parameters in ASKED.items():
        namespace, _, page = name.partition(":")
        url = reverse(name, kwargs=args.get(page, {}))
        for parameter, values in parameters.items():
            for value in values:
                wrong = broken(clients[namespace], "get", url, {parameter: value})
                if wrong:
                    found[name, parameter, value[:20]] = wrong
    assert found == {}


def test_no_value_of_any_form_breaks_it(world):
    args, clients = world
    found = {}
    for name, (posted, parameters) in POSTED.items():
        namespace, _, page = name.partition(":")
        url = reverse(name, kwargs=args.get(page, {}))
        for parameter, values in parameters.items():
            for value in values:
                wrong = broken(clients[namespace], "post", url, posted | {parameter: value})
                if wrong:
                    found[name, parameter, value[:20]] = wrong
    assert found == {}


def test_nothing_within_an_address_breaks_it(world):
    _args, clients = world
    found = {}
    for namespace, urls in BY_NAMESPACE.items():
        for pattern in urls.urlpatterns:
            for url in addresses(f"{namespace}:{pattern.name}", pattern.pattern.converters):
                for method in ("get", "post"):
                    wrong = broken(clients[namespace], method, url, {"total": "1", "reason": "x"})
                    if wrong:
                        found[namespace, pattern.name, method, url[:40]] = wrong
    assert found == {}


def addresses(name, parts):
    """The addresses of a page with something in it that nobody checked."""
    for part in WITHIN.keys() & parts.keys():
        for value in WITHIN[part]:
            others = {other: "1" if "int" in type(kind).__name__.lower() else "x" for other, kind in parts.items()}
            with suppress(NoReverseMatch):  # no such address leads to the page
                yield reverse(name, kwargs=others | {part: value})
