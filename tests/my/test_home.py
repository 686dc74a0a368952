"""The customer's first page: a few cards themselves; of a fleet what needs somebody, with the one button that helps."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from billing.models import CustomerAccount, Order
from cards.actions.customer_figures import COUNTED_ANEW_AFTER
from cards.models import Card, Customer, CustomerFigures, Membership
from cards.tasks import housekeeping
from cards.views.my import home
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, open_card, swept, use
from tests.console.pages import logged_in, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
IMEI, OTHER_IMEI = "868600000000001", "868600000000026"


@pytest.fixture(autouse=True)
def _on_the_day():
    with on_day(DAY):
        yield


@pytest.fixture
def fleet(monkeypatch):
    """From the first card on it is a fleet."""
    monkeypatch.setattr(home, "FEW", 0)


@pytest.fixture
def alice():
    client = logged_in(member("Acme", "alice"))
    client.cookies["django_language"] = "en"
    return client


def mine(**columns):
    return card_in_use(customer="Acme", **columns)


def needs(client):
    seen = client.get("/my/").context
    return [
        (need.code, need.count_label, need.sentence, need.label, need.url, need.action)
        for need in [*seen["needs"], *seen["coming"]]
    ]


def test_nobody_has_cards_yet(alice):
    assert "You have no card here yet." in text(alice.get("/my/"))


def test_nothing_needs_anybody(alice, fleet):
    card = mine()
    use(card, DAY, 12)
    seen = alice.get("/my/")
    assert "Nothing: all your cards are fine." in text(seen)
    usage = seen.context["usage"]
    assert (usage.used_bytes, usage.allowance_bytes, usage.per_cent) == (12 * 1_048_576, 30 * 1_048_576, 40)


def test_stopped_cards_are_grouped_by_why_each_with_the_button_that_helps(alice, fleet):
    one = do("suspend", mine(), DAY)
    assert needs(alice) == [
        ("voluntary", "1", "Suspended manually", "Resume card", f"/my/cards/{one.iccid}/resume/", "")
    ]
    do("suspend", mine(), DAY)
    used_up = use(mine(), DAY, 31)
    use(mine(binding="fixed", imei=IMEI), DAY, 1, imei=OTHER_IMEI)
    use(mine(binding="fixed", imei=IMEI), DAY, 1, imei=OTHER_IMEI)
    do("place_hold", mine(), DAY, kind="anomaly")
    do("suspend", card_in_use(customer="Globex"), DAY)  # of another customer: never counted
    assert needs(alice) == [
        ("anomaly", "1", "Blocked by the carrier", "", "", ""),
        ("rebind", "2", "Suspended: moved to another device", "Confirm the new device…", "/my/cards/?hold=rebind", ""),
        ("credit", "1", "Suspended: data used up", "Buy more data", f"/my/cards/{used_up.iccid}/buy/", ""),
        ("voluntary", "2", "Suspended manually", "Resume all…", "", "resume"),
    ]


def test_what_comes_is_told_before_it_happens(alice, fleet):
    use(mine(), DAY, 25)
    do("activate", open_card(customer="Acme", plan="M1-100", opened_on="2026-03-01"), DAY)
    swept(mine(plan="M1-100"), DAY)
    open_card(customer="Acme", certification="individual")
    sent_in = open_card(customer="Acme", certification="individual")
    do("submit_real_name", sent_in, DAY, name="张三", id_number="110101199003071233")
    assert [(code, count_label, *button) for code, count_label, _sentence, *button in needs(alice)] == [
        ("low", "1", "Buy more data…", "", "top_up"),
        ("expiring", "1", "Renew card…", "", "renew"),
        ("expired", "1", "Renew card…", "", "renew"),
        ("no_real_name", "1", "", "", ""),
        ("real_name", "1", "", "", ""),
    ]


def test_every_group_leads_to_the_list_of_exactly_its_cards(alice, fleet):
    for _card in range(2):
        do("suspend", mine(), DAY)
    mine()
    (need,) = alice.get("/my/").context["needs"]
    rows = alice.get(need.list_url).context["rows"]
    assert {row["iccid"] for row in rows} == set(Card.objects.filter(holds="voluntary").values_list("iccid", flat=True))


def test_the_button_for_all_leads_to_what_would_happen_to_them(alice, fleet):
    cards = [do("suspend", mine(), DAY) for _card in range(2)]
    seen = alice.get("/my/").context
    need = seen["needs"][0]
    form = {"query": need.query, "action": need.action, "filter": str(seen["key"])}
    job = alice.post("/my/selections/", form, follow=True).context["job"]
    assert (job.action, job.status, job.total) == ("resume", "ready", 2)
    assert [fresh(card).holds for card in cards] == ["voluntary"] * 2  # nothing happens before it was confirmed


def test_a_viewer_is_told_and_has_no_button(fleet):
    eve = logged_in(member("Acme", "eve", role="viewer"))
    do("suspend", mine(), DAY)
    (need,) = eve.get("/my/").context["needs"]
    assert (need.count_label, need.label, need.url, need.action) == ("1", "", "", "")


def few(client):
    return [
        (own.card.iccid, own.said, own.usage and own.usage.per_cent, str(own.day), own.button and own.button.label)
        for own in client.get("/my/").context["few"]
    ]


def test_up_to_ten_cards_are_the_page_each_with_what_is_left_until_when_and_its_button(alice):
    works = use(mine(), DAY, 12)
    stopped = do("suspend", mine(), DAY)
    blocked = do("place_hold", mine(), DAY, kind="anomaly")
    over = swept(mine(plan="M1-100"), DAY)
    do("cancel", mine(), DAY)
    card_in_use(customer="Globex")
    assert few(alice) == [
        (works.iccid, "The card works.", 40, "2026-12-31", "Renew card"),
        (stopped.iccid, "The card is suspended: requested by you or your dealer.", 0, "2026-12-31", "Resume card"),
        (blocked.iccid, "The card is suspended: the carrier has blocked it.", 0, "2026-12-31", None),
        (over.iccid, "The card's service has ended, and it was not renewed.", None, str(over.cancel_on), "Renew card"),
    ]


def first_buttons(client):
    """What the first page and the card's own page propose first of each card: the button, and whether it is blue."""
    for own in client.get("/my/").context["few"]:
        ways = client.get(f"/my/cards/{own.card.iccid}/").context["ways"]
        blue = [way.button.label for way in ways if way.is_first]
        yield own.button and own.button.label, own.is_first, blue


