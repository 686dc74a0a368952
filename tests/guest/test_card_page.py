"""The page to which a card's label leads: what whoever has it reads, what they never read, and to whom it is closed."""

from datetime import date
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from billing.actions import orders
from billing.actions.ledger import account_of
from billing.choices import PriceKind
from billing.models import CustomerAccount
from cards.actions.claim_codes import codes_of, reissue
from cards.carriers.choices import DriftKind
from cards.lookup import card_at
from cards.models import ClaimCode
from cards.models.claim import address_digest_of, address_letters, read_token
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, on_day, open_card, spoil, swept, use
from tests.carriers.rows import a_difference, an_account, on_account
from tests.console.pages import text
from tests.guest.build import DAY, PACK, label_page, page, priced, said, token_of

pytestmark = pytest.mark.django_db

NOTHING = "Nothing can be bought for this card here now: ask whoever gave you the card."


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def card():
    priced()
    return card_in_use(customer="Acme", msisdn="1440000000001", imsi="460001234567890")


# the address


def test_an_address_is_short_and_only_its_hash_is_kept(card):
    token, kept = token_of(card), ClaimCode.objects.values().get(card=card)
    letters = address_letters(card.iccid, 1)
    assert read_token(token) == read_token(token.lower()) == (card.pk, letters)
    assert len(token) <= 25
    assert kept["address_digest"] == address_digest_of(card.iccid, letters)
    assert not any(letters in str(value) for value in kept.values())


def test_an_address_leads_to_its_card_alone_in_one_statement_and_any_other_to_none(card):
    other, token = open_card(), token_of(card)
    letters = token.partition("-")[2]
    wrong = [
        f"{other.pk}-{letters}",
        token[:-1],
        token + "A",
        f"{card.pk}-{'A' * 16}",
        "99999-" + letters,
        "",
        "-",
        "x",
    ]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = [card_at(each) for each in (token, *wrong)]
    assert (found, len(asked)) == ([card, *[None] * len(wrong)], 1 + len(wrong))


def test_a_row_of_before_opens_nothing_until_its_label_is_printed(card):
    token = token_of(card)
    ClaimCode.objects.update(address_digest="")
    assert card_at(token) is None
    assert token_of(card) == token_of(card) == token
    assert card_at(token) == card


def test_an_address_stays_valid_under_another_secret_key_and_is_printed_again_while_its_own_is_listed(card, settings):
    token, old = token_of(card), settings.SECRET_KEY
    with override_settings(SECRET_KEY="another"):
        assert (card_at(token), token_of(card)) == (card, "")
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[old]):
        assert (card_at(token), token_of(card)) == (card, token)


def test_the_address_is_replaced_when_the_card_changes_hands_and_with_a_new_code(card):
    tokens = [token_of(card)]
    do("unassign", card, DAY)
    tokens.append(token_of(card))
    do("assign", fresh(card), DAY, customer=b.customer("Beta"))
    assert token_of(card) == tokens[1]  # out of stock it keeps the label that it is sold with
    reissue(card.iccid, codes_of([card])[card.pk].generation)
    tokens.append(token_of(card))
    assert len(set(tokens)) == 3
    assert [card_at(token) for token in tokens] == [None, None, card]


# what is read


def test_a_card_is_told_in_one_sentence_with_what_is_left_and_what_helps_at_which_price(card):
    use(card, DAY, 30)
    assert said(label_page(card)) == (
        "SIM card 8986 … 0001 The card is suspended: its data is used up. 0 of 30 MB left (0%)"
        " This cycle: 2026-03-01 to 2026-03-31. The last day of service is 2026-12-31."
        " Add-on pack Add-on pack 100 MB The card works. ¥5.00"
        " Renewal Yearly plan 30 MB/month It starts on 2027-01-01; its last day is 2027-12-31. ¥30.00"
        " Pay with Local payment page Find a receipt"
    )


def test_service_is_told_through_its_last_day_and_renewing_restores_it_after_that(card):
    read = {}
    for day in (date(2026, 12, 31), date(2027, 1, 1)):
        with on_day(day):
            read[day.year] = said(label_page(swept(card, day)))
    assert "The card works." in read[2026]
    assert "The last day of service is 2026-12-31." in read[2026]
    assert "The card's service has ended, and it was not renewed." in read[2027]
    assert "The last day of service" not in read[2027]
    assert "The card works. It starts on" in read[2027]


def test_what_no_money_helps_against_is_told_with_whom_to_ask(card):
    stopped = do("suspend", card, DAY)
    read = said(label_page(stopped))
    assert "The card is suspended: whoever it belongs to has stopped it." in read
    assert "Only whoever gave you the card can resume it: ask them." in read
    assert NOTHING not in read  # its next term can be bought all the same


@pytest.mark.parametrize(
    ("kind", "works", "is_sold"),
    [(DriftKind.USAGE, True, True), (DriftKind.STOPPED, False, True), (DriftKind.CANCELLED, False, False)],
)
def test_nobody_is_told_that_a_card_works_which_its_carrier_has_cut(card, kind, works, is_sold):
    a_difference(on_account(card, an_account()), kind)
    read = said(label_page(card))
    assert ("SIM card 8986 … 0001 The card works." in read, PACK in text(label_page(card))) == (works, is_sold)
    assert ("The carrier does not let it work as it should; it is being looked into." in read) == (not works)


