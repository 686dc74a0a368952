from datetime import date

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cards.models import Card, CarrierPolicy, Customer, Tag
from simportal.admin_site import PortalAdminSite
from tests.build import card_in_use, do, fresh, member, on_day, open_card, story
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
on_today = on_day(TODAY)

POLICIES = "/admin/cards/carrierpolicy/"
NEW_POLICY = {
    "carrier": "cmcc",
    "forced_mode": "days",
    "silent_months": 6,
    "silent_days": 300,
    "cycle_day": 1,
    "renewal_days": 60,
    "rebinds_per_month": 3,
    "most_bytes_a_day": 2**40,
    "cards_per_person": 10,
}


def save(client, url, row):
    """Look at what the row changes, and save it."""
    page = client.post(url, row)
    if page.status_code == 200 and "preview" in page.context:
        page = client.post(url, row | {"seen": page.context["preview"].mark})
    return page


@pytest.fixture
def in_force():
    return CarrierPolicy.objects.filter(carrier="cmcc").get()


def test_our_site_is_the_one_that_models_register_on():
    assert isinstance(admin.site, PortalAdminSite)
    assert {model.__name__ for model in admin.site._registry} == {
        "User", "Group", "Card", "CarrierPolicy", "CancellingRules", "Customer",
        "Plan", "Tag", "MoneyRules", "PriceTier"
    }  # fmt: skip


# cards


@pytest.mark.parametrize("page", ["change", "delete"])
def test_nobody_writes_a_card_in_the_admin(page):
    card = card_in_use()
    before, record = Card.objects.values().get(), story(card)
    response = superuser().post(f"/admin/cards/card/{card.pk}/{page}/", {"state": "cancelled", "post": "yes"})
    assert (response.status_code, Card.objects.values().get(), story(card)) == (403, before, record)


def test_nobody_adds_a_card_in_the_admin():
    response = superuser().post("/admin/cards/card/add/", {"iccid": "8986" + "0" * 15, "state": "in_use"})
    assert (response.status_code, Card.objects.count()) == (403, 0)


def test_a_bulk_action_cannot_be_posted_to_the_list_of_cards():
    card = card_in_use()
    superuser().post("/admin/cards/card/", {"action": "delete_selected", "_selected_action": card.pk, "post": "yes"})
    assert fresh(card).state == "in_use"


def test_a_card_is_shown_with_all_its_fields_and_no_input():
    page = text(superuser().get(f"/admin/cards/card/{card_in_use().pk}/change/"))
    assert 'name="state"' not in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize(("searched", "found"), [("1" * 15, [1]), ("1" * 16, [1]), ("2" * 16, [2]), ("3" * 16, [])])
def test_a_card_is_searched_by_its_number_whole_or_without_the_last_character(searched, found):
    for digit in "12":
        open_card(iccid="8986" + digit * 16)
    listed = superuser().get("/admin/cards/card/", {"q": "8986" + searched}).context["cl"].result_list
    assert [card.iccid for card in listed] == ["8986" + str(digit) * 16 for digit in found]


def test_the_list_of_cards_does_not_count_them_all():
    open_card()
    client = superuser()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/admin/cards/card/")
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "cards_card" in query["sql"]]
    assert [sql for sql in counts if "LIMIT" not in sql] == []


# tags


def tagged(name, card):
    do("tag", card, TODAY, tag=name)
    return Tag.objects.get(name=name)


def test_a_tag_goes_only_when_it_is_on_no_card_any_more():
    card = card_in_use()
    tag, client = tagged("trial", card), superuser()
    url = f"/admin/cards/tag/{tag.pk}/delete/"
    refused = client.post(url, {"post": "yes"})
    do("untag", card, TODAY, tag="trial")
    done = client.post(url, {"post": "yes"})
    assert (refused.status_code, done.status_code, Tag.objects.count()) == (403, 302, 0)


def test_a_tags_name_stays_and_none_is_made_here():
    tag, client = tagged("trial", card_in_use()), superuser()
    answers = [client.post(f"/admin/cards/tag/{page}/", {"name": "other"}) for page in (f"{tag.pk}/change", "add")]
    assert ([answer.status_code for answer in answers], list(Tag.objects.values_list("name", flat=True))) == (
        [403, 403],
        ["trial"],
    )


