"""The receipt of somebody without an account: found by its number, with what became of the money and nothing else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from billing.actions import orders, payments
from billing.choices import PayerRefundState
from billing.models import MoneyRules, PayerRefund, Payment
from billing.payments import local
from cards.models import Tries
from tests.build import card_in_use, do, on_day
from tests.console.pages import text
from tests.guest.build import DAY, ENGLISH, buy, page, priced, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def payment():
    priced()
    MoneyRules.objects.update(seller_name="Sim Trade Co", seller_phone="021-5555", seller_tax_number="91310000MA1K")
    buy(card_in_use(customer="Acme"))
    return Payment.objects.select_related("order").get()


def tell(payment, said="paid"):
    payments.receive(local.NAME, *local.notification(payment, said))


def receipt(payment):
    return page(f"/c/receipts/{payment.code}/")


def found(code, **more):
    return Client().post("/c/receipts/", {"code": code}, headers=ENGLISH, **more)


def test_a_receipt_says_what_was_bought_when_for_how_much_through_whom_and_from_whom(payment):
    tell(payment)
    payment = Payment.objects.get()
    code = payment.code
    read = said(receipt(payment))
    assert read == (
        "Payment receipt Paid and done It is paid, and the card has it."
        f" Receipt number {code[:4]}-{code[4:8]}-{code[8:]} Amount ¥5.00 For Add-on pack 100 MB"
        f" SIM card 8986 … 0001 Paid at {timezone.localtime(payment.paid_at):%Y-%m-%d %H:%M}"
        f" Paid through Local payment page {payment.provider_reference}"
        " Seller Sim Trade Co Taxpayer number 91310000MA1K Phone 021-5555"
        " Keep the receipt number: with it you find this page again. This document is not a VAT invoice."
        " Renew a card"
    )
    assert "Acme" not in text(receipt(payment))


def test_until_it_is_paid_it_leads_to_the_payment(payment):
    assert "Not paid yet Nothing was paid yet. To the payment" in said(receipt(payment))
    assert f'href="/pay/{payment.key}/"' in text(receipt(payment))
    tell(payment, "closed")
    assert "Not completed The payment was not completed: nothing was paid." in said(receipt(payment))


def test_while_the_card_is_being_served_it_says_so(payment, monkeypatch):
    monkeypatch.setattr(orders, "MOST_LINES_TO_WAIT_FOR", 0)  # the worker does it
    tell(payment)
    assert "Paid, in progress It is paid. The card gets it within minutes." in said(receipt(payment))


@pytest.mark.parametrize(
    ("state", "is_over", "sentence"),
    [
        (PayerRefundState.OPEN, False, "Being given back {why} ¥5.00 is being given back to where it was paid from."),
        (PayerRefundState.SENT, False, "Being given back {why} ¥5.00 is being given back to where it was paid from."),
        (PayerRefundState.DONE, True, "Given back {why} ¥5.00 was given back on {day}."),
        (
            PayerRefundState.FAILED,
            False,
            "Not given back yet {why} ¥5.00 is to be given back to you, which was not possible yet: ask the seller.",
        ),
    ],
)
def test_what_could_not_be_served_says_how_far_the_money_is_on_its_way_back(payment, state, is_over, sentence):
    do("cancel", payment.order.lines.get().card, DAY)
    tell(payment)
    now = timezone.now()
    PayerRefund.objects.update(state=state, ended_at=now if is_over else None)
    facts = {"why": "The card could not get what was paid for.", "day": timezone.localdate(now)}
    assert sentence.format(**facts) in said(receipt(payment))


def test_it_is_found_by_its_number_however_that_is_typed(payment):
    code = payment.code
    for typed in (code, code.lower(), f" {code[:4]}-{code[4:8]} {code[8:]} "):
        assert found(typed)["Location"] == f"/c/receipts/{code}/"
    for wrong in ("", "x", "A" * 12, "AAAA-AAAA-AAAA", "9" * 500):
        answer = found(wrong)
        assert (answer.status_code, "There is no receipt with this number." in said(answer)) == (404, True)
    assert page("/c/receipts/AAAAAAAAAAAA/").status_code == 404


def test_ten_wrong_numbers_meet_the_limit(payment):
    for number in range(10):
        assert found(f"AAAAAAAAAAA{number}").status_code == 404
    assert (found(payment.code).status_code, found(payment.code, REMOTE_ADDR="192.0.2.9").status_code) == (429, 302)
    Tries.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert found(payment.code).status_code == 302
