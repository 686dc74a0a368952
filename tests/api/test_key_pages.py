"""Keys on pages: made, seen and revoked by a customer's owners, listed and revoked by staff; shown once."""

import logging
import re
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils.translation import override

from cards.calendar import civil_today
from cards.models import AuditEntry, Customer, Membership
from simportal.api.actions.keys import MOST_KEYS, is_taken_from, make_key, shown_key
from simportal.api.models import ApiKey
from tests.api.program import BASE
from tests.build import SHELL, member, on_day, staff
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

KEY = re.compile(r"spk_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}")
ASKED = {"name": "ERP", "scopes": ["cards:read", "cards:act"], "addresses": "", "expires_on": "2027-01-01"}
ONLY_OWNERS = "Owners decide which programs act for the account."


@pytest.fixture(autouse=True)
def _in_english():
    with override("en"), on_day(date(2026, 3, 10)):
        yield


@pytest.fixture
def acme():
    return Customer.objects.get_or_create(name="Acme")[0]


def browser(role="owner", customer="Acme"):
    client = logged_in(member(customer, f"{role} of {customer}", role))
    client.cookies["django_language"] = "en"
    return client


def made(client, customer, **values):
    return client.post(f"/my/keys/of/{customer.pk}/", ASKED | values)


def test_an_owner_makes_a_key_that_is_shown_once_and_opens_the_api(acme, caplog):
    owner = browser()
    with caplog.at_level(logging.DEBUG):
        page = made(owner, acme, addresses="203.0.113.7\n2001:db8::1")
    (shown,) = set(KEY.findall(text(page)))
    row = shown_key(shown)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert (row.customer, row.name, row.scopes, row.addresses, row.expires_on, row.created_by.username) == (
        *(acme, "ERP", ["cards:read", "cards:act"], ["203.0.113.7/32", "2001:db8::/64"]),
        *(date(2027, 1, 1), "owner of Acme"),
    )
    assert owner.get(f"{BASE}/me", headers={"authorization": f"Bearer {shown}"}).status_code == 403
    sent = {"authorization": f"Bearer {shown}"}
    assert owner.get(f"{BASE}/me", headers=sent, REMOTE_ADDR="203.0.113.7").json()["key"] == "ERP"
    later = text(owner.get(f"/my/keys/of/{acme.pk}/"))
    assert (shown in later, row.public in later, "ERP" in later) == (False, True, True)
    secret = shown.rpartition("_")[2]
    kept = [str(list(model.objects.values())) for model in (ApiKey, AuditEntry, Session)]
    kept += [str(dict(owner.session)), caplog.text, page.headers.get("Location", "")]
    assert [where for where in kept if secret in where] == []


def test_a_visitor_of_ipv6_is_known_by_the_network_of_the_household(acme):
    row, _shown = make_key(acme, by=SHELL, name="x", scopes=["cards:read"], addresses=["2001:db8::1", "10.0.0.0/8"])
    assert [
        is_taken_from(row, address) for address in ("2001:db8::/64", "2001:db8:0:1::/64", "10.9.9.9", "11.0.0.1")
    ] == ([True, False, True, False])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "This field is required."),
        ({"name": "x" * 61}, "60 characters"),
        ({"scopes": []}, "This field is required."),
        ({"scopes": ["cards:everything"]}, "cards:everything is not one of the available choices."),
        ({"addresses": "somewhere"}, "“somewhere” is no IP address or network, such as 203.0.113.7 or 203.0.113.0/24."),
        ({"addresses": "\n".join(f"203.0.113.{number}" for number in range(21))}, "Give at most 20 addresses."),
        ({"expires_on": "2026-03-10"}, "Give a day in the future."),
        ({"expires_on": "soon"}, "Enter a valid date."),
    ],
)
def test_what_cannot_be_read_is_said_and_no_key_is_made(acme, wrong, said):
    page = made(browser(), acme, **wrong)
    assert (page.status_code, said in text(page), ApiKey.objects.count()) == (422, True, 0)


def test_a_customer_has_ten_living_keys_at_most(acme):
    for number in range(MOST_KEYS):
        row, _shown = make_key(acme, by=SHELL, name=f"key {number}", scopes=["cards:read"])
    owner = browser()
    page = made(owner, acme)
    assert (page.status_code, "There are 10 keys already, which is the most." in text(page)) == (422, True)
    owner.post(f"/my/keys/{row.pk}/revoke/")
    assert made(owner, acme).status_code == 200


