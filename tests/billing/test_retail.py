"""What people without an account pay for a customer's cards: set by an enterprise's owners or finance, and recorded."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.actions.ledger import account_of
from billing.actions.retail import set_retail_price, switch_guest_page
from billing.choices import PriceKind
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Price, PriceBook, PriceTier, TermsRecord
from cards.choices import CustomerKind
from cards.models import Plan
from tests.billing import build as b
from tests.build import member, on_day
from tests.console.pages import logged_in, of_role, superuser, text
from tests.my.pages import ENGLISH

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)

database = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY), override("en"):
        yield


@pytest.fixture
def acme():
    """An enterprise that pays ¥30.00 for a plan."""
    b.price("Y1-30", "30.00")
    return b.customer()


@pytest.fixture
def owner(acme):
    return member("Acme", "olga")


def plan():
    return Plan.objects.get(code="Y1-30")


def set_it(customer, user, amount="45.00", valid_from=DAY):
    amount = amount and Decimal(amount)
    return set_retail_price(customer, user=user, plan=plan(), amount=amount, valid_from=valid_from)


def public(customer, day=DAY):
    quote = PriceBook.read([customer.pk]).guest_quote(customer.pk, plan().pk, day)
    return quote and (quote.amount, quote.kind)


def records():
    return list(TermsRecord.objects.order_by("pk").values_list("deed", "before", "after", "by__username", "customer"))


# prices


@database
def test_a_retail_price_stands_from_its_day_on_and_is_recorded_with_who_set_it(acme, owner):
    set_it(acme, owner, "45.00", NEXT)
    assert [public(acme, DAY), public(acme, NEXT), public(acme, NEXT + timedelta(days=1))] == [
        (30, "list"),
        (45, "retail"),
        (45, "retail"),
    ]
    assert PriceBook.read([acme.pk]).quote(acme.pk, plan().pk, NEXT).amount == 30
    assert records() == [("price", {"amount": "30.00"}, {"amount": "45.00"}, "olga", acme.pk)]


@database
def test_an_ended_one_gives_way_to_that_of_everybody(acme, owner):
    set_it(acme, owner, "45.00")
    set_it(acme, owner, None, NEXT)
    assert [public(acme, DAY), public(acme, NEXT)] == [(45, "retail"), (30, "list")]
    assert records()[1][1:3] == ({"amount": "45.00"}, {"amount": None})


@database
def test_without_one_the_tier_of_the_public_page_says_it(acme, owner):
    tier = PriceTier.objects.create(name="Public")
    b.price("Y1-30", "38.00", PriceKind.TIER, tier=tier)
    MoneyRules.objects.update(guest_tier=tier)
    assert public(acme) == (38, "tier")
    set_it(acme, owner, "45.00", NEXT)
    assert records()[0][1] == {"amount": "38.00"}


@database
@pytest.mark.parametrize(("amount", "is_taken"), [("29.99", False), ("30.00", True), ("30.01", True)])
def test_it_is_at_least_what_the_customer_pays(acme, owner, amount, is_taken):
    if is_taken:
        assert set_it(acme, owner, amount).amount == Decimal(amount)
        return
    with pytest.raises(ValidationError) as refused:
        set_it(acme, owner, amount)
    sentence = "A retail price cannot be lower than the customer's own price, which is ¥30.00."
    assert refused.value.message_dict == {"amount": [sentence]}
    assert (records(), public(acme)) == ([], (30, "list"))


@database
def test_where_the_own_price_rises_above_it_the_own_one_is_asked(acme, owner):
    set_it(acme, owner, "31.00")
    b.price("Y1-30", "33.00", PriceKind.CUSTOMER, since=NEXT, customer=acme)
    assert [public(acme, DAY), public(acme, NEXT)] == [(31, "retail"), (33, "retail")]


@database
def test_what_is_not_sold_to_the_customer_has_no_retail_price():
    with pytest.raises(ValidationError) as refused:
        set_it(b.customer(), member("Acme", "olga"))
    assert list(refused.value.message_dict) == ["plan"]


@database
@pytest.mark.parametrize(("valid_from", "field"), [(DAY - timedelta(days=1), "valid_from"), (NEXT, "__all__")])
def test_a_day_that_has_gone_by_or_has_its_price_is_refused(acme, owner, valid_from, field):
    set_it(acme, owner, "45.00", NEXT)
    with pytest.raises(ValidationError) as refused:
        set_it(acme, owner, "46.00", valid_from)
    assert list(refused.value.message_dict) == [field]
    assert len(records()) == 1


@database
def test_the_same_one_twice_is_one(acme, owner):
    assert set_it(acme, owner) == set_it(acme, owner)
    assert (Price.objects.filter(kind=PriceKind.RETAIL).count(), len(records())) == (1, 1)


@database
def test_only_an_enterprises_owners_and_finance_decide(acme):
    person = b.customer("A person")
    type(person).objects.filter(pk=person.pk).update(kind=CustomerKind.INDIVIDUAL)
    person.refresh_from_db()
    refused = [
        (acme, member("Acme", "otto", role="operator")),
        (acme, member("Acme", "vera", role="viewer")),
        (acme, member("Other", "olaf")),
        (person, member("A person", "pia")),
        (acme, b.financier("pay_order")),
    ]
    for customer, user in refused:
        for do in (lambda c=customer, u=user: set_it(c, u), lambda c=customer, u=user: switch(c, u, is_on=False)):
            with pytest.raises(MoneyRefused):
                do()
    assert records() == []
    assert set_it(person, b.financier("add_price", username="faye")).customer == person


@database
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    amounts=st.lists(
        st.tuples(
            st.sampled_from([PriceKind.LIST, PriceKind.CUSTOMER, PriceKind.TIER, PriceKind.RETAIL]),
            st.none() | st.integers(0, 50),
            st.integers(0, 5),
        ),
        max_size=8,
    ),
    retail=st.integers(0, 50),
    day=st.integers(0, 6),
)
def test_whoever_has_a_retail_price_never_sells_below_their_own(amounts, retail, day):
    whose = {
        PriceKind.CUSTOMER: {"customer_id": 1},
        PriceKind.RETAIL: {"customer_id": 1},
        PriceKind.TIER: {"tier_id": 7},
    }
    prices = [
        Price(kind=kind, plan_id=3, amount=amount, valid_from=DAY + timedelta(days=since), **whose.get(kind, {}))
        for kind, amount, since in amounts
    ]
    prices.append(Price(kind="retail", plan_id=3, amount=retail, valid_from=DAY + timedelta(days=day), customer_id=1))
    book, on = PriceBook(prices, {1: 7}), DAY + timedelta(days=day)
    public, own = book.guest_quote(1, 3, on), book.quote(1, 3, on)
    assert public is not None
    assert public.amount >= retail or any(kind == "retail" and since == day for kind, _amount, since in amounts)
    assert own is None or public.amount >= own.amount


# the switch


def switch(customer, user, *, is_on):
    switch_guest_page(customer, user=user, is_on=is_on)
    return account_of(customer.pk).guests_may_pay


@database
def test_the_page_is_switched_off_and_on_and_recorded(acme, owner):
    assert account_of(acme.pk).guests_may_pay
    assert not switch(acme, owner, is_on=False)
    assert not switch(acme, owner, is_on=False)
    assert switch(acme, b.financier(), is_on=True)
    assert records() == [
        ("terms", {"guests_may_pay": True}, {"guests_may_pay": False}, "olga", acme.pk),
        ("terms", {"guests_may_pay": False}, {"guests_may_pay": True}, "finance", acme.pk),
    ]


# the pages


def posted(amount="45", **more):
    return {"plan": "Y1-30", "amount": amount, "valid_from": str(DAY)} | more


@database
def test_an_owner_sets_prices_and_switches_the_page(acme, owner):
    browser, url = logged_in(owner), f"/my/selling/{acme.pk}/"
    assert browser.get("/my/selling/").url == url
    page = text(browser.get(url, headers=ENGLISH))
    assert ("Switched on" in page, "¥30.00" in page, "¥45.00" in page) == (True, True, False)
    assert browser.post(f"{url}price/", posted()).url == url
    page = text(browser.get(url, headers=ENGLISH))
    assert ("¥45.00" in page, public(acme)) == (True, (45, "retail"))
    assert browser.post(f"{url}switch/", {"on": "0"}).url == url
    assert "Switched off" in text(browser.get(url, headers=ENGLISH))


@database
@pytest.mark.parametrize(
    ("form", "words"),
    [
        (posted("29.99"), "own price, which is ¥30.00."),
        (posted("x"), "is not an amount"),
        (posted("-1"), "must be at least"),
        (posted(valid_from="2026-03-01"), "A price can only take effect today or later."),
        (posted(valid_from="x"), "Enter a valid date."),
        (posted(plan="nothing"), "Select a valid choice."),
        ({}, "This field is required."),
    ],
    ids=range(7),
)
def test_what_is_wrong_is_said_at_its_field(acme, owner, form, words):
    response = logged_in(owner).post(f"/my/selling/{acme.pk}/price/", form, headers=ENGLISH)
    assert (response.status_code, words in text(response), records()) == (422, True, [])


@database
def test_others_of_the_company_are_told_who_decides_and_have_no_entry_in_the_menu(acme, owner):
    operator, url = logged_in(member("Acme", "otto", role="operator")), f"/my/selling/{acme.pk}/"
    assert "Public renewals" in text(logged_in(owner).get("/my/wallet/", headers=ENGLISH))
    assert "Public renewals" not in text(operator.get("/my/wallet/", headers=ENGLISH))
    for response in (
        operator.get("/my/selling/", headers=ENGLISH),
        operator.get(url, headers=ENGLISH),
        operator.post(f"{url}price/", posted(), headers=ENGLISH),
        operator.post(f"{url}switch/", {"on": "0"}, headers=ENGLISH),
    ):
        assert (response.status_code, "decide what people without an account pay" in text(response)) == (403, True)
    assert records() == []


@database
def test_whoever_owns_two_companies_chooses_one(acme, owner):
    owner.memberships.create(customer=b.customer("Other"), role="owner")
    page = logged_in(owner).get("/my/selling/", headers=ENGLISH)
    assert ("Acme" in text(page), "Other" in text(page)) == (True, True)


@database
def test_finance_does_the_same_in_the_console_and_others_do_not(acme):
    finance, url = of_role("finance", "fay"), f"/console/customers/{acme.pk}/retail/"
    assert url in finance.get(f"/console/customers/{acme.pk}/").content.decode()
    assert finance.post(f"{url}price/", posted()).url == url
    assert finance.post(f"{url}switch/", {"on": "0"}).url == url
    assert finance.post(f"{url}switch/", {"on": "x"}).status_code == 404
    assert (public(acme), account_of(acme.pk).guests_may_pay) == ((45, "retail"), False)
    assert [by for *_what, by, _customer in records()] == ["fay", "fay"]
    page = text(finance.get(f"/console/customers/{acme.pk}/", headers=ENGLISH))
    assert "Retail price" in page
    auditor = of_role("auditor", "ada")
    assert auditor.post(f"{url}switch/", {"on": "1"}).status_code == 403
    assert url not in auditor.get(f"/console/customers/{acme.pk}/").content.decode()


@database
def test_the_form_of_prices_offers_no_retail_price(acme):
    form = {"plan": "Y1-30", "kind": "retail", "customer": "Acme", "amount": "45", "valid_from": str(DAY)}
    assert of_role("finance", "fay").post("/console/prices/", form).status_code == 422
    assert Price.objects.filter(kind=PriceKind.RETAIL).count() == 0


@database
def test_the_tier_of_the_public_page_is_set_in_the_admin_and_recorded():
    tier, admin, url = PriceTier.objects.create(name="Public"), superuser(), "/admin/billing/moneyrules/1/change/"
    initial = admin.get(url).context["adminform"].form.initial
    values = {name: str(value) for name, value in initial.items() if value is not None}
    assert admin.post(url, values | {"guest_tier": tier.pk}).status_code == 302
    assert [row[:3] for row in records()] == [("rules", {"guest_tier": None}, {"guest_tier": "Public"})]
    assert admin.post(url, values | {"guest_tier": "99"}).status_code == 200
    assert MoneyRules.read().guest_tier == tier
