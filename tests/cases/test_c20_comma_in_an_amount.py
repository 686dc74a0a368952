"""C20: a comma in an amount stands where it groups by three, or the amount is refused; it never makes it larger."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from billing.models import CustomerAccount, MoneyRules, Price, Receipt
from billing.money import LARGEST, ZERO, read_amount, yuan
from cards.errors import BadInput
from tests.billing import build as b
from tests.build import on_day
from tests.console.pages import superuser

TODAY = date(2026, 3, 2)
KEY = "8a3b9c52-6a1f-4b8e-9d7a-333333333333"
ALONE = Decimal(5000)  # so much needs no second person
TEN_TIMES_TOO_MUCH = ("1,50", "1,5", "12,34", "1,2345.67", "1234,56")


def refusal(text, **options):
    with override("en"), pytest.raises(BadInput) as bad:
        read_amount(text, **options)
    return str(bad.value.sentence)


AMOUNTS = [
    (("1234.50", "1234.5", "1,234.50", "1,234.5", " 1,234.50 ", "01234.50"), "1234.50"),
    (("12,345", "12345", "12 345", "１２，３４５"), "12345.00"),
    (("1,234,567.89", "1 234 567.89", "1，234，567．89"), "1234567.89"),
    (
        ("1234.56", "１２３４．５６", "１，２３４．５６", "1234。56", "1 234.56", "1\u00a0234.56", "1\u2009234.56"),
        "1234.56",
    ),
    (("1\u202f234.56", "1\u3000234.56", "\u202d1,234.56\u202c", "\ufeff1234.56", "1234.56\u200b"), "1234.56"),
    (("100元", "100 元", "100圆", "100元整", "¥100", "￥100", "¥ 100", "100¥", "100￥", "元100"), "100.00"),
    (("CNY 100", "100 CNY", "cny100", "RMB100", "RMB 100.00", "人民币100元", "人民币 100.00 元", "RMB ¥100"), "100.00"),
    (("100", "ＲＭＢ１００", "100.0", "0100"), "100.00"),
    (("0.01", "¥0.01"), "0.01"),
    (("9,999,999,999.99", "9999999999.99"), "9999999999.99"),
]


@pytest.mark.once
def test_what_is_one_amount():
    for texts, amount in AMOUNTS:
        assert {text: read_amount(text) for text in texts} == dict.fromkeys(texts, Decimal(amount))


NO_AMOUNT = [
    *TEN_TIMES_TOO_MUCH,
    *("1，50", "１，５", "0,123", "012,345", "1,234,56", "12,34,567", "1234,567", ",123", "1,", "1,,234", "1, 234"),
    *("1 5", "12 34", "1234 567", "1,234 567", "1 234,567", "1\t234", "1\n234", "0 123"),
    *("1.234", "1.234,50", "1.2.3", "1.", ".5", "1e3", "1E999", "NaN", "Infinity", "-Infinity", "0x10", "1_000"),
    *("5²", "½", "①", "٣", "十", "1万", "ten", "$5", "5 USD", "¥", "元", "--5", "-¥-5", "5-", "(5)", "+5", "\x005"),
    *("¥¥¥5", "5元元元", "", " ", "1'234", "5元角"),
]


@pytest.mark.once
def test_what_is_none_is_refused_with_the_sentence_that_says_how():
    sentences = {text: f"“{text.strip()}” is not an amount; write it as 1234.50" for text in NO_AMOUNT}
    assert {text: refusal(text) for text in NO_AMOUNT} == sentences


@pytest.mark.once
def test_what_is_too_small_too_large_or_too_long():
    assert [refusal(text) for text in ("0", "0.00", "-0", "-5", "¥-3.00")] == ["the amount must be at least ¥0.01"] * 5
    assert [refusal(text, least=ZERO) for text in ("-0.01", "－5")] == ["the amount must be at least ¥0.00"] * 2
    for text in ("10000000000", "10,000,000,000.00", "9" * 40):
        assert refusal(text) == f"“{text}” is not an amount; write it as 1234.50"
    assert refusal("9" * 5000) == f"“{'9' * 40}…” is not an amount; write it as 1234.50"


@pytest.mark.once
def test_a_negative_zero_is_zero():
    assert [str(read_amount(text, least=ZERO)) for text in ("-0", "-0.00", "¥-0")] == ["0.00"] * 3
    assert [yuan(Decimal(text)) for text in ("-0.00", "-0.004", "-0.005")] == ["¥0.00", "¥0.00", "-¥0.01"]


@pytest.mark.once
@given(st.decimals(-LARGEST, LARGEST, places=2))
def test_what_the_portal_writes_is_read_back_as_it_was(amount):
    assert read_amount(yuan(amount), least=-LARGEST) == read_amount(f"{amount:f}", least=-LARGEST) == amount


# every door at which an amount is typed


@pytest.fixture
def _today():
    with on_day(TODAY):
        yield


def posts(account):
    """(address, what is posted, the field, how to see what was kept) for each form that asks for an amount."""
    rules = {"service_tax_rate": "6", "goods_tax_rate": "13", "placed_days": "3"} | {
        name: value
        for name, value in MoneyRules.objects.values().get(pk=1).items()
        if name not in ("id", "second_person_above") and value is not None
    }
    key, customer = {"key": KEY}, account.customer
    return [
        (
            "/console/receipts/new/",
            key | {"customer": customer.name, "reference": "B 1", "received_on": str(TODAY)},
            "amount",
            lambda: Receipt.objects.values_list("amount", flat=True).first(),
        ),
        (
            f"/console/customers/{customer.pk}/adjust/",
            key | {"gives": "0", "note": "x"},
            "amount",
            lambda: customer.orders.values_list("total", flat=True).first(),
        ),
        (
            f"/console/customers/{customer.pk}/agreement/",
            {"renews_days_ahead": "7"},
            "credit_limit",
            lambda: CustomerAccount.objects.get().credit_limit or None,
        ),
        (
            f"/console/customers/{customer.pk}/notices/",
            {"kinds": []},
            "low_below",
            lambda: CustomerAccount.objects.get().low_below,
        ),
        (
            "/console/prices/",
            {"kind": "list", "valid_from": str(TODAY)},
            "amount",
            lambda: Price.objects.values_list("amount", flat=True).first(),
        ),
        (
            "/admin/billing/moneyrules/1/change/",
            rules,
            "second_person_above",
            lambda: (
                MoneyRules.objects.exclude(second_person_above=ALONE)
                .values_list("second_person_above", flat=True)
                .first()
            ),
        ),
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("_today")
@pytest.mark.parametrize("number", range(6))
def test_every_form_reads_amounts_so(number):
    b.fund("2000")
    b.credit("0")
    MoneyRules.objects.update(second_person_above=ALONE)
    client = superuser()
    url, posted, field, kept = posts(CustomerAccount.objects.get())[number]
    for text in TEN_TIMES_TOO_MUCH:
        page = client.post(url, posted | {field: text}, headers={"accept-language": "en"})
        assert f"“{text}” is not an amount; write it as 1234.50" in page.content.decode()
        assert kept() is None
    assert client.post(url, posted | {field: "１，２３４．５ 元"}).status_code == 302
    assert kept() == Decimal("1234.50")
