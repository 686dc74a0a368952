"""A customer's own list of cards: found, narrowed, paged and exported, and never anybody else's."""

from datetime import date

import pytest

from cards.actions.jobs import worker
from cards.columns.kinds import Format
from cards.models import Job, Membership
from cards.pages import exporting
from cards.views.my import card_list
from tests.build import card_in_use, do, member, on_day, open_card, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
LIST = "/my/cards/"


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def alice():
    return logged_in(member("Acme"))


def page(client, query="", status=200):
    response = client.get(f"{LIST}?{query}", headers=ENGLISH)
    assert response.status_code == status
    return response


def listed(client, query=""):
    return [row["iccid"] for row in page(client, query).context["rows"]]


def mine(**columns):
    return open_card(customer="Acme", **columns)


# whose


def test_a_member_sees_the_cards_of_their_customers_the_newest_first_and_no_others(alice):
    cards = [mine() for _ in range(3)]
    open_card(customer="Northwind")
    open_card()
    assert listed(alice) == [card.iccid for card in reversed(cards)]


def test_a_member_of_two_customers_sees_the_cards_of_both():
    user = member("Acme")
    Membership.objects.create(user=user, customer=open_card(customer="Northwind").customer, role="viewer")
    mine()
    assert len(listed(logged_in(user))) == 2


def test_a_viewer_sees_the_same_and_can_choose_nothing(alice):
    card, viewer = mine(), logged_in(member("Acme", "vera", "viewer"))
    assert listed(viewer) == listed(alice) == [card.iccid]
    assert ["Actions for selected cards…" in text(page(client)) for client in (alice, viewer)] == [True, False]


def test_a_person_without_a_customer_has_no_cards(django_user_model):
    mine()
    nobody = logged_in(django_user_model.objects.create_user("nobody"))
    assert "You have no cards yet." in text(page(nobody))


# search, tabs, filters


def test_what_is_searched_is_found_only_among_ones_own(alice):
    own, other = mine(msisdn="1440000000001"), open_card(customer="Northwind", msisdn="1440000000002")
    assert [listed(alice, f"q={number}") for number in (own.iccid, "0001", "1440*")] == [[own.iccid]] * 3
    assert [listed(alice, f"q={number}") for number in (other.iccid, other.msisdn, "0002")] == [[]] * 3


def test_a_pasted_list_says_of_anothers_number_what_it_says_of_one_that_does_not_exist(alice):
    own, other, unknown = mine(), open_card(customer="Northwind"), "89860000000000009999"
    found = alice.post(LIST, {"q": f"{own.iccid}\n{other.iccid}\n{unknown}"}, headers=ENGLISH, follow=True)
    numbers = found.context["found"].numbers
    assert (numbers.matched, numbers.unknown) == ([own.iccid], [other.iccid, unknown])
    file = alice.get(f"{LIST}unknown/?q={own.iccid} {other.iccid} {unknown}", headers=ENGLISH).getvalue().decode()
    assert file == "\ufeffNumber,Result\n" + "".join(f'"=""{number}""",no card\n' for number in (other.iccid, unknown))


def test_a_list_too_long_for_an_address_is_shown_and_its_tabs_post_it_again(alice):
    own = mine()
    numbers = "\n".join([own.iccid, *(f"{89860000000000100000 + n}" for n in range(200))])
    response = alice.post(LIST, {"q": numbers}, headers=ENGLISH)
    assert (response.status_code, response.context["is_list"]) == (200, True)
    assert [row["iccid"] for row in response.context["rows"]] == [own.iccid]
    narrowed = alice.post(LIST, {"q": numbers, "tab": "state=in_use"}, headers=ENGLISH)
    assert narrowed.context["rows"] == []


def test_tabs_are_of_what_there_is_with_counts_of_ones_own_cards(alice):
    mine(), mine(), do("suspend", card_in_use(customer="Acme"), DAY), card_in_use(customer="Northwind")
    tabs = page(alice).context["states"].tabs
    assert [(tab.label, tab.count, tab.url) for tab in tabs] == [
        ("All", "3", LIST),
        ("Unused", "2", f"{LIST}?state=unused"),
        ("Suspended manually", "1", f"{LIST}?hold=voluntary"),
    ]


def test_quick_filters_are_those_of_use_to_a_customer(alice):
    full = use(card_in_use(customer="Acme"), DAY, 25)
    use(card_in_use(customer="Northwind"), DAY, 25)
    assert listed(alice, "quick=low") == [full.iccid]
    chips = [chip.url for chip in page(alice).context["chips"]]
    assert all(url.startswith(f"{LIST}?quick=") for url in chips)
    assert not {f"{LIST}?quick=parked", f"{LIST}?quick=stray"} & set(chips)