def test_both_pages_propose_the_same_step(alice):
    swept(do("place_hold", mine(plan="M1-100"), date(2026, 1, 20), kind="anomaly"), DAY)
    person = {"name": "张三", "id_number": "110101199003071233"}
    card = do("submit_real_name", open_card(customer="Acme", certification="individual"), DAY, **person)
    used_up = use(do("activate", do("approve_real_name", card, DAY), DAY), DAY, 31)
    do("submit_real_name", do("revoke_real_name", used_up, DAY), DAY, **person)
    assert list(first_buttons(alice)) == [("Renew card", False, []), ("Buy more data", True, ["Buy more data"])]


def test_who_has_only_cancelled_cards_is_told_so_and_adds_one(alice):
    do("cancel", mine(), DAY)
    page = text(alice.get("/my/"))
    assert ("All your cards are cancelled: none is in service." in page, "Add a card" in page) == (True, True)
    assert ("Needs attention" in page, "all your cards are fine" in page) == (False, False)


def test_the_eleventh_card_makes_it_a_fleet(alice):
    for _card in range(10):
        mine()
    assert len(few(alice)) == 10
    mine()
    seen = alice.get("/my/").context
    assert ("few" in seen, seen["needs"]) == (False, [])


def test_a_viewer_sees_the_cards_and_no_button(alice):
    do("suspend", mine(), DAY)
    eve = logged_in(member("Acme", "eve", role="viewer"))
    eve.cookies["django_language"] = "en"
    assert [button for *_said, button in few(eve)] == [None]


