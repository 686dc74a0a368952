"""The same form, sent many times at the same moment by somebody without an account, is one order and one payment."""

import uuid

from billing.actions.offers import options_for
from billing.guest.actions.buying import buy_for_guest
from billing.models import Order, Payment
from cards.models import Card
from tests.billing.test_at_once import at_once, pytestmark  # noqa: F401 -- with a connection for each
from tests.build import card_in_use, on_day
from tests.guest.build import DAY, priced

TIMES_SENT = 8


def test_a_form_sent_many_times_at_once_is_one_order_and_one_payment():
    with on_day(DAY):
        priced()
        card = card_in_use(customer="Acme")
        (option,) = options_for(Card.objects.get(pk=card.pk), "pack", is_guest=True)
        how = {"shown": option.shown, "provider": "local", "way": "page", "key": uuid.uuid4(), "address": "192.0.2.1"}

        def buy():
            return buy_for_guest(Card.objects.select_related("customer").get(pk=card.pk), option.plan, **how)

        answers = at_once([buy] * TIMES_SENT)
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)
    assert {getattr(answer, "pk", None) for answer in answers} == {Payment.objects.get().pk}