def test_nothing_of_the_customer_or_of_what_was_is_on_the_page(card):
    do("remark", card, DAY, remark="vip")
    use(card, DAY, 12, imei="868686868686868")
    html = text(label_page(card))
    for secret in ("Acme", card.msisdn, card.imsi, card.iccid, "868686868686868", "vip", "cmcc", "China Mobile"):
        assert secret not in html
    assert f"{card.iccid[:4]} … {card.iccid[-4:]}" in html


def test_a_card_that_is_renewed_already_says_so_and_not_by_which_order(card):
    order = b.placed(cards=[card], user=b.financier())
    for _time in range(2):
        read = said(label_page(fresh(card)))
        assert "The card is renewed already: a renewal bought here is one more term, after that." in read
        assert "It would be the third term, from 2028-01-01; its last day is 2028-12-31. ¥30.00" in read
        assert order.number not in read
        b.fund("30.00")
        orders.pay_and_fulfil(order, user=order.created_by)


def test_the_price_is_that_of_the_public_page_or_the_customers_own_retail_price(card):
    b.price(PACK, "3.00", PriceKind.CUSTOMER, customer=card.customer)
    assert "¥5.00" in said(label_page(card))
    b.price(PACK, "8.00", PriceKind.RETAIL, customer=card.customer)
    assert "¥8.00" in said(label_page(card))
    assert "¥5.00" not in said(label_page(card))


def test_what_costs_nothing_is_not_sold_here(card):
    b.price(PACK, "0.00", since=DAY)
    assert PACK not in text(label_page(card))


# to whom it is closed


def test_a_label_that_leads_nowhere_reads_the_same_whatever_is_behind_it(card):
    gone = do("cancel", card_in_use(iccid="89860000000000000077", customer="Acme"), DAY)
    tokens = (token_of(gone), "1-AAAAAAAAAAAAAAAA", "nothing", f"{card.pk}-{'B' * 16}")
    answers = [page(f"/c/{token}") for token in tokens]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({said(answer) for answer in answers}) == 1
    assert "This label is not valid any more" in said(answers[0])


def test_a_card_in_stock_leads_to_claiming_it_and_shows_nothing(card):
    stock = open_card()
    answer = label_page(stock)
    assert said(answer) == "SIM card This card is not registered yet. Add it to your account"
    assert f'href="/my/claim/?iccid={stock.iccid}"' in text(answer)


def test_a_customer_can_switch_the_page_off(card):
    account_of(card.customer_id)
    CustomerAccount.objects.update(guests_may_pay=False)
    answer = label_page(card)
    assert said(answer) == (
        "SIM card This card cannot be renewed here without an account: ask whoever gave you the card."
    )


def test_where_nobody_takes_payments_the_page_says_so(card, settings):
    settings.LOCAL_PAYMENTS = False
    read = said(label_page(card))
    assert "The card works." in read
    assert "Nobody takes online payments here yet: ask whoever gave you the card." in read
    assert "Pay with" not in read


def test_of_a_card_whose_data_are_being_corrected_nothing_is_sold(card):
    spoil(card, parked='["no_term", {}]')
    read = said(label_page(fresh(card)))
    assert "The data of this card are being corrected" in read
    assert NOTHING in read


# how it answers


def test_it_is_for_nobodys_cache_index_or_frame_and_looking_changes_nothing(card):
    token = token_of(card)
    before = ClaimCode.objects.values_list("address_digest", "generation").get(card=card)
    with CaptureQueriesContext(connection) as asked:
        answers = [getattr(Client(), how)(f"/c/{token}") for how in ("get", "head")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [each["sql"] for each in asked if not each["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))] == []
    assert answers[0].headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert answers[0].headers["Referrer-Policy"] == "same-origin"
    assert "sessionid" not in answers[0].cookies
    assert ClaimCode.objects.values_list("address_digest", "generation").get(card=card) == before


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_page_with_its_style_is_under_30_kb_without_scripts_or_fonts(card, language):
    token, style = token_of(card), Path(finders.find("simportal/guest.css")).read_bytes()
    for path in (f"/c/{token}", "/c/", "/c/receipts/"):
        html = Client().get(path, headers={"accept-language": language}).content
        assert len(html) + len(style) < 30_000
        assert not any(word in html + style for word in (b"<script", b"@font-face", b"@import", b"style=", b"//cdn"))
        assert html.count(b'rel="stylesheet"') == 1


def test_the_address_stands_in_no_line_of_the_log(card, caplog):
    token = token_of(card)
    with caplog.at_level("DEBUG"):
        Client().get(f"/c/{token}")
        Client().get("/c/1-AAAAAAAAAAAAAAAA")
    assert token not in caplog.text
    assert "AAAAAAAAAAAAAAAA" not in caplog.text
