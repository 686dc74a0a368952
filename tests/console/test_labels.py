"""Labels: who prints them, what is on them, and how a lost one is replaced."""

import re
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from billing.models import MoneyRules
from cards.actions.selections import freeze_ids
from cards.models import Card, ClaimCode
from cards.models.claim import code_of
from cards.pages.label_drawing import LABEL_SIZES, drawn
from cards.views.console import labels
from tests.build import on_day, open_card
from tests.console.pages import of_role, text
from tests.guest.build import token_of

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def today():
    with on_day(date(2026, 3, 10)):
        yield


@pytest.fixture
def ops():
    return of_role("operations")


def url_of(cards, owner="operations"):
    selection = freeze_ids([card.pk for card in cards], owner=User.objects.get(username=owner), asked={"from": "page"})
    return f"/console/selections/{selection.pk}/labels/"


def sheets(response):
    """The text of each label, sheet by sheet, read as XML: what is drawn has to be well-formed."""
    found = re.findall(r'<svg class="sheet .*?\n    </svg>', text(response), re.DOTALL)
    drawn = map(ElementTree.fromstring, found)
    svg = "{http://www.w3.org/2000/svg}"
    return [[[line.text for line in label.iter(f"{svg}text")] for label in sheet] for sheet in drawn]


def test_a_label_has_the_number_the_code_and_a_square_without_the_code(ops, monkeypatch):
    card, addresses = open_card(), []
    make = labels.segno.make
    monkeypatch.setattr(labels.segno, "make", lambda url, **how: addresses.append(url) or make(url, **how))
    response = ops.get(url_of([card]), headers=ENGLISH)
    printed = ["Renew or add card", "Claim code", code_of(card.iccid, 1), card.iccid]
    assert sheets(response) == [[printed]]
    assert addresses == [f"http://127.0.0.1:8000/c/{token_of(card)}"]
    assert "style=" not in text(response)