def test_the_list_of_tags_counts_no_cards_and_leads_to_them():
    tagged("trial", card_in_use())
    client = superuser()
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/admin/cards/tag/")
    assert "/console/cards/?tag=trial" in text(page)
    assert [query["sql"] for query in queries if "cards_cardtag" in query["sql"]] == []


# policies


@on_today
def test_a_policy_in_force_is_shown_and_cannot_be_changed(in_force):
    client = superuser()
    page = client.get(f"{POLICIES}{in_force.pk}/change/", headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "cannot be changed" in text(page)
    changed = client.post(f"{POLICIES}{in_force.pk}/change/", NEW_POLICY | {"valid_from": "2027-01-01"})
    deleted = client.post(f"{POLICIES}{in_force.pk}/delete/", {"post": "yes"})
    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert CarrierPolicy.objects.filter(pk=in_force.pk, valid_from=in_force.valid_from, silent_days=360).exists()


@on_today
def test_policies_in_force_cannot_be_deleted_by_the_lists_action(in_force):
    count = CarrierPolicy.objects.count()
    superuser().post(POLICIES, {"action": "delete_selected", "_selected_action": in_force.pk, "post": "yes"})
    assert CarrierPolicy.objects.count() == count


@on_today
def test_a_policy_is_copied_into_a_new_row_whose_day_is_to_be_chosen(in_force):
    client = superuser()
    page = text(client.get(f"{POLICIES}{in_force.pk}/change/"))
    start = page.index(f"{POLICIES}add/?")
    form = client.get(page[start : page.index('"', start)].replace("&amp;", "&")).context["adminform"].form
    filled_in = {name: str(form[name].value() or "") for name in form.fields}
    in_force_now = {name: str(getattr(in_force, name) or "") for name in form.fields}
    assert filled_in == in_force_now | {"valid_from": ""}


@on_today
@pytest.mark.parametrize(("day", "taken"), [("2026-06-10", False), ("2026-01-01", False), ("2026-06-11", True)])
def test_a_new_policy_begins_after_today(day, taken):
    client = of_role("operations")
    save(client, f"{POLICIES}add/", NEW_POLICY | {"valid_from": day})
    assert CarrierPolicy.objects.filter(carrier="cmcc", valid_from=day).exists() == taken


@on_today
def test_a_policy_that_is_not_in_force_yet_can_be_changed_but_not_into_the_past():
    client = of_role("operations")
    save(client, f"{POLICIES}add/", NEW_POLICY | {"valid_from": "2026-07-01"})
    policy = CarrierPolicy.objects.get(valid_from="2026-07-01")
    save(client, f"{POLICIES}{policy.pk}/change/", NEW_POLICY | {"valid_from": "2026-08-01"})
    save(client, f"{POLICIES}{policy.pk}/change/", NEW_POLICY | {"valid_from": "2026-01-01"})
    assert CarrierPolicy.objects.get(pk=policy.pk).valid_from == date(2026, 8, 1)


# customers, and who may


@pytest.mark.parametrize("role", ["support", "finance", "carrier_desk", "auditor"])
def test_other_roles_look_at_master_data_and_change_none(role):
    client = of_role(role)
    assert [client.get(f"/admin/cards/{model}/").status_code for model in ("customer", "plan", "carrierpolicy")] == [
        200
    ] * 3
    assert client.post("/admin/cards/customer/add/", {"name": "Acme", "kind": "enterprise"}).status_code == 403
    assert Customer.objects.count() == 0


def test_the_menu_shows_what_somebody_may_look_at():
    def titles(client):
        context = client.get("/console/", headers={"accept-language": "en"}).context
        return [str(link.title) for section in context["nav"].sections for link in section.links]

    console = ["Dashboard", "SIM cards", "Customers", "Queues", "Requests", "Jobs", "Carriers", "Nightly sweep"]
    money = [
        *("Orders", "Openings not paid", "Receipts", "Provider bills", "Approvals", "Missed renewals"),
        *("Payment providers", "Prices", "Notices", "Margin", "Free service", "Revenue at risk"),
    ]
    data = ["Plans", "Tags", "Carrier policies", "Price tiers", "Cancellation settings", "Billing settings"]
    assert titles(of_role("support")) == [*console, *money, *data, "API keys"]
    assert titles(of_role("auditor")) == [*console, *money, *data, "Groups", "People", "API keys", "Audit log"]
    assert titles(of_role("operations")) == [*console[:-2], "Import", *console[-2:], *money, *data, "API keys"]
    lister = User.objects.create_user("lister", is_staff=True)
    lister.user_permissions.set(Permission.objects.filter(codename="view_card"))
    assert titles(logged_in(lister)) == ["Dashboard", "SIM cards", "Queues"]


@pytest.mark.parametrize(
    ("role", "may_edit"),
    [("operations", True), ("support", False), ("finance", False), ("carrier_desk", False), ("auditor", False)],
)
def test_customers_are_one_list_from_which_whoever_may_goes_on_to_edit_them(role, may_edit):
    client, customer = of_role(role), Customer.objects.create(name="Acme")
    pages = client.get("/console/customers/"), client.get(f"/console/customers/{customer.pk}/")
    assert [page.status_code for page in pages] == [200, 200]
    doors = "/admin/cards/customer/add/", f"/console/customers/{customer.pk}/master-data/"
    assert [door in text(page) for door, page in zip(doors, pages, strict=True)] == [may_edit] * 2
    assert [client.get(doors[0]).status_code, client.post(doors[1]).status_code] == (
        [200, 422] if may_edit else [403, 403]
    )


# the door


@pytest.mark.parametrize(("next_page", "goes_to"), [(None, "/"), ("/console/sweep/", "/console/sweep/")])
def test_after_the_login_everybody_goes_where_they_were_going_or_home(client, next_page, goes_to):
    member()
    page = client.get("/admin/login/", {"next": next_page} if next_page else {})
    posted = {"username": "alice", "password": "demo", "next": page.context["next"]}
    response = client.post("/admin/login/", posted)
    assert (response.status_code, response["location"]) == (302, goes_to)


def test_a_customer_does_not_get_into_the_admin():
    response = logged_in(member()).get("/admin/")
    assert (response.status_code, response["location"]) == (302, "/admin/login/?next=/admin/")


@pytest.mark.parametrize("debug", [True, False])
def test_the_login_gives_the_demos_password_away_only_with_debug(client, settings, debug):
    settings.DEBUG = debug
    settings.SECURE_SSL_REDIRECT = False
    page = text(client.get("/admin/login/", headers={"accept-language": "en"}))
    assert ("The password is demo" in page) == debug


# what somebody sees who went astray


@pytest.mark.parametrize(
    ("url", "status", "says"),
    [("/console/nothing/", 404, "Page not found"), ("/admin/cards/card/add/", 403, "Not allowed")],
)
def test_a_wrong_turn_ends_on_a_page_of_ours(settings, url, status, says):
    settings.DEBUG = False
    response = of_role("support").get(url, headers={"accept-language": "en"}, secure=True)
    assert (response.status_code, says in text(response)) == (status, True)
    assert ('aria-label="Main navigation"' in text(response), "/console/cards/" in text(response)) == (True, True)


def test_a_wrong_turn_leaves_customers_their_menu_and_strangers_none(settings):
    settings.DEBUG = False
    answers = [
        client.get("/nothing/", headers={"accept-language": "en"}, secure=True)
        for client in (logged_in(member()), Client())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert ["/my/cards/" in text(answer) for answer in answers] == [True, False]
    assert not any("/console/" in text(answer) for answer in answers)


@pytest.mark.parametrize(("key", "status"), [("_", 400), ("", 400), ("9" * 5000, 400), ("1e3", 400), ("9", 302)])
def test_what_is_no_key_is_chosen_by_nobody(admin_client, key, status):
    sent = {"action": "delete_selected", "_selected_action": key, "post": "yes"}
    assert admin_client.post("/admin/billing/pricetier/", sent).status_code == status


@pytest.mark.parametrize("posted", ["foo", "9" * 5_000, "-1", "1.0"])
def test_a_member_who_is_nobody_is_refused_in_a_sentence(posted):
    customer = member().customers.get()
    management = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0"}
    form = {"name": "Acme", "kind": "enterprise", "memberships-0-user": posted, "memberships-0-role": "viewer"}
    path = f"/admin/cards/customer/{customer.pk}/change/"
    page = superuser().post(path, management | form, headers={"accept-language": "en"})
    assert (page.status_code, "Choose somebody whom the field offers" in text(page)) == (200, True)
    assert customer.memberships.count() == 1
