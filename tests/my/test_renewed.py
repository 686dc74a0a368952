"""Customers whose cards are renewed: no page leads them to pay once more, and each says what is on its way."""

from datetime import date

import pytest

from billing.actions import orders
from billing.models import Order
from cards.models import Plan
from cards.views.my import home
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, open_card, swept
from tests.console.pages import logged_in, of_role, text
from tests.my.pages import ENGLISH, Phone, Reader

pytestmark = pytest.mark.django_db

# A card in use since then with M1-100 has service until 2026-04-01, and is cancelled on 2026-06-30.
SINCE, END = date(2026, 3, 2), date(2026, 4, 1)
ONE_MORE = "One more term, although the card is renewed already"


@pytest.fixture(autouse=True)
def _priced():
    b.price("M1-100", "5.00")
    b.fund("100")
    with on_day(SINCE):
        yield


@pytest.fixture(autouse=True)
def _is_a_fleet(monkeypatch):
    """From the first card on the first page says what needs somebody."""
    monkeypatch.setattr(home, "FEW", 0)


@pytest.fixture
def alice():
    return Phone(logged_in(member("Acme")))


def monthly(**columns):
    return card_in_use(SINCE, plan="M1-100", customer="Acme", **columns)


def ordered(card, **more):
    return b.placed(cards=[card], plan="M1-100", **more)


def coming(client):
    seen = client.get("/my/", headers=ENGLISH).context
    return [(need.code, need.count_label, need.label, need.url) for need in [*seen["needs"], *seen["coming"]]]


def test_whose_cards_are_all_renewed_is_led_to_pay_nothing(alice):
    by_queue, by_order = monthly(), monthly()
    do("renew", by_queue, SINCE, plan="M1-100")
    order = ordered(by_order)
    assert coming(alice.client) == [("unpaid", "1", "Show orders", "/my/orders/")]
    orders.pay(order, user=None)
    assert "Nothing: all your cards are fine." in alice.open("/my/").text
    for quick in ("expiring", "expired", "cancelling", "unpaid"):
        assert alice.client.get(f"/my/cards/?quick={quick}").context["rows"] == []
    rows = alice.client.get("/my/cards/", headers=ENGLISH).context["rows"]
    assert [(str(row["next"].label), row["next"].is_soon) for row in rows] == [
        ("renewed; the current term's last day", False)
    ] * 2
    for card in (by_queue, by_order):
        page = alice.open(f"/my/cards/{card.iccid}/").text
        assert ("Buy data: see the prices" in page, "Renew" in page) == (True, False)
        alice.open(f"/my/cards/{card.iccid}/buy/").press("Buy for ¥5.00")  # nobody has ticked anything
        assert alice.client.get(alice.url).context["can"] == 0
    assert (b.balance(), Order.objects.filter(state="placed").count()) == (95, 0)


def test_a_card_says_what_is_on_its_way_and_what_it_prevents(alice):
    card = monthly()
    order = ordered(card)
    page = alice.open(f"/my/cards/{card.iccid}/").text
    on_its_way = f"Order {order.number} of 2026-03-02, not paid yet, renews this card."
    assert f"{on_its_way} The next term is to start on 2026-04-01." in page
    assert f"{on_its_way} Paid before 2026-04-01, it prevents this." in page
    assert f'href="/my/orders/{order.pk}/"' in page
    orders.pay(order, user=None)
    page = alice.open(f"/my/cards/{card.iccid}/").text
    assert f"Order {order.number} of 2026-03-02 is paid and renews this card." in page
    assert "It prevents this as soon as it is served." in page
    orders.fulfil_if_small(b.fresh(order))
    page = alice.open(f"/my/cards/{card.iccid}/").text
    said = "The card is renewed already: its next term is queued. The next term is to start on 2026-04-01."
    assert (said in page, "prevents" in page) == (True, False)


def test_a_card_that_is_shut_down_leads_to_its_order_and_to_no_other(alice):
    card, other = monthly(), monthly()
    swept(card, END)
    with on_day(END):
        order = ordered(card)
        assert coming(alice.client) == [
            ("expired", "1", "Renew card…", ""),
            ("unpaid", "1", "Show orders", "/my/orders/"),
        ]
        page = alice.open(f"/my/cards/{card.iccid}/").text
        assert "service has ended; its renewal is ordered." in page.replace("&#x27;", "'")
        assert (">Renew card<" in page, "Show order" in page) == (False, True)
        assert "It restores the card as soon as it is paid." in page
        alice.press("Show order").press("Pay ¥5.00 from the wallet")
        assert (fresh(card).state, fresh(other).state) == ("in_use", "shut_down")
    assert order.lines.get().unit_price == 5


