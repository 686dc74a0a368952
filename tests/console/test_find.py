"""The one search in the header: what each kind is found by, one hit that opens, and who finds what."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from billing.actions.receipts import record
from billing.models import PayerRefund, Payment, ProviderAccount
from cards.actions.jobs import control
from cards.actions.selections import freeze_ids
from cards.choices import Action
from cards.models import CardRequest, Customer
from tests.billing import build as b
from tests.build import do, member, on_day, open_card, staff
from tests.console.pages import logged_in, superuser, text

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
TODAY = date(2026, 3, 2)


def found(client, typed):
    """The address that the search opens, or (heading, what is listed there) of each kind."""
    answer = client.get("/console/find/", {"q": typed}, headers=ENGLISH)
    if answer.status_code == 302:
        return answer["Location"]
    assert answer.status_code == 200
    return {str(each.kind.title): [hit.title for hit in each.answer.shown] for each in answer.context["found"]}


def looked_for(client, typed):
    return client.get("/console/find/", {"q": typed}, headers=ENGLISH).context["looked_for"]


def of(name, *args):
    return reverse(name, args=args)


@pytest.fixture
def admin():
    return superuser()


@pytest.mark.parametrize(
    "typed",
    [
        "89860126000000012345",
        "8986 0126 0000 0001 2345",
        "1064000054321",
        "460001234567890",
        "868600000000001",
        "54321",
        "*2345",
    ],
)
def test_one_card_opens_by_whatever_number_one_has_of_it(admin, typed):
    card = open_card(
        **{"iccid": "89860126000000012345", "msisdn": "1064000054321", "imsi": "460001234567890"},
        **{"binding": "fixed", "imei": "868600000000001"},
    )
    open_card()
    assert found(admin, typed) == of("console:card", card.iccid)


def test_several_are_listed_by_kind_a_few_each_with_the_way_to_all_of_them(admin):
    cards = [open_card(iccid=f"8986{number:012d}7777", customer="Acme") for number in range(7)]
    Customer.objects.create(name="Shop 7777")
    answer = admin.get("/console/find/", {"q": "7777"}, headers=ENGLISH)
    page = text(answer)
    assert found(admin, "7777") == {
        "SIM cards": [card.iccid for card in reversed(cards)][:5],
        "Customers": ["Shop 7777"],
    }
    assert ('href="/console/cards/?q=7777"' in page, "/console/customers/?q=7777" in page) == (True, False)


@on_day(TODAY)
def test_a_card_is_found_by_its_tag_or_its_remark_also_where_a_customer_is_called_so(admin):
    card = do("remark", do("tag", open_card(), TODAY, tag="冷链"), TODAY, remark="东莞二号仓")
    open_card(customer="东莞物流")
    assert found(admin, "冷链") == of("console:card", card.iccid)
    assert found(admin, "东莞") == {"SIM cards": [card.iccid], "Customers": ["东莞物流"]}
    assert found(admin, "物流") == of("money:customer", Customer.objects.get().pk)
    assert found(admin, "二号仓") == of("console:card", card.iccid)


@pytest.mark.parametrize("typed", ['""', "''", "ICCID:"])
def test_nothing_in_marks_finds_no_customer_without_a_phone(admin, typed):
    Customer.objects.create(name="Acme")
    assert found(admin, typed) == {}
    shown = admin.get("/console/customers/", {"q": "ICCID:"}, headers=ENGLISH)
    assert "Acme" not in text(shown)


@pytest.mark.parametrize(
    "typed", ["深圳", "门锁", "门锁（深圳）", "门锁(深圳)", "李雷", "13800138000", "+86 138 0013 8000"]
)
def test_a_customer_is_found_by_any_part_of_the_name_or_by_whom_one_calls(admin, typed):
    customer = Customer.objects.create(name="安居门锁（深圳）有限公司", contact="李雷", phone="13800138000")
    Customer.objects.create(name="Acme")
    open_card(customer="安居门锁（深圳）有限公司")
    assert found(admin, typed) == of("money:customer", customer.pk)


def job_of(card, user=None):
    user = user or staff("suspend")
    return control.draft(freeze_ids([card.pk], owner=user, asked={}), Action.SUSPEND, user=user)


def request_about(card, **columns):
    return CardRequest.objects.create(card=card, customer=card.customer, by=member(), text="Why?", **columns)


@on_day(TODAY)
def test_an_order_a_job_and_a_request_are_found_by_their_numbers(admin):
    card = open_card(customer="Acme")
    b.price("Y1-30", 30)
    order, job, asked = b.drafted(cards=[card]), job_of(card), request_about(card)
    numbers = {
        of("money:order", order.pk): (f"order {order.pk}", f"订单{order.pk}", f"订单＃{order.pk}", order.number),
        of("console:job", job.pk): (f"job {job.pk}", f"Job #{job.pk}", f"任务{job.pk}"),
        of("console:request", asked.pk): (f"request {asked.pk}", f"工单 {asked.pk}", f"工单{asked.pk}号"),
    }
    assert {url: [found(admin, typed) for typed in names] for url, names in numbers.items()} == {
        url: [url] * len(names) for url, names in numbers.items()
    }


def test_a_number_that_several_have_lists_them_and_another_word_names_one(admin):
    card = open_card(customer="Acme")
    job = job_of(card)
    request_about(card, pk=job.pk)
    both = {"Jobs": [f"#{job.pk} Suspend"], "Requests": [f"#{job.pk} Acme"]}
    assert [found(admin, typed) for typed in (f"{job.pk}", f" #{job.pk} ", f"＃{job.pk}")] == [both] * 3
    assert found(admin, f"工单{job.pk}") == of("console:request", job.pk)
    assert found(admin, f"0{job.pk}") == found(admin, f"ticket {job.pk}") == {}


@on_day(TODAY)
def test_the_work_of_an_order_is_found_with_the_order(admin):
    b.price("Y1-30", 30)
    order = b.drafted(cards=[open_card(customer="Acme")])
    assert found(admin, f"job {order.job_id}") == {}


@on_day(TODAY)
def test_a_receipt_is_found_by_its_reference_however_it_is_written_and_by_its_own_number(admin):
    receipt = record(b.customer(), Decimal(100), "ICBC-2026 0302/17", TODAY, user=User.objects.get(), payer="Acme Ltd")
    names = ("ICBC-2026 0302/17", "icbc2026", receipt.number, receipt.number.lower())
    assert [found(admin, typed) for typed in names] == [of("money:receipt", receipt.pk)] * 4
    assert [found(admin, typed) for typed in ("ICB", "2026 0302/17", "R20260302-99999999999999999999")] == [{}] * 3


def test_an_online_payment_and_its_refund_are_found_by_the_numbers_of_both_sides(admin):
    ProviderAccount.objects.create(name="wx", protocol="wechat")
    theirs = "4200001234202603021234567890"
    whose = {"customer": b.customer(), "provider": "wx", "amount": 30}
    payment = Payment.objects.create(provider_reference=theirs, code="AB12CD34", **whose)
    refund = PayerRefund.objects.create(provider="wx", payment=payment, amount=30, cause="order", cause_key="x")
    names = (str(payment.key), payment.key.hex, theirs, "ab12cd34")
    assert [found(admin, typed) for typed in names] == [of("money:payment", payment.pk)] * 4
    assert found(admin, refund.key.hex) == of("money:payer-refund", refund.pk)
    assert found(admin, "420000123420260302") == found(admin, str(uuid4())) == {}


# Who finds what


def with_only(*names):
    user = User.objects.create_user(f"only{User.objects.count()}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[name.split(".")[1] for name in names]))
    return logged_in(user)


@on_day(TODAY)
def test_each_finds_what_they_may_look_at_and_nothing_else(admin):
    card = open_card(iccid="89860126000000077777", customer="Customer 77777")
    user = User.objects.get(username="admin")
    receipt = record(card.customer, Decimal(100), "77777", TODAY, user=user)
    assert list(found(admin, "77777")) == ["SIM cards", "Customers", "Receipts"]
    opened = {
        "cards.view_card": of("console:card", card.iccid),
        "cards.view_customer": of("money:customer", card.customer_id),
        "billing.view_receipt": of("money:receipt", receipt.pk),
        "billing.view_payment": {},
        "cards.view_job": {},
    }
    assert {name: found(with_only(name), "77777") for name in opened} == opened


def test_customers_and_strangers_have_no_such_page_and_staff_without_any_of_it_no_box(client):
    nobody = with_only("cards.view_sweptday")
    answers = [each.get("/console/find/?q=1").status_code for each in (logged_in(member()), client, nobody)]
    assert answers == [404, 302, 403]
    boxes = {who: 'action="/console/find/"' in text(each.get("/console/sweep/")) for who, each in (("nobody", nobody),)}
    assert boxes | {"admin": 'action="/console/find/"' in text(superuser().get("/admin/"))} == {
        "nobody": False,
        "admin": True,
    }


# What is typed


def test_a_search_is_posted_and_has_an_address(admin):
    answer = admin.post("/console/find/", {"q": " 门锁 "})
    assert (answer.status_code, answer["Location"]) == (302, "/console/find/?q=%E9%97%A8%E9%94%81")


def test_a_pasted_list_is_answered_by_the_list_of_cards(admin):
    card = open_card()
    few, many = f"{card.iccid}\n10640000", "\n".join([card.iccid, *(f"1064{number:09d}" for number in range(500))])
    answer = admin.post("/console/find/", {"q": few})
    assert (answer.status_code, answer["Location"]) == (302, f"/console/cards/?q={card.iccid}%0A10640000")
    answer = admin.post("/console/find/", {"q": many})
    assert (answer.status_code, answer["Location"]) == (307, "/console/cards/")
    answer = admin.post("/console/find/", {"q": many}, follow=True, headers=ENGLISH)
    assert ("1 matched" in text(answer), "500 unknown" in text(answer)) == (True, True)
    assert found(with_only("cards.view_job"), few) == {}


def test_what_is_ambiguous_is_explained_by_the_list(admin):
    assert [found(admin, typed) for typed in ("1440*157", "*")] == [
        "/console/cards/?q=1440%2A157",
        "/console/cards/?q=%2A",
    ]


@pytest.mark.parametrize("typed", ["", "   ", "12", "x" * 5_000, "#", "订单", "' OR 1=1 --", "R20260302-0", "9" * 40])
def test_nothing_is_found_and_the_page_says_what_can_be_searched(admin, typed):
    open_card(msisdn="1200000000001")
    answer = admin.get("/console/find/", {"q": typed}, headers=ENGLISH)
    assert (answer.status_code, answer.context["found"]) == (200, [])
    assert "any part of the name; the contact or the phone in full" in text(answer)


def test_what_was_looked_for_is_said(admin):
    assert looked_for(admin, "5432") == [
        "cards whose IMEI begins with 5432 (there are no cards whose number ends in 5432)",
        "customers with “5432” in their name, or with this contact or phone",
        "order #5432",
        "receipts with the number or a reference that begins with 5432",
        "online payments with the number 5432",
        "job #5432",
        "request #5432",
    ]


def test_a_search_costs_the_same_whatever_there_is(admin, django_assert_max_num_queries):
    for number in range(30):
        open_card(iccid=f"8986{number:012d}7777", customer=f"Shop {number} 7777")
    admin.get("/console/find/?q=7777")
    with django_assert_max_num_queries(18):
        admin.get("/console/find/?q=7777")
