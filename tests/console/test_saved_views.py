"""Saved views: kept under a name, opened, shared, changed by their owner alone, and honest when out of date."""

import pytest
from django.contrib.auth.models import User

from cards.models import SavedView
from tests.build import member, open_card
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

LIST, VIEWS = "/console/cards/", "/console/views/"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def ops():
    return of_role("operations")


@pytest.fixture
def support():
    return of_role("support")


def save(client, name="Mine", query="state=in_use", **given):
    return client.post(VIEWS, {"name": name, "query": query, **given}, headers=ENGLISH)


def kept():
    views = SavedView.objects.order_by("pk").values_list("owner__username", "name", "query", "is_shared")
    return list(views)


def test_a_view_is_saved_and_leads_to_its_list(ops):
    response = save(ops, " 在用 ", "state=in_use&carrier=cmcc&after=7", is_shared="on")
    assert response.headers["Location"] == f"{LIST}?state=in_use&carrier=cmcc"
    assert kept() == [("operations", "在用", "state=in_use&carrier=cmcc", True)]
    opened = ops.get(f"{VIEWS}{SavedView.objects.get().pk}/")
    assert opened.headers["Location"] == f"{LIST}?state=in_use&carrier=cmcc"


def test_saved_twice_is_saved_once(ops):
    assert [save(ops).status_code, save(ops).status_code] == [302, 302]
    assert kept() == [("operations", "Mine", "state=in_use", False)]


def test_another_view_of_the_same_name_is_replaced_only_if_told_so(ops):
    save(ops)
    response = save(ops, query="state=unused")
    assert response.status_code == 409
    assert "You already have a view called “Mine”." in text(response)
    assert kept() == [("operations", "Mine", "state=in_use", False)]
    assert save(ops, query="state=unused", replace="1").status_code == 302
    assert kept() == [("operations", "Mine", "state=unused", False)]


def test_two_people_may_use_one_name(ops, support):
    assert [save(ops).status_code, save(support).status_code] == [302, 302]
    assert len(kept()) == 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 41}, "Ensure this value has at most 40 characters (it has 41)."),
        ({"query": "state=open"}, "State: Select a valid choice. open is not one of the available choices."),
        ({"query": "nonsense=1"}, "There is no filter called “nonsense”."),
    ],
)
def test_what_cannot_be_saved_says_why(ops, given, sentence):
    response = save(ops, **given)
    assert (response.status_code, kept()) == (422, [])
    assert sentence in text(response)


def test_everybody_sees_own_and_shared_views_and_opens_no_others(ops, support):
    save(ops, "Theirs", is_shared="on")
    save(ops, "Private", "state=unused")
    save(support, "Own", "state=cancelled")
    shown = support.get(VIEWS, headers=ENGLISH).context["described"]
    assert [(entry.view.name, entry.labels, entry.is_own) for entry in shown] == [
        ("Own", ["State: Cancelled"], True),
        ("Theirs", ["State: In use"], False),
    ]
    codes = {view.name: support.get(f"{VIEWS}{view.pk}/").status_code for view in SavedView.objects.all()}
    assert codes == {"Theirs": 302, "Private": 404, "Own": 302}


def test_the_menu_above_the_list_offers_the_same_views(ops, support):
    save(ops, "Theirs", is_shared="on")
    save(ops, "Private")
    menu = text(support.get(f"{VIEWS}menu/", headers=ENGLISH))
    assert ("Theirs <small>operations</small>" in menu, "Private" in menu) == (True, False)
    assert f'hx-get="{VIEWS}menu/"' in text(support.get(LIST))


def test_only_the_owner_changes_or_deletes_a_view(ops, support):
    save(ops, is_shared="on")
    url = f"{VIEWS}{SavedView.objects.get().pk}/"
    refused = [
        support.get(url + "edit/"),
        support.post(url + "edit/", {"name": "X"}),
        support.post(url + "delete/"),
    ]
    assert [response.status_code for response in refused] == [404, 404, 404]
    assert kept() == [("operations", "Mine", "state=in_use", True)]
    assert ops.get(url + "edit/").status_code == 200
    assert ops.post(url + "edit/", {"name": "Ours"}).headers["Location"] == VIEWS
    assert kept() == [("operations", "Ours", "state=in_use", False)]
    assert ops.post(url + "delete/").headers["Location"] == VIEWS
    assert kept() == []


def test_a_view_cannot_take_the_name_of_another(ops):
    save(ops, "One")
    save(ops, "Two")
    one, two = SavedView.objects.order_by("pk")
    response = ops.post(f"{VIEWS}{two.pk}/edit/", {"name": "One"}, headers=ENGLISH)
    assert (response.status_code, [view[1] for view in kept()]) == (422, ["One", "Two"])
    assert "You already have a view called “One”." in text(response)
    assert ops.post(f"{VIEWS}{one.pk}/edit/", {"name": "One"}).status_code == 302


def test_a_view_that_is_out_of_date_shows_nothing_and_says_why(ops):
    open_card()
    user = User.objects.get()
    view = SavedView.objects.create(owner=user, name="Old", query="plan=GONE&was=1")
    assert [entry.labels for entry in ops.get(VIEWS, headers=ENGLISH).context["described"]] == [
        ["Opening plan: GONE", "was: 1"]
    ]
    response = ops.get(f"{VIEWS}{view.pk}/", headers=ENGLISH, follow=True)
    assert (response.status_code, response.context["rows"]) == (400, [])
    assert "Opening plan: Select a valid choice." in text(response)


def test_a_name_cannot_smuggle_in_markup(ops):
    save(ops, "<script>alert(1)</script>")
    for page in (VIEWS, LIST):
        assert "<script>alert" not in text(ops.get(page))


@pytest.mark.parametrize(("make", "status"), [(lambda: member("Acme"), 404), (None, 302)])
def test_views_are_for_staff(client, make, status):
    if make:
        client = logged_in(make())
    assert [client.get(VIEWS).status_code, save(client).status_code, kept()] == [status, status, []]
