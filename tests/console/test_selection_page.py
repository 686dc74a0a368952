"""The page of a selection: what is in it, what was asked for, and its way to a job."""

import uuid
from datetime import date

import pytest
from django.contrib.auth.models import User

from cards.actions.selections import freeze, freeze_ids
from cards.models import Card, Job, Selection, SelectionPart
from cards.pages.selection import PARTS_COUNTED
from cards.views.console.selections import BULK
from tests.build import card_in_use, do, member, on_day, open_card
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def ops():
    return of_role("operations")


def person(username="operations"):
    return User.objects.get(username=username)


def chosen(cards, owner="operations", **asked):
    return freeze_ids([card.pk for card in cards], owner=person(owner), asked={"from": "page", **asked})


def url_of(selection):
    return f"/console/selections/{selection.pk}/"


def test_it_says_what_was_asked_for_and_which_cards_that_were(ops):
    cards = [open_card(customer="Acme"), card_in_use(), do("suspend", card_in_use(), DAY)]
    query = "state=in_use&carrier=cmcc&q=89860000&cols=imsi&sort=iccid&size=20"
    selection = freeze(Card.objects.all(), owner=person(), asked={"from": "filter", "query": query})
    response = ops.get(url_of(selection), headers=ENGLISH)
    asked = response.context["origin"]
    assert (asked.source, asked.url) == ("All cards in a view", f"/console/cards/?{query}")
    assert asked.filters == [("State", "In use"), ("Carrier", "China Mobile"), ("Search", "89860000")]
    assert response.context["counts"] == [("unused", 1), ("in_use", 1), ("voluntary", 1)]
    assert list(response.context["cards"]) == cards
    assert all(card.iccid in text(response) for card in cards)
    exported = ops.get(f"{url_of(selection)}export/", {"format": "csv"}).getvalue().decode()
    assert f'href="{url_of(selection)}export/?format=csv"' in text(response)
    assert all(card.iccid in exported for card in cards)


def test_a_job_and_a_pasted_list_are_named_as_what_they_are(ops):
    card = card_in_use()
    of_job = chosen([card], **{"from": "job", "job": 7})
    pasted = chosen([card], **{"from": "list"})
    asked = [ops.get(url_of(selection), headers=ENGLISH).context["origin"] for selection in (of_job, pasted)]
    assert [(each.source, each.url) for each in asked] == [
        ("Failed cards of a job", "/console/jobs/7/"),
        ("A pasted list", ""),
    ]


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        ("operations", [action for action in BULK if action not in ("place_hold", "lift_hold")]),
        ("support", ["suspend", "resume", "tag", "untag"]),
        ("carrier_desk", ["place_hold", "lift_hold"]),
        ("finance", []),
        ("auditor", []),
    ],
)
def test_a_role_is_offered_what_it_may(role, actions):
    client, card = of_role(role), card_in_use()
    selection = chosen([card], role)
    response = client.get(url_of(selection), headers=ENGLISH)
    offered = [button.action for group in ("buttons", "apart") for button in response.context[group] if not button.url]
    assert offered == actions
    assert ("Your role can view cards" in text(response)) is not bool(actions)
    asked = ("suspend", "cancel", "lift_hold")
    statuses = [client.post(url_of(selection), {"action": action}).status_code for action in asked]
    assert statuses == [302 if action in actions else 403 for action in asked]
    assert Job.objects.count() == len(set(asked) & set(actions))


def test_what_is_done_daily_stands_first_and_what_is_not_done_by_mistake_apart(ops):
    selection = chosen([card_in_use(customer="Acme")])
    response = ops.get(url_of(selection), headers=ENGLISH)
    shown = {group: [str(button.label) for button in response.context[group]] for group in ("buttons", "apart")}
    assert shown == {
        "buttons": [
            *("Suspend", "Resume", "Renew", "Top up", "Assign to customer", "Add tag", "Remove tag"),
            *("Set usage limit", "Activate", "Grant free service", "Protect"),
        ],
        "apart": ["Return to stock", "Remove protection", "Cancel"],
    }
    page = text(response)
    assert [page.index(f">{label}…") for label in (*shown["buttons"], *shown["apart"])] == sorted(
        page.index(f">{label}…") for label in (*shown["buttons"], *shown["apart"])
    )
    assert page.count("is-danger") == 1