@pytest.mark.parametrize(
    ("plan", "terms", "sentence"),
    [
        ("M1-100", 0, "It starts on 2026-04-01; its last day is 2026-04-30."),
        ("M1-100", 1, "It would be the third term, from 2026-05-01; its last day is 2026-05-31."),
        ("M1-100", 4, "It would be one more term, from 2026-08-01; its last day is 2026-08-31."),
        ("Y1-30", 2, "It would be the fourth term, from 2026-06-01; its last day is 2027-05-31."),
    ],
)
def test_the_price_page_says_when_the_term_really_runs(alice, plan, terms, sentence):
    """Behind the running term and all that are queued or ordered, not today."""
    b.price("Y1-30", "30.00")
    card = monthly()
    for number in range(terms):
        order = ordered(card, also_renewed=True)
        if number % 2:
            orders.pay_and_fulfil(order, user=None)
    alice.open(f"/my/cards/{card.iccid}/buy/")
    assert sentence in alice.text
    assert (ONE_MORE in alice.text) is bool(terms)
    (form,) = [f for f in Reader(alice.text).forms.values() if [b.get("value") for _t, b in f["buttons"]] == [plan]]
    ticked = form["fields"] | {"plan": plan, "also_renewed": "1"}
    placed = alice.client.post(f"/my/cards/{card.iccid}/buy/", ticked, headers=ENGLISH, follow=True)
    assert (sentence in text(placed), placed.context["order"].state) == (True, "placed")


def test_anniversary_terms_go_on_in_their_chain(alice):
    """In use since 2026-01-31 with one-month terms: 02-28, 03-31, 04-30."""
    since = date(2026, 1, 31)
    Plan.objects.create(code="M1A-7", kind="plan", months=1, alignment="anniversary", quota_mb=7)
    b.price("M1A-7", "5.00")
    with on_day(since):
        card = card_in_use(since, plan="M1A-7", customer="Acme")
        b.placed(cards=[card], plan="M1A-7")
        alice.open(f"/my/cards/{card.iccid}/buy/")
    assert "It would be the third term, from 2026-03-31; its last day is 2026-04-29." in alice.text


def test_a_card_that_nobody_has_used_yet_is_renewed_behind_its_opening_term(alice):
    card = open_card(plan="M1-100", customer="Acme")
    alice.open(f"/my/cards/{card.iccid}/buy/")
    assert "starts after the card" in alice.text
    ordered(card)
    alice.open(f"/my/cards/{card.iccid}/buy/")
    assert "It would be the third term, after those before it." in alice.text


def test_a_draft_says_who_is_renewed_already_and_takes_them_in_when_it_is_ticked(alice):
    cards = [monthly() for _ in range(3)]
    do("renew", cards[0], SINCE, plan="M1-100")
    first = ordered(cards[1])
    draft = b.drafted(cards=cards, plan="M1-100", user=None)
    url = f"/my/orders/{draft.pk}/"
    page = alice.open(url)
    assert "Also the 2 cards that are renewed already" in page.text
    assert f"Order {first.number} of 2026-03-02, not paid yet, renews this card." in page.text
    assert alice.client.get(url).context["total"] == 5
    alice.client.post(f"{url}renewed/", {"also_renewed": "1"})
    assert alice.client.get(url).context["total"] == 15
    alice.client.post(f"{url}renewed/", {})
    assert alice.client.get(url).context["total"] == 5


def test_staff_see_what_is_on_its_way_and_no_way_to_renew_once_more():
    ops, card = of_role("operations"), monthly()
    order = ordered(card)
    page = ops.get(f"/console/cards/{card.iccid}/", headers=ENGLISH)
    assert f"Order {order.number}" in page.content.decode()
    (expire,) = [step.foreseen for step in page.context["forecast"] if step.foreseen.rule == "expire"]
    assert expire.prevention.startswith(f"Order {order.number} of 2026-03-02, not paid yet, renews this card.")
    swept(card, END)
    with on_day(END):
        (why, *_others) = ops.get(f"/console/cards/{card.iccid}/", headers=ENGLISH).context["whys"]
        assert (why.reason.code, why.button) == ("shut_down", None)
        assert why.reason.way_back.endswith("Otherwise it will be permanently cancelled on 2026-06-30.")
        (row,) = ops.get("/console/cards/?quick=unpaid").context["rows"]
        assert row["iccid"] == card.iccid
