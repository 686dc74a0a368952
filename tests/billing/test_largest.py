"""What is more than the books can hold is refused where it comes in, to the cent; nothing is done of it."""

from decimal import Decimal

import pytest
from django.utils.translation import override

from billing.actions import orders, payments
from billing.errors import MoneyRefused
from billing.models import Entry, MoneyRules, Order, Payment
from billing.money import CENT, LARGEST
from tests.billing import build as b
from tests.build import card_in_use, member
from tests.console.pages import logged_in, superuser, text

pytestmark = pytest.mark.django_db

HALF = Decimal("4999999999.99")
MOST = "¥9,999,999,999.99"


def refusal(do, *args, **kwargs):
    with override("en"):
        with pytest.raises(MoneyRefused) as refused:
            do(*args, **kwargs)
        return refused.value.sentence


def drafted_at(price):
    """A draft for two cards, which comes to twice the price."""
    b.price("Y1-30", price)
    return b.drafted(cards=[card_in_use(customer="Acme"), card_in_use(customer="Acme")])


def test_an_order_comes_to_the_largest_amount_and_no_further():
    assert orders.place(drafted_at(HALF), user=None).total == HALF * 2


def test_an_order_that_comes_to_more_is_not_placed_and_its_page_says_so():
    draft = drafted_at(HALF + CENT)
    sentence = f"The order comes to ¥10,000,000,000.00, but an order can be at most {MOST}."
    assert refusal(orders.place, draft, user=None) == sentence
    assert (Order.objects.get().state, draft.lines.count()) == ("draft", 0)
    for client, path in ((superuser(), "/console"), (logged_in(member("Acme")), "/my")):
        page = text(client.get(f"{path}/orders/{draft.pk}/", headers={"accept-language": "en"}))
        assert f"An order can be at most {MOST}. Split it into several orders." in page
        assert f"{path}/orders/{draft.pk}/withdraw/" in page
        assert ("Place order" in page, "Order for ¥" in page) == (False, False)


def test_an_adjustment_fills_a_wallet_to_the_last_cent_and_no_further():
    MoneyRules.objects.update(second_person_above=LARGEST)
    b.fund(LARGEST - 1)
    finance, told = b.financier(), {"note": "x", "told": "x"}
    over = refusal(orders.make_adjustment, b.customer(), Decimal("-1.01"), user=finance, **told)
    assert (over, Order.objects.count(), Entry.objects.count()) == (f"The wallet can hold at most {MOST}.", 0, 1)
    orders.make_adjustment(b.customer(), Decimal(-1), user=finance, **told)
    assert b.balance() == LARGEST
    sentence = f"The order comes to ¥10,000,000,000.00, but an order can be at most {MOST}."
    assert refusal(orders.make_adjustment, b.customer(), LARGEST + CENT, user=finance, **told) == sentence


def test_a_payment_into_the_wallet_is_started_for_as_much_as_it_can_hold():
    b.fund(LARGEST - 1)
    alice = member("Acme")
    assert refusal(payments.start_deposit, b.customer(), Decimal("1.01"), user=alice) == (
        f"The wallet can hold at most {MOST}."
    )
    assert Payment.objects.count() == 0
    assert payments.start_deposit(b.customer(), Decimal(1), user=alice).amount == 1