@pytest.mark.parametrize(
    "query", ["customer=Northwind", "customer=Nobody", "tag=secret", "stock=1", "parked=1", "quick=parked", "x=1"]
)
def test_what_a_customer_cannot_ask_finds_nothing_and_gives_nothing_away(alice, query):
    open_card(customer="Northwind")
    do("tag", mine(), DAY, tag="secret")
    response = page(alice, query, status=400)
    assert (response.context["rows"], len(response.context["complaints"])) == ([], 1)
    assert alice.get(f"{LIST}export/?{query}&format=csv").status_code == 400


def test_what_the_dealers_staff_note_is_not_shown(alice):
    card = do("remark", do("tag", mine(), DAY, tag="bad payer"), DAY, remark="ask Emma first")
    body = text(page(alice))
    assert (card.iccid in body, "bad payer" in body, "ask Emma" in body) == (True, False, False)


def test_each_card_leads_to_its_page(alice):
    card = mine()
    assert f'href="/my/cards/{card.iccid}/"' in text(page(alice))
    assert "/console/" not in text(page(alice))


# pages


def test_pages_follow_each_other(alice, monkeypatch):
    monkeypatch.setattr(card_list.MY_LIST, "page_size", 2)
    cards = [mine().iccid for _ in range(5)][::-1]
    seen, url = [], f"{LIST}?state=unused"
    while url:
        response = alice.get(url)
        seen.append([row["iccid"] for row in response.context["rows"]])
        url = response.context["next_url"]
    assert seen == [cards[:2], cards[2:4], cards[4:]]
    assert alice.get(response.context["previous_url"]).context["previous_url"]


def test_the_page_costs_the_same_for_one_card_and_for_many(alice, django_assert_max_num_queries):
    mine()
    with django_assert_max_num_queries(10) as one:
        page(alice)
    for _ in range(40):
        mine()
    with django_assert_max_num_queries(len(one)):
        page(alice)


# export


def exported(client, query="format=csv"):
    response = client.get(f"{LIST}export/?{query}", headers=ENGLISH)
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def test_an_export_has_ones_own_cards_without_what_staff_note(alice):
    card = do("remark", do("tag", mine(), DAY, tag="bad payer"), DAY, remark="ask Emma first")
    other = open_card(customer="Northwind")
    file = exported(alice)
    assert (card.iccid in file, other.iccid in file) == (True, False)
    assert file.splitlines()[0].endswith("Device binding,Bound IMEI")
    assert ("bad payer" in file, "ask Emma" in file) == (False, False)
    to_staff = b"".join(of_role("support").get("/console/cards/export/?format=csv", headers=ENGLISH)).decode()
    assert "bad payer,ask Emma first" in to_staff


def test_an_export_is_of_the_view(alice):
    unused, used = mine(), card_in_use(customer="Acme")
    file = exported(alice, "format=csv&state=in_use")
    assert (used.iccid in file, unused.iccid in file) == (True, False)


@pytest.mark.parametrize("query", ["", "format=pdf", "format=csv&format=xlsx"])
def test_a_format_that_does_not_exist_is_refused_in_a_sentence(alice, query):
    response = alice.get(f"{LIST}export/?{query}", headers=ENGLISH)
    assert (response.status_code, "Choose a format" in text(response)) == (400, True)


@pytest.mark.parametrize("format", Format.values)
def test_a_long_export_is_written_in_the_background_and_only_its_owner_fetches_it(
    alice, format, monkeypatch, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(exporting, "MOST_AT_ONCE", 1)
    do("remark", mine(), DAY, remark="ask Emma first"), mine(), open_card(customer="Northwind")
    response = alice.get(f"{LIST}export/?format={format}", headers=ENGLISH)
    job = worker.work_off(Job.objects.get())
    url = f"/my/jobs/{job.pk}/"
    assert (response.headers["Location"], job.total) == (url, 2)
    assert f'href="{url}file/"' in text(alice.get(url))
    file = b"".join(alice.get(f"{url}file/").streaming_content)
    assert (len(file) > 100, b"Emma" in file) == (True, False)
    for other in (logged_in(member("Acme", "bob")), logged_in(member("Northwind", "charlie"))):
        assert [other.get(f"{url}{more}").status_code for more in ("", "file/", "progress/")] == [404, 404, 404]


def test_a_card_that_went_to_another_customer_is_gone_at_once(alice):
    card = mine()
    assert listed(alice) == [card.iccid]
    do("assign", card, DAY, customer=open_card(customer="Northwind").customer.name)
    assert (listed(alice), card.iccid in exported(alice)) == ([], False)


def test_what_is_left_stands_in_the_row(alice):
    use(card_in_use(customer="Acme"), DAY, 5)
    assert "5 / 30" in text(page(alice))