def order_for(client, query, action):
    key = str(client.get("/my/").context["key"])
    form = {"query": query, "action": action, "filter": key}
    return client.post("/my/orders/of-cards/", form)


def test_a_need_leads_straight_to_the_preview_with_its_price_and_twice_to_the_same(alice, fleet):
    b.price("M1-100", "5.00")
    b.price("PACK-100", "9.90")
    over = [swept(mine(plan="M1-100"), DAY) for _card in range(2)]
    mine()
    seen = alice.get("/my/").context
    (need,) = seen["coming"]
    form = {"query": need.query, "action": need.action, "filter": str(seen["key"])}
    urls = [alice.post("/my/orders/of-cards/", form).url for _time in range(2)]
    order = Order.objects.get()
    assert urls == [f"/my/orders/{order.pk}/"] * 2
    preview = alice.get(urls[0])
    assert "2 × ¥5.00 = <strong>¥10.00</strong>" in text(preview)
    assert {card.pk for card in over} == set(order.job.chunks.get().payload["cards"])
    use(mine(), DAY, 31)
    pack = order_for(alice, "hold=credit", "top_up")
    assert "1 × ¥9.90 = <strong>¥9.90</strong>" in text(alice.get(pack.url))


def test_what_makes_no_order_makes_none(alice, fleet):
    b.price("M1-100", "5.00")
    do("suspend", mine(), DAY)
    key = str(alice.get("/my/").context["key"])
    ask = {"query": "hold=voluntary", "action": "renew", "filter": key}
    answers = {
        404: [ask | {"action": "cancel"}, ask | {"action": ""}],
        400: [ask | {"filter": "x"}, {"query": "", "action": "renew"}],
        302: [ask | {"query": "quick=expired"}, ask | {"query": "nonsense=1"}],
    }
    for status, forms in answers.items():
        assert [alice.post("/my/orders/of-cards/", form).status_code for form in forms] == [status] * len(forms)
    eve = logged_in(member("Acme", "eve", role="viewer"))
    assert eve.post("/my/orders/of-cards/", ask).status_code == 403
    assert alice.get("/my/orders/of-cards/").status_code == 405
    assert Order.objects.count() == 0


def test_orders_to_pay_and_renewals_that_failed_stand_there(alice):
    b.price("Y1-30", "30.00")
    b.price("M1-100", "5.00")
    placed = b.placed(cards=[mine()], user=None)
    b.drafted(cards=[mine()])
    b.placed(cards=[card_in_use(customer="Globex")], name="Globex")
    page = text(alice.get("/my/"))
    assert (page.count("is not paid yet"), f"/my/orders/{placed.pk}/" in page, "¥30.00" in page) == (1, True, True)
    assert "Not renewed automatically" not in page
    eve = logged_in(member("Acme", "eve", role="viewer"))
    eve.cookies["django_language"] = "en"
    read = text(eve.get("/my/"))
    assert ("Pay…" in read, "Show order" in read) == (False, True)
    ends_soon = do("activate", open_card(customer="Acme", plan="M1-100", opened_on="2026-03-01"), DAY)
    CustomerAccount.objects.filter(customer=ends_soon.customer).update(auto_renews=True, renews_days_ahead=30)
    with on_day(date(2026, 3, 25)):
        b.renew_for(date(2026, 3, 25), 30)
        page = text(alice.get("/my/"))
        assert ("Not renewed automatically" in page, "Insufficient funds" in page, "Top up the wallet" in page) == (
            True,
            True,
            True,
        )
        ask = {"key": "7d1a2a2e-58a8-4b9b-8ed3-0a6e5d5b6b10", "why": "short"}
        seen = alice.post("/my/orders/missed-renewals/", ask, follow=True).context
        assert [card.pk for card in seen["cards"]] == [ends_soon.pk]  # not those that end soon besides
        assert alice.post("/my/orders/missed-renewals/", ask | {"why": "x"}).status_code == 404
        read = text(eve.get("/my/"))
        assert "Not renewed automatically" in read
        assert [name in read for name in ("Top up the wallet", "Show these cards")] == [False, False]
        assert "Not renewed automatically" not in text(logged_in(member("Globex", "greta")).get("/my/"))


