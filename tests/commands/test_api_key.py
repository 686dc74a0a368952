"""`api_key`: made, listed and revoked from the shell; printed once."""

from datetime import date

import pytest
from django.test import Client
from django.utils import timezone

from cards.models import AuditEntry, Customer
from simportal.api.actions.keys import MOST_KEYS, make_key, shown_key
from simportal.api.choices import ApiScope
from simportal.api.models import ApiKey
from tests.build import SHELL, on_day
from tests.commands.calls import result, run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def acme():
    with on_day(date(2026, 3, 10)):
        yield Customer.objects.get_or_create(name="Acme")[0]


def test_a_key_is_printed_once_and_opens_all_that_customers_may(acme):
    ended = run("api_key", "add", "--customer", "Acme")
    shown = ended.out.strip()
    row = shown_key(shown)
    assert (ended.code, ended.err) == (0, "Keep it like a password: it is not shown again.\n")
    assert (row.customer, row.scopes, row.name, row.expires_on) == (acme, ApiScope.values, "shell", date(2027, 3, 10))
    told = Client().get("/api/v1/me", headers={"authorization": f"Bearer {shown}"})
    assert (told.status_code, told.json()["customer"]) == (200, "Acme")
    assert shown not in str(result("api_key", "list"))
    assert AuditEntry.objects.get().actor_kind == "command"


def test_what_is_said_of_a_key_is_kept_of_it(acme):
    asked = ("--scopes", "cards:read", "usage:read", "--name", "ERP", "--addresses", "203.0.113.7")
    made = result("api_key", "add", "--customer", "acme", *asked, "--expires-on", "2026-06-01")
    assert (set(made), made["key"].startswith(f"{made['id']}_")) == ({"id", "key"}, True)
    (listed,) = result("api_key", "list")["keys"]
    created = listed.pop("created_at")
    assert (created[:10], listed) == (
        str(timezone.localdate()),
        {
            "id": made["id"],
            "name": "ERP",
            "customer": "Acme",
            "scopes": ["cards:read", "usage:read"],
            "addresses": ["203.0.113.7/32"],
            "created_by": None,
            "expires_on": "2026-06-01",
            "last_used_on": None,
            "revoked_at": None,
        },
    )
    told = f"only from 203.0.113.7/32, created {timezone.localdate()}, never used, expires 2026-06-01"
    assert run("api_key", "list").out == f"{made['id']}: ERP, Acme, {told}\n"


@pytest.mark.parametrize("begins", ["spk_", ""])
def test_a_key_is_revoked_by_its_public_part(acme, begins):
    row, _shown = make_key(acme, by=SHELL, name="erp", scopes=["cards:read"])
    ended = run("api_key", "revoke", f"{begins}{row.prefix}")
    assert (ended.code, ended.out) == (0, "The key “erp” is revoked: it opens nothing any more.\n")
    assert result("api_key", "revoke", f"{begins}{row.prefix}")["revoked_at"][:10] == str(timezone.localdate())
    told = "created {today}, never used, revoked {today}".format(today=timezone.localdate())
    assert run("api_key", "list").out == f"{row.public}: erp, Acme, {told}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "--customer", "Nobody"), "There is no customer with this name.\n"),
        (("add", "--customer", "Acme", "--scopes", "all"), "all: there is no such permission."),
        (("add", "--customer", "Acme", "--addresses", "home"), "“home” is no IP address or network"),
        (("add", "--customer", "Acme", "--expires-on", "2026-03-10"), "Give a day in the future.\n"),
        (("add", "--customer", "Acme", "--expires-on", "later"), "'later' is not a date"),
        (("add",), "--customer"),
        (("revoke", "spk_12345678"), "There is no key spk_12345678.\n"),
        ((), "PART"),
    ],
)
def test_what_it_cannot_read_is_one_sentence_and_code_2(arguments, said):
    ended = run("api_key", *arguments)
    assert (ended.code, said in ended.err, ended.out) == (2, True, "")
    assert ApiKey.objects.count() == 0


def test_a_key_too_many_is_refused_with_code_1(acme):
    for number in range(MOST_KEYS):
        make_key(acme, by=SHELL, name=f"key {number}", scopes=["cards:read"])
    ended = run("api_key", "add", "--customer", "Acme", "--json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == ("There are 10 keys already, which is the most. Revoke one that is not used any more.\n")


def test_without_keys_there_is_nothing_to_list():
    assert run("api_key", "list").err == "There are no keys.\n"
    assert result("api_key", "list") == {"keys": []}