def test_a_revoked_key_opens_nothing_and_is_said_so(acme):
    owner = browser()
    (shown,) = set(KEY.findall(text(made(owner, acme))))
    row = shown_key(shown)
    page = owner.post(f"/my/keys/{row.pk}/revoke/", follow=True)
    assert "The key “ERP” is revoked: it opens nothing any more." in text(page)
    assert owner.get(f"{BASE}/me", headers={"authorization": f"Bearer {shown}"}).json()["code"] == "key_revoked"
    again = owner.post(f"/my/keys/{row.pk}/revoke/", follow=True)
    assert ("is revoked:" in text(again), "Revoked" in text(again)) == (False, True)
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "actor_name", "about")) == [
        ("key_made", "owner of Acme", "ERP"),
        ("key_revoked", "owner of Acme", "ERP"),
    ]


def test_only_owners_see_make_and_revoke_keys(acme):
    row, _shown = make_key(acme, by=SHELL, name="erp", scopes=["cards:read"])
    of_acme = f"/my/keys/of/{acme.pk}/"
    for role in ("operator", "viewer"):
        client = browser(role)
        pages = [client.get("/my/keys/"), client.get(of_acme), made(client, acme)]
        pages.append(client.post(f"/my/keys/{row.pk}/revoke/"))
        assert [(page.status_code, ONLY_OWNERS in text(page)) for page in pages] == [(403, True)] * 4
        assert "API keys" not in text(client.get("/my/"))
    other = browser("owner", "Northwind")
    assert [other.get(of_acme).status_code, made(other, acme).status_code] == [404, 404]
    assert other.post(f"/my/keys/{row.pk}/revoke/").status_code == 404
    assert ApiKey.objects.living(civil_today()).count() == 1


def test_the_way_to_the_keys_is_in_the_menu_of_owners(acme):
    owner = browser()
    assert 'href="/my/keys/"' in owner.get("/my/").content.decode()
    assert owner.get("/my/keys/").headers["Location"] == f"/my/keys/of/{acme.pk}/"
    northwind = Customer.objects.create(name="Northwind")
    Membership.objects.create(customer=northwind, user=User.objects.get(username="owner of Acme"), role="owner")
    listed = text(owner.get("/my/keys/"))
    assert ("Acme" in listed, "Northwind" in listed) == (True, True)


def test_a_day_before_on_and_after_the_day_on_which_it_expires(acme):
    row, _shown = make_key(acme, by=SHELL, name="erp", scopes=["cards:read"], expires_on=date(2026, 4, 1))
    owner, found = browser(), []
    for day in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 2)):
        with on_day(day):
            page = text(owner.get(f"/my/keys/of/{acme.pk}/"))
            found.append((row.is_living(civil_today()), "Expired" in page, "Revoke this key" in page))
    assert found == [(True, False, True), (False, True, False), (False, True, False)]


def test_staff_list_keys_by_customer_and_never_see_one(acme):
    _row, shown = make_key(acme, by=member("Acme", "alice", "owner"), name="erp", scopes=["cards:read"])
    make_key(Customer.objects.create(name="Northwind"), by=SHELL, name="crm", scopes=["orders:read"])
    support = of_role("support")
    page = text(support.get("/console/api/keys/", headers={"accept-language": "en"}))
    assert [word in page for word in ("Acme", "Northwind", "erp", "crm", "alice", "never used", shown)] == [
        True
    ] * 6 + [False]
    only = text(support.get("/console/api/keys/?customer=acme&show=valid", headers={"accept-language": "en"}))
    assert ("erp" in only, "crm" in only, "Revoke the key" in only) == (True, False, False)
    assert support.get("/console/api/keys/?customer=nobody").status_code == 400
    assert support.get("/console/api/keys/?colour=red").status_code == 400


def test_operations_revoke_any_key_and_support_none(acme):
    row, shown = make_key(acme, by=SHELL, name="erp", scopes=["cards:read"])
    path = f"/console/api/keys/{row.pk}/revoke/"
    assert of_role("support").post(path).status_code == 403
    operations = of_role("operations")
    page = operations.post(path, follow=True, headers={"accept-language": "en"})
    assert "The key “erp” is revoked" in text(page)
    assert operations.get(f"{BASE}/me", headers={"authorization": f"Bearer {shown}"}).json()["code"] == "key_revoked"
    over = text(operations.get("/console/api/keys/?show=over", headers={"accept-language": "en"}))
    assert ("erp" in over, "Revoked" in over) == (True, True)


def test_the_page_of_a_customer_leads_to_its_keys(acme):
    page = of_role("support").get(f"/console/customers/{acme.pk}/").content.decode()
    assert 'href="/console/api/keys/?customer=Acme"' in page


def test_a_key_made_by_the_dealer_says_so_to_its_customer(acme):
    make_key(acme, by=staff(username="ops"), name="erp", scopes=["cards:read"], expires_on=civil_today() + timedelta(1))
    page = text(browser().get(f"/my/keys/of/{acme.pk}/"))
    assert ("your dealer" in page, "ops" in page) == (True, False)