@pytest.mark.parametrize("cards", [1, 10, 12])
def test_the_page_asks_as_many_questions_for_many_cards_as_for_one(alice, django_assert_max_num_queries, cards):
    for _card in range(cards):
        do("suspend", mine(), DAY)
    with django_assert_max_num_queries(18):
        alice.get("/my/")


@pytest.fixture
def large(monkeypatch, fleet):
    """From the first card on the fleet is a large one."""
    monkeypatch.setattr(home, "LARGE_FLEET", 0)


def coming(client):
    """What is to come as the page says it; and whether it says as of when."""
    seen = client.get("/my/").context
    return [(need.code, need.count_label) for need in seen["coming"]], seen["as_of"] is not None


def a_minute_passes():
    moved = timezone.now() - COUNTED_ANEW_AFTER
    CustomerFigures.objects.update(as_of=moved, asked_at=moved)


def test_a_large_fleet_is_counted_once_a_minute_at_the_most_and_only_while_somebody_looks(alice, large):
    use(mine(), DAY, 25)
    card_in_use(customer="Globex")
    assert coming(alice) == ([("low", "1")], True)
    use(mine(), DAY, 25)
    assert coming(alice) == ([("low", "1")], True)
    housekeeping()  # within the minute
    assert coming(alice) == ([("low", "1")], True)
    a_minute_passes()
    housekeeping()  # nobody has looked since
    assert coming(alice) == ([("low", "1")], True)
    housekeeping()
    assert coming(alice) == ([("low", "2")], True)
    assert set(CustomerFigures.objects.values_list("customer__name", flat=True)) == {"Acme"}
    do("suspend", mine(), DAY)  # what is stopped is no matter of a minute
    assert [(need.code, need.count_label) for need in alice.get("/my/").context["needs"]] == [("voluntary", "1")]
    with on_day(DAY + timedelta(days=1)):
        assert CustomerFigures.objects.get().document["day"] == str(DAY)
        coming(alice)
        assert CustomerFigures.objects.get().document["day"] == str(DAY + timedelta(days=1))


def test_a_smaller_fleet_is_counted_at_each_visit(alice, fleet):
    use(mine(), DAY, 25)
    assert coming(alice) == ([("low", "1")], False)
    use(mine(), DAY, 25)
    assert (coming(alice), CustomerFigures.objects.count()) == (([("low", "2")], False), 0)


def test_who_belongs_to_two_customers_sees_the_figures_of_both(large):
    both = member("Acme", "both")
    Membership.objects.create(customer=Customer.objects.create(name="Globex"), user=both, role="owner")
    for name in ("Acme", "Globex"):
        use(card_in_use(customer=name), DAY, 25)
    seen = logged_in(both).get("/my/").context
    assert [(need.code, need.count_label) for need in seen["coming"]] == [("low", "2")]
    usage = seen["usage"]
    assert (usage.used_bytes, usage.allowance_bytes) == (50 * 1_048_576, 60 * 1_048_576)


@pytest.mark.parametrize("cards", [1, 12])
def test_the_page_of_a_large_fleet_asks_few_questions_too(alice, large, django_assert_max_num_queries, cards):
    for _card in range(cards):
        do("suspend", mine(), DAY)
    alice.get("/my/")
    with django_assert_max_num_queries(17):
        alice.get("/my/")
