"""The customer's first page: what needs them, with the one button that helps, in a fixed number of questions."""

from datetime import date

import pytest

from cards.models import Card
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


def test_nothing_needs_anybody(alice):
    card = mine()
    use(card, DAY, 12)
    seen = alice.get("/my/")
    assert "Nothing: all your cards are fine." in text(seen)
    usage = seen.context["usage"]
    assert (usage.used_bytes, usage.allowance_bytes, usage.per_cent) == (12 * 1_048_576, 30 * 1_048_576, 40)


def test_stopped_cards_are_grouped_by_why_each_with_the_button_that_helps(alice):
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


def test_what_comes_is_told_before_it_happens(alice):
    use(mine(), DAY, 25)
    do("activate", open_card(customer="Acme", plan="M1-100", opened_on="2026-03-01"), DAY)
    swept(mine(plan="M1-100"), DAY)
    open_card(customer="Acme", certification="individual")
    sent_in = open_card(customer="Acme", certification="individual")
    do("submit_real_name", sent_in, DAY, name="张三", id_number="110101199003071233")
    assert [(code, count_label, *button) for code, count_label, _sentence, *button in needs(alice)] == [
        ("low", "1", "", "", ""),
        ("expiring", "1", "Renew…", "/my/cards/?quick=expiring", ""),
        ("expired", "1", "Renew…", "/my/cards/?quick=expired", ""),
        ("no_real_name", "1", "", "", ""),
        ("real_name", "1", "", "", ""),
    ]


def test_every_group_leads_to_the_list_of_exactly_its_cards(alice):
    for _card in range(2):
        do("suspend", mine(), DAY)
    mine()
    (need,) = alice.get("/my/").context["needs"]
    rows = alice.get(need.list_url).context["rows"]
    assert {row["iccid"] for row in rows} == set(Card.objects.filter(holds="voluntary").values_list("iccid", flat=True))


def test_the_button_for_all_leads_to_what_would_happen_to_them(alice):
    cards = [do("suspend", mine(), DAY) for _card in range(2)]
    seen = alice.get("/my/").context
    need = seen["needs"][0]
    form = {"query": need.query, "action": need.action, "filter": str(seen["key"])}
    job = alice.post("/my/selections/", form, follow=True).context["job"]
    assert (job.action, job.status, job.total) == ("resume", "ready", 2)
    assert [fresh(card).holds for card in cards] == ["voluntary"] * 2  # nothing happens before it was confirmed


def test_a_viewer_is_told_and_has_no_button():
    eve = logged_in(member("Acme", "eve", role="viewer"))
    do("suspend", mine(), DAY)
    (need,) = eve.get("/my/").context["needs"]
    assert (need.count_label, need.label, need.url, need.action) == ("1", "", "", "")


def test_the_page_asks_as_many_questions_for_many_cards_as_for_one(alice, django_assert_max_num_queries):
    for _card in range(12):
        do("suspend", mine(), DAY)
    with django_assert_max_num_queries(11):
        alice.get("/my/")
