"""Paying by bank transfer: the dealer's account and what to write as the reference, in place of a provider."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.utils.translation import override

from billing import mail
from billing.choices import NoticeKind
from billing.models import MoneyRules
from tests.billing import build as b
from tests.billing.test_digests import MORNING, reader
from tests.build import card_in_use, member, on_day
from tests.console.pages import logged_in, superuser, text
from tests.my.pages import ENGLISH

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
ACCOUNT = {"bank": "招商银行深圳分行", "bank_account_name": "深圳物联有限公司", "bank_account_number": "755912345678"}


@pytest.fixture(autouse=True)
def today():
    b.price("Y1-30", "30.00")
    with on_day(DAY):
        yield


@pytest.fixture
def bank():
    MoneyRules.objects.update(**ACCOUNT)


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("7559 1234 5678", "755912345678"),
        ("７５５９-12345678", "755912345678"),
        ("1" * 8, "1" * 8),
        ("1" * 30, "1" * 30),
    ],
)
def test_the_number_is_kept_in_digits(number, kept):
    rules = MoneyRules(**ACCOUNT | {"bank_account_number": number})
    rules.full_clean()
    assert (rules.bank_account_number, rules.bank_account) == (kept, (*list(ACCOUNT.values())[:2], kept))


@pytest.mark.parametrize("number", ["1" * 7, "1" * 31, "7559A2345678", "7559.12345678", "755912345678 ABC"])
def test_a_number_that_is_none_is_refused_in_a_sentence(number):
    with pytest.raises(ValidationError) as refused:
        MoneyRules(**ACCOUNT | {"bank_account_number": number}).full_clean()
    sentence = "A bank account number has 8 to 30 digits and no letters."
    with override("en"):
        assert refused.value.message_dict == {"bank_account_number": [sentence]}


@pytest.mark.parametrize("missing", list(ACCOUNT))
def test_an_account_is_said_whole_or_not_at_all(missing):
    admin, url, rules = superuser(), "/admin/billing/moneyrules/1/change/", MoneyRules.read()
    posted = {
        name: value for name, value in model_to_dict(rules, exclude=["id", *ACCOUNT]).items() if value is not None
    }
    response = admin.post(url, posted | ACCOUNT | {missing: ""}, headers=ENGLISH)
    assert "Enter the bank, the account name and the account number, or none of them." in text(response)
    assert MoneyRules.read().bank_account is None
    assert admin.post(url, posted | ACCOUNT).status_code == 302
    assert MoneyRules.read().bank_account == tuple(ACCOUNT.values())
    assert admin.post(url, posted).status_code == 302
    assert MoneyRules.read().bank_account is None


@pytest.mark.parametrize("provider", ["", "local"])
def test_an_order_shows_the_account_and_a_button_only_where_somebody_takes_payments(bank, settings, provider):
    settings.LOCAL_PAYMENTS = bool(provider)
    order, alice = b.placed(cards=[card_in_use(customer="Acme")]), logged_in(member())
    page = text(alice.get(f"/my/orders/{order.pk}/", headers=ENGLISH))
    assert [fact in page for fact in (*ACCOUNT.values(), f"{order.number} Acme")] == [True] * 4
    assert ("Pay ¥30.00 online" in page) == bool(provider)
    draft = b.drafted(cards=[card_in_use(customer="Acme")])
    assert ACCOUNT["bank"] not in text(alice.get(f"/my/orders/{draft.pk}/"))


@pytest.mark.parametrize("provider", ["", "local"])
def test_a_wallet_shows_the_account_and_asks_for_an_amount_only_where_somebody_takes_payments(bank, settings, provider):
    settings.LOCAL_PAYMENTS = bool(provider)
    page = text(logged_in(member()).get("/my/wallet/", headers=ENGLISH))
    assert [fact in page for fact in ACCOUNT.values()] == [True] * 3
    assert ("Top up online" in page) == bool(provider)
    viewer = text(logged_in(member("Acme", "vera", "viewer")).get("/my/wallet/", headers=ENGLISH))
    assert [word in viewer for word in ("Top up online", ACCOUNT["bank"])] == [False, False]


def test_where_there_is_neither_a_customer_is_told_whom_to_ask(settings):
    settings.LOCAL_PAYMENTS = False
    order, alice = b.placed(cards=[card_in_use(customer="Acme")]), logged_in(member())
    page = text(alice.get(f"/my/orders/{order.pk}/", headers=ENGLISH))
    assert ("Ask your dealer how to pay." in page, "online" in page, "Account number" in page) == (True, False, False)
    b.fund("30")
    assert "Ask your dealer" not in text(alice.get(f"/my/orders/{order.pk}/", headers=ENGLISH))


def test_the_account_is_in_chinese_what_banks_call_it(bank):
    order = b.placed(cards=[card_in_use(customer="Acme")])
    page = text(logged_in(member()).get(f"/my/orders/{order.pk}/", headers={"accept-language": "zh-hans"}))
    assert [f"<dt>{word}</dt>" in page for word in ("开户行", "户名", "账号", "附言")] == [True] * 4


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (NoticeKind.RENEWAL_FAILED, {"needed": "30.00", "available": "9.99"}),
        (NoticeKind.WALLET_LOW, {"balance": "9.99", "low_below": "100.00"}),
        (NoticeKind.EXPIRING, {}),
    ],
)
def test_a_mail_that_asks_for_money_says_where_to(bank, mailoutbox, kind, facts):
    reader()
    card = None if facts else card_in_use(customer="Acme")
    b.notice(card=card, kind=kind, step=0, on=DAY, **facts)
    mail.drain(DAY, MORNING, seconds=60)
    lines = mailoutbox[0].body.splitlines()
    account = ["开户行：招商银行深圳分行", "户名：深圳物联有限公司", "账号：755912345678", "附言：Acme"]
    assert [line for line in lines if line in account] == (account if facts else [])
