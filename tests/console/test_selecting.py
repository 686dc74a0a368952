"""Choosing cards in the list: by page, by filter and from a pasted list; once for a form, and only what one may see."""

import uuid

import pytest
from django.http import QueryDict

from cards.actions.selections import ids_of
from cards.models import Card, Job, Selection
from tests.build import card_in_use, member, open_card
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

LIST, SELECT = "/console/cards/", "/console/selections/"
ENGLISH = {"accept-language": "en"}
KEY = str(uuid.UUID(int=7))


@pytest.fixture
def ops():
    return of_role("operations")


def chosen(response):
    """What the selection that a response leads to asked for, and its cards."""
    assert response.status_code == 302
    selection = Selection.objects.get(pk=int(response.headers["Location"].split("/")[-2]))
    ids = [pk for part in ids_of(selection) for pk in part]
    assert selection.size == len(ids)
    return selection.asked, ids


def refused(client, data):
    """The sentence with which the list answers, and where it is."""
    response = client.post(SELECT, data, headers=ENGLISH, follow=True)
    assert not Selection.objects.exists()
    return [str(message) for message in response.context["messages"]], response.redirect_chain[-1][0]


def test_the_checked_cards_of_a_page(ops):
    one, _two, three = open_card(), open_card(), open_card()
    response = ops.post(SELECT, {"page": KEY, "ids": [three.pk, one.pk], "query": "state=unused"})
    assert chosen(response) == ({"from": "page", "query": "state=unused"}, [one.pk, three.pk])
    assert Selection.objects.get().owner.username == "operations"


def test_all_cards_of_a_filter_though_the_page_shows_only_some(ops, monkeypatch):
    monkeypatch.setattr("cards.views.console.card_list.CONSOLE_LIST.page_size", 1)
    cards = [open_card(), open_card()]
    card_in_use()
    response = ops.post(SELECT, {"filter": KEY, "query": "state=unused"})
    assert chosen(response) == ({"from": "filter", "query": "state=unused"}, [card.pk for card in cards])


def test_the_form_of_the_page_carries_what_is_needed(ops):
    card = open_card()
    page = text(ops.get(f"{LIST}?state=unused&after={card.pk + 1}", headers=ENGLISH))
    assert '<input type="hidden" name="query" value="state=unused">' in page
    assert f'name="ids" value="{card.pk}" aria-label="{card.iccid}"' in page


def test_the_same_form_twice_is_one_selection_and_other_cards_are_another(ops):
    one, two = open_card(), open_card()
    first = ops.post(SELECT, {"page": KEY, "ids": [one.pk], "query": ""})
    again = ops.post(SELECT, {"page": KEY, "ids": [one.pk], "query": ""})
    other = ops.post(SELECT, {"page": KEY, "ids": [one.pk, two.pk], "query": ""})
    assert first.headers["Location"] == again.headers["Location"] != other.headers["Location"]
    assert Selection.objects.count() == 2


def test_the_matched_cards_of_a_pasted_list_and_none_that_is_not_clear(ops):
    one, two = open_card(), open_card(msisdn="13800000001")
    [open_card(msisdn="13800000002") for _ in range(2)]
    numbers = f"{one.iccid} 13800000001 13800000002 13899999999"
    asked, ids = chosen(ops.post(SELECT, {"list": KEY, "q": numbers, "cols": ["msisdn", "state"], "state": ""}))
    assert ids == [one.pk, two.pk]
    assert asked["from"] == "list"
    assert QueryDict(asked["query"])["q"] == numbers


def test_ten_thousand_numbers_are_posted_once_and_chosen(ops):
    cards = [open_card(), open_card()]
    numbers = "\r\n".join(f"8986{number:016d}" for number in range(1, 10_001))
    asked, ids = chosen(ops.post(SELECT, {"list": KEY, "q": numbers}))
    assert (asked, ids) == ({"from": "list", "query": ""}, [card.pk for card in cards])


@pytest.mark.once
@pytest.mark.parametrize(
    "data", [{"page": KEY}, {"page": KEY, "ids": [10**6]}, {"filter": KEY, "query": "state=testing"}]
)
def test_nothing_chosen_leads_back_and_says_so(ops, data):
    open_card()
    query = data.get("query", "")
    assert refused(ops, data) == (
        ["No cards are selected: there is nothing to do yet."],
        f"{LIST}?{query}" if query else LIST,
    )


@pytest.mark.parametrize("chosen", [{"page": KEY, "query": ""}, {"list": KEY}])
def test_a_button_that_says_what_to_do_leads_to_the_preview_and_twice_to_the_same(ops, chosen):
    cards = [card_in_use(), card_in_use()]
    data = chosen | {"ids": [card.pk for card in cards], "q": " ".join(card.iccid for card in cards)}
    data = {name: data[name] for name in (*chosen, "ids" if "page" in chosen else "q")}
    urls = [ops.post(f"{SELECT}?action={action}", data)["Location"] for action in ("suspend", "suspend", "resume")]
    jobs = {job.pk: (job.action, job.total) for job in Job.objects.all()}
    assert sorted(jobs.values()) == [("resume", 2), ("suspend", 2)]
    assert urls == [f"/console/jobs/{pk}/" for pk in (min(jobs), min(jobs), max(jobs))]
    assert {card.state for card in Card.objects.all()} == {"in_use"}
    assert ops.post(f"{SELECT}?action=place_hold", data).status_code == 403


def test_the_list_has_buttons_for_what_one_may_do_daily():
    card_in_use()
    for role, buttons in (
        ("operations", ["suspend", "resume"]),
        ("support", ["suspend", "resume"]),
        ("carrier_desk", []),
    ):
        page = text(of_role(role).get(LIST))
        assert [action for action in ("suspend", "resume") if f'{SELECT}?action={action}"' in page] == buttons


def test_a_view_that_is_not_understood_chooses_nothing(ops):
    open_card()
    assert refused(ops, {"filter": KEY, "query": "state=open"}) == (
        ["State: Select a valid choice. open is not one of the available choices."],
        f"{LIST}?state=open",
    )


@pytest.mark.once
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"page": "no key", "ids": [1]},
        {"page": KEY, "ids": ["1; DROP"]},
        {"page": KEY, "ids": ["9" * 5_000]},
        {"page": KEY, "ids": [10**20]},
        {"page": KEY, "ids": range(1, 202)},
    ],
)
def test_what_no_form_of_ours_sends_is_refused(ops, data):
    open_card()
    assert (ops.post(SELECT, data).status_code, Selection.objects.count()) == (400, 0)


@pytest.mark.once
def test_choosing_is_for_staff_and_is_posted(client, ops):
    card = open_card(customer="Acme")
    data = {"page": KEY, "ids": [card.pk]}
    assert client.post(SELECT, data).headers["Location"].startswith("/admin/login/")
    assert logged_in(member("Acme")).post(SELECT, data).status_code == 404
    assert ops.get(SELECT).status_code == 405
    assert not Selection.objects.exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("role", "may"), [("operations", True), ("support", True), ("auditor", False), ("finance", False)]
)
def test_check_boxes_are_for_those_who_can_do_something(role, may):
    open_card()
    page = text(of_role(role).get(LIST))
    assert ('name="ids"' in page, "data-checks-all" in page) == (may, may)