def test_a_square_leads_to_the_portal_whatever_host_is_asked_for(ops, monkeypatch, settings):
    settings.ALLOWED_HOSTS, settings.PORTAL_URL = ["*"], "https://sim.example.cn"
    card, addresses, make = open_card(), [], labels.segno.make
    monkeypatch.setattr(labels.segno, "make", lambda url, **how: addresses.append(url) or make(url, **how))
    page = ops.get(url_of([card]), headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    assert (addresses, "evil" in text(page)) == ([f"https://sim.example.cn/c/{token_of(card)}"], False)


def test_a_square_is_small_enough_to_be_read_from_its_26_mm(ops, settings):
    settings.PORTAL_URL = "https://sim.long-name-of-a-dealer.com.cn"
    card = open_card()
    square = labels.segno.make(f"{settings.PORTAL_URL}/c/{token_of(card)}", micro=False, error="m", mask=labels.MASK)
    assert square.symbol_size(border=0) <= (37, 37)  # modules of 0.7 mm


def test_where_nobody_has_said_where_the_portal_is_no_label_is_drawn_and_the_page_says_why(ops, settings):
    settings.PORTAL_URL = ""
    page = ops.get(url_of([open_card()]), headers=ENGLISH)
    assert (page.status_code, sheets(page), page.context["labels"]) == (200, [], [])
    assert "the portal does not know its own address" in text(page)
    assert "There is no card" not in text(page)


def test_a_sheet_is_full_with_24_and_a_page_with_ten_sheets(ops, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(labels, "PER_PAGE", 48)
    cards = [open_card() for _card in range(49)]
    url = url_of(cards)
    with django_assert_max_num_queries(13):
        first = ops.get(url, headers=ENGLISH)
    drawn = sheets(first)
    assert list(map(len, drawn)) == [24, 24]
    assert [label[-1] for sheet in drawn for label in sheet] == [card.iccid for card in cards[:48]]
    assert [label[-1] for label in sheets(ops.get(f"{url}?page=2", headers=ENGLISH))[0]] == [cards[48].iccid]
    assert "?size=a4&amp;page=2" in text(first)


@pytest.mark.parametrize("page", ["0", "2", "-1", "x", "", "99999999999"])
def test_there_is_no_other_page(ops, page):
    assert ops.get(f"{url_of([open_card()])}?page={page}").status_code == 404


def test_a_card_from_before_gets_its_code_once(ops):
    card = open_card()
    ClaimCode.objects.all().delete()
    url = url_of([card])
    pages = [sheets(ops.get(url, headers=ENGLISH)) for _time in range(2)]
    assert pages[0] == pages[1]
    assert ClaimCode.objects.get().generation == 1


def test_a_lost_label_is_replaced_once_for_the_same_form(ops):
    card, other = open_card(), open_card()
    url = url_of([card])
    for label in (f"{card.iccid} 1", f"{card.iccid} 1", f"{other.iccid} 1", card.iccid, f"{card.iccid} x", ""):
        assert ops.post(url, {"label": label}).status_code == 302
    assert list(ClaimCode.objects.order_by("card").values_list("generation", flat=True)) == [2, 1]
    assert sheets(ops.get(url, headers=ENGLISH))[0][0][-2] == code_of(card.iccid, 2)


def test_after_another_secret_key_no_wrong_code_is_printed_and_the_square_asks_for_the_number(ops, monkeypatch):
    card, addresses, make = open_card(), [], labels.segno.make
    monkeypatch.setattr(labels.segno, "make", lambda url, **how: addresses.append(url) or make(url, **how))
    with override_settings(SECRET_KEY="another"):
        ops = of_role("operations", "new")
        url = url_of([card], "new")
        page = ops.get(url, headers=ENGLISH)
        assert sheets(page)[0][0][-2] == "–"
        assert "The codes of these cards cannot be printed again" in text(page)
        ops.post(url, {"label": f"{card.iccid} 1"})
        assert sheets(ops.get(url, headers=ENGLISH))[0][0][-2] == code_of(card.iccid, 2)
        assert addresses == ["http://127.0.0.1:8000/c/", f"http://127.0.0.1:8000/c/{token_of(card)}"]


@pytest.mark.parametrize("role", ["support", "finance", "carrier_desk", "auditor"])
def test_other_roles_print_nothing_and_are_offered_nothing(role):
    client = of_role(role)
    url = url_of([open_card()], role)
    assert client.get(url).status_code == client.post(url).status_code == 403
    assert "labels/" not in text(client.get(url.removesuffix("labels/")))


def test_the_selection_offers_it_and_anothers_is_not_there(ops):
    url = url_of([open_card()])
    assert url in text(ops.get(url.removesuffix("labels/")))
    assert of_role("operations", "other").get(url).status_code == 404


def test_the_dealers_name_stands_above_and_the_number_below(ops):
    MoneyRules.objects.update(seller_name="华东物联科技有限公司")
    card = open_card()
    ((label,),) = sheets(ops.get(url_of([card]), headers=ENGLISH))
    assert (label[0], label[-1]) == ("华东物联科技有限公司", card.iccid)


@pytest.mark.parametrize("size", [*LABEL_SIZES])
def test_a_label_printer_has_a_label_to_a_page_and_the_size_stays(ops, size):
    cards = [open_card() for _card in range(25)]
    url = url_of(cards)
    page = ops.get(f"{url}?size={size}", headers=ENGLISH)
    assert list(map(len, sheets(page))) == ([24, 1] if size == "a4" else [1] * 25)
    assert f'<option value="{size}" selected>' in text(page)
    code = ClaimCode.objects.first()
    again = ops.post(f"{url}?size={size}", {"label": f"{code.card.iccid} {code.generation}"})
    assert again["Location"] == f"{url}?size={size}&page=1"


@pytest.mark.parametrize("size", ["a5", "60x40mm", "", "A4"])
def test_there_is_no_other_size(ops, size):
    assert ops.get(f"{url_of([open_card()])}?size={size}").status_code == 404


@pytest.mark.parametrize("size", LABEL_SIZES.values(), ids=LABEL_SIZES)
@pytest.mark.parametrize("dealer", ["", "Acme", "华东物联科技有限公司", "一" * 60, "W" * 128])
def test_nothing_is_drawn_over_another_thing_nor_over_the_edge(size, dealer):
    """And the square's 45 modules, of an address that nobody has, are no smaller than two dots of 203 dpi."""
    card = Card(iccid="89860012345678901234", msisdn="1440012345678")
    drawing = drawn(size, dealer, card, "ABCD-EFGH-JK")
    right, bottom = size.width - size.margin, size.height - size.margin
    beside = [line for line in drawing.lines if line.x > drawing.square_x]
    whole = [line for line in drawing.lines if line not in beside]
    assert (len(beside), len(whole)) == (4, 2 if dealer else 1)
    assert not [line.text for line in beside if "…" in line.text]
    for line in drawing.lines:
        assert line.x + line.size * widest(line.text) <= right + 0.01, line
        assert size.margin <= line.y - line.size + 0.01, line
        assert line.y <= bottom + 0.01, line
    for upper, lower in pairwise(drawing.lines):
        assert upper.y <= lower.y - lower.size + 0.01, (upper, lower)
    assert drawing.square_side / 45 >= 2 * 25.4 / 203
    assert drawing.square_y + drawing.square_side <= whole[-1].y - whole[-1].size
    assert all(line.x >= drawing.square_x + drawing.square_side for line in beside)


def widest(line):
    """Of what no letter is wider: a square for an ideograph, two thirds of it for any other."""
    return sum(1 if letter > "\u2e80" else 0.6 for letter in line)