def test_choosing_an_action_makes_a_job_that_has_done_nothing_yet(ops):
    card = card_in_use()
    response = ops.post(url_of(chosen([card])), {"action": "suspend", "key": str(uuid.uuid4())})
    job = Job.objects.get()
    assert response.headers["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.action, job.owner.username, job.status, job.total) == ("suspend", "operations", "ready", 1)
    assert Card.objects.get().state == "in_use"


def test_the_same_form_twice_is_one_job_and_another_button_of_it_another_one(ops):
    selection = chosen([card_in_use()])
    key = str(ops.get(url_of(selection)).context["key"])
    urls = [ops.post(url_of(selection), {"action": action, "key": key}).headers["Location"] for action in
            ("suspend", "suspend", "protect")]  # fmt: skip
    assert urls[0] == urls[1] != urls[2]
    assert list(Job.objects.order_by("pk").values_list("action", flat=True)) == ["suspend", "protect"]
    jobs = ops.get(url_of(selection), headers=ENGLISH).context["jobs"]
    assert [title for _job, title, _badge in jobs] == ["Protect", "Suspend"]


@pytest.mark.parametrize("action", ["expire", "nonsense", "", "submit_real_name", "unpark"])
def test_what_is_not_for_many_cards_is_refused(ops, action):
    assert ops.post(url_of(chosen([card_in_use()])), {"action": action}).status_code == 403
    assert Job.objects.count() == 0


def test_a_selection_gets_a_name_and_loses_it(ops):
    selection = chosen([card_in_use()])
    for typed, kept in ((" storm  in\tHainan ", "storm in Hainan"), ("x" * 100, "x" * 80), ("", "")):
        response = ops.post(f"{url_of(selection)}name/", {"name": typed})
        assert response.headers["Location"] == url_of(selection)
        assert Selection.objects.get().name == kept
        listed = [each.name for each in ops.get("/console/jobs/").context["selections"]]
        assert listed == ([kept] if kept else [])


def test_somebody_elses_selection_does_not_exist(ops, client):
    other = of_role("operations", "other")
    selection = chosen([card_in_use(customer="Acme")])
    url = url_of(selection)
    assert ops.get(url).status_code == 200
    for stranger in (other, logged_in(member("Acme"))):
        posted = stranger.post(url, {"action": "suspend"}), stranger.post(f"{url}name/", {"name": "mine"})
        assert (stranger.get(url).status_code, [each.status_code for each in posted]) == (404, [404, 404])
    assert client.get(url).headers["Location"] == f"/admin/login/?next={url}"
    assert ops.get("/console/selections/999/").status_code == 404
    assert ops.get(f"/console/selections/{10**30}/").status_code == 404
    assert (Job.objects.count(), Selection.objects.get().name) == (0, "")


def test_an_empty_selection_offers_nothing(ops):
    response = ops.get(url_of(chosen([])), headers=ENGLISH)
    assert "There is no card in this selection." in text(response)
    assert '<button class="btn" name="action"' not in text(response)


def test_the_page_needs_as_many_queries_for_many_cards_as_for_one(ops, django_assert_max_num_queries):
    one, many = chosen([open_card()]), chosen([open_card(customer=f"Acme {number}") for number in range(6)])
    for selection in (one, many):
        with django_assert_max_num_queries(15):
            ops.get(url_of(selection))


def test_of_a_large_selection_the_first_parts_are_counted(ops):
    first, next_one, last = open_card(), card_in_use(), do("suspend", card_in_use(), DAY)
    selection = chosen([first])
    for number, card in ((PARTS_COUNTED, next_one), (PARTS_COUNTED + 1, last)):
        SelectionPart.objects.create(selection=selection, number=number, card_ids=[card.pk])
    Selection.objects.update(size=3)
    response = ops.get(url_of(selection), headers=ENGLISH)
    assert response.context["counts"] == [("unused", 1), ("in_use", 1)]
    assert "of the first 2" in text(response)
