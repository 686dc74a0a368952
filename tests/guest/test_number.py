"""A typed number: it says whether the card can be renewed and from what price, and not which cards there are."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.actions.ledger import account_of
from billing.guest.actions.finding import TICKET_SECONDS, card_of_ticket
from billing.models import CustomerAccount, Order
from cards.models import Tries
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, on_day, open_card, use
from tests.console.pages import text
from tests.guest.build import DAY, ENGLISH, PACK, form_of, page, priced, said

pytestmark = pytest.mark.django_db

NUMBER, NOBODYS = "1440000000001", "1440000000999"
UNKNOWN = "No card with this number can be renewed here. Check the number, or ask whoever gave you the card."
CAN = "This card can be renewed here, from ¥5.00."
MANY = "Too many numbers were tried. Wait an hour, or scan the card's label."


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def card():
    priced()
    return card_in_use(customer="Acme", msisdn=NUMBER)


def typed(number, client=None, **more):
    return (client or Client()).post("/c/", {"number": number}, headers=ENGLISH, **more)


def told(number, **more):
    """The sentence that an answer to a typed number is."""
    read = said(typed(number, **more))
    return next(sentence for sentence in (UNKNOWN, CAN, MANY, "Type the card's number") if sentence in read)


def test_a_number_in_any_writing_says_from_what_price_the_card_can_be_renewed(card):
    writings = (card.iccid, card.iccid[:19], f"ICCID: {card.iccid}", NUMBER, f"+86 {NUMBER}", "144-0000-000001")
    assert [told(each) for each in writings] == [CAN] * len(writings)


def test_whatever_cannot_be_renewed_reads_as_what_does_not_exist(card):
    stock = open_card(msisdn="1440000000002")
    gone = do("cancel", card_in_use(customer="Acme", msisdn="1440000000003"), DAY)
    twice = [card_in_use(customer="Acme", msisdn="1440000000004") for _time in range(2)]
    off = card_in_use(customer="Off", msisdn="1440000000005")
    account_of(off.customer_id)
    CustomerAccount.objects.filter(customer=off.customer).update(guests_may_pay=False)
    numbers = [NOBODYS, "89860099999999999999", *(each.msisdn for each in (stock, gone, twice[0], off)), gone.iccid]
    pages = {re.sub(r'value="[^"]+"', "", text(typed(number))) for number in numbers}
    assert [told(twice[1].iccid), {UNKNOWN in each for each in pages}, len(pages)] == [CAN, {True}, 1]


@pytest.mark.once
def test_what_is_no_number_of_a_card_is_said_and_counts_nothing(card):
    assert [told(each) for each in ("", "hello", "123", "8986", "1" * 5_000)] == ["Type the card's number"] * 5
    assert not Tries.objects.exists()


def test_where_nobody_takes_payments_no_number_can_be_renewed(card, settings):
    settings.LOCAL_PAYMENTS = False
    assert told(NUMBER) == UNKNOWN


def test_the_same_statements_are_asked_whether_or_not_there_is_such_a_card(card):
    stopped = do("suspend", card_in_use(customer="Acme", msisdn="1440000000006"), DAY)
    gone = do("cancel", card_in_use(customer="Acme", msisdn="1440000000007"), DAY)
    kinds = {
        "number": [NUMBER, NOBODYS, stopped.msisdn, gone.msisdn, open_card(msisdn="1440000000008").msisdn],
        "iccid": [card.iccid, "89860099999999999999", stopped.iccid, gone.iccid],
    }
    for numbers in kinds.values():
        asked = []
        for number in numbers:
            with CaptureQueriesContext(connection) as queries:
                typed(number)
            asked.append([re.sub(r"'[^']*'|\b\d+\b", "?", each["sql"]) for each in queries])
        assert all(each == asked[0] for each in asked[1:])


def test_ten_wrong_numbers_meet_the_limit_of_an_address_for_an_hour_and_right_ones_do_not_count(card):
    wrong = [f"14400000002{number:02}" for number in range(10)]
    assert [told(NUMBER) for _time in range(3)] == [CAN] * 3
    assert [told(number) for number in wrong] == [UNKNOWN] * 10
    assert [told(NUMBER), typed(NOBODYS).status_code] == [MANY, 429]
    rows = Tries.objects.count()
    assert ([told(f"14400000003{number:02}") for number in range(5)], Tries.objects.count()) == ([MANY] * 5, rows)
    assert told(NUMBER, REMOTE_ADDR="192.0.2.9") == CAN  # of another address
    Tries.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert told(NUMBER) == CAN


def test_one_number_cannot_be_asked_for_from_many_addresses(card):
    addresses = [f"192.0.2.{number}" for number in range(21)]
    assert [told(NUMBER, REMOTE_ADDR=each) for each in addresses] == [CAN] * 20 + [MANY]
    assert told(card.iccid, REMOTE_ADDR="192.0.2.99") == CAN


# what follows: a ticket


def ticket_of(response):
    return re.search(r'href="/c/number/([^"]+)/"', text(response))[1]


def test_a_ticket_shows_names_and_prices_and_nothing_of_the_card(card):
    use(card, DAY, 30)
    stopped, running = fresh(card), card_in_use(customer="Beta", msisdn="1440000000009")
    pages = [page(f"/c/number/{ticket_of(typed(each.msisdn))}/") for each in (stopped, running)]
    read = [said(each) for each in pages]
    assert read[0] == read[1]
    assert "Add-on pack Add-on pack 100 MB ¥5.00" in read[0]
    assert "Renewal Yearly plan 30 MB/month ¥30.00" in read[0]
    for secret in (stopped.iccid, stopped.iccid[-4:], NUMBER, "Acme", "works", "suspended", "2026"):
        assert secret not in text(pages[0])


def test_a_ticket_lapses_after_half_an_hour_and_when_the_card_changes_hands(card, monkeypatch):
    ticket, now = ticket_of(typed(NUMBER)), timezone.now().timestamp()
    assert card_of_ticket(ticket) == card
    for after, found in ((TICKET_SECONDS - 5, card), (TICKET_SECONDS + 5, None)):
        monkeypatch.setattr("django.core.signing.time.time", lambda after=after: now + after)
        assert card_of_ticket(ticket) == found
    monkeypatch.undo()
    do("unassign", card, DAY)
    do("assign", fresh(card), DAY, customer=b.customer("Beta"))
    assert card_of_ticket(ticket) is None


@pytest.mark.once
@pytest.mark.parametrize("ticket", ["1", "1:2:3", "x", "99999:1:a", "9" * 99, ":"])
def test_a_ticket_that_was_made_up_leads_back_to_the_form(card, ticket):
    answer = page(f"/c/number/{ticket}/")
    assert (answer.status_code, answer["Location"]) == (302, "/c/")


def test_a_pack_is_bought_with_a_typed_number_and_a_refusal_tells_nothing_of_the_card(card):
    path = f"/c/number/{ticket_of(typed(NUMBER))}/"
    form = form_of(page(path), PACK)
    stopped = do("suspend", card, DAY)
    assert Client().post(path, form, headers=ENGLISH).status_code == 302
    order = Order.objects.get()
    assert (order.is_guest, order.kind, order.lines.get().card) == (True, "pack", stopped)
    with on_day(stopped.service_until):
        refused = Client().post(path, form_of(page(path), PACK), headers=ENGLISH)
    read = said(refused)
    assert refused.status_code == 409
    assert "This cannot be bought for the card now. Choose something else, or ask whoever gave you the card." in read
    assert Order.objects.count() == 1
