"""What tests of the pages for people without an account build over and over."""

import re
from datetime import date
from html import unescape

from django.test import Client

from cards.actions.claim_codes import codes_of
from tests.billing import build as b
from tests.console.pages import text

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
PACK, PLAN = "PACK-100", "Y1-30"


def token_of(card):
    """What the card's address ends with, as its label has it."""
    return codes_of([card])[card.pk].printed_token(card.iccid)


def priced():
    """A pack at ¥5.00 and the plan at ¥30.00."""
    b.price(PACK, "5.00")
    b.price(PLAN, "30.00")


def page(path, client=None):
    return (client or Client()).get(path, headers=ENGLISH)


def label_page(card, client=None):
    return page(f"/c/{token_of(card)}", client)


def form_of(response, code, **otherwise):
    """What the form of a page with offers posts for a plan or a pack."""
    html = text(response)
    key = re.search(r'name="key" value="([^"]+)"', html)[1]
    offer = re.search(rf'name="offer" value="({re.escape(code)} [^"]+)"', html)[1]
    return {"key": key, "offer": offer, "provider": "local"} | otherwise


def buy(card, code=PACK, client=None):
    """The answer to buying from the page of a card's label."""
    client = client or Client()
    path = f"/c/{token_of(card)}"
    return client.post(path, form_of(page(path, client), code), headers=ENGLISH)


def said(response):
    """The page's text without its tags."""
    main = re.search(r"<main>(.*)</main>", text(response), re.DOTALL)[1]
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", main).split()))
