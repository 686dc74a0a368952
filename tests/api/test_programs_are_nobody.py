"""The account of a program is a member's, and no person's: no page of people has it, and nobody logs in with it."""

import re

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse

from billing.pages.merging import members_of
from cards.actions.jobs.merge import HANDOVERS
from cards.choices import MemberRole
from cards.models import Customer, Invitation, Membership
from simportal.api.actions.keys import make_key
from simportal.api.actions.merging import Programs
from simportal.api.models import ApiKey
from tests.build import SHELL, member
from tests.console.pages import logged_in, superuser, text

pytestmark = pytest.mark.django_db
NAME = "key:erp"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def acme():
    return Customer.objects.get_or_create(name="Acme")[0]


@pytest.fixture
def program(acme):
    """The account of a key of Acme's."""
    return make_key(acme, by=SHELL, name="erp", scopes=["cards:read"])[0].user


def test_it_has_no_password_and_no_address(program):
    assert (program.has_usable_password(), program.email, program.is_staff, program.username) == (
        False,
        "",
        False,
        NAME,
    )
    assert [authenticate(username=NAME, password=said) for said in ("", "x", program.password)] == [None] * 3
    assert list(PasswordResetForm().get_users("")) == []


def test_the_login_does_not_know_it(client, program):
    said = {"username": NAME, "password": program.password}
    page = client.post("/admin/login/", said, headers=ENGLISH)
    assert (page.status_code, "_auth_user_id" in client.session) == (200, False)


def test_nobody_registers_under_such_a_name(client, program):
    names = {"username": "key:crm", "phone": "", "password": "a lamp in the fog", "password_again": "a lamp in the fog"}
    assert client.post("/account/new/", names, headers=ENGLISH).status_code == 422
    assert not User.objects.filter(username="key:crm").exists()


def test_no_list_of_people_has_it(acme, program):
    alice = member("Acme", "alice", "owner")
    admin, owner = superuser(), logged_in(alice)
    pages = [
        owner.get("/my/members/"),
        admin.get("/console/people/?who=customers"),
        admin.get("/console/people/?who=customers&q=key"),
        admin.get(f"/console/customers/{acme.pk}/"),
        admin.get(f"/console/find/?q={NAME}"),
        admin.get("/admin/auth/user/"),
        admin.get(f"/admin/cards/customer/{acme.pk}/change/"),
        admin.get("/admin/autocomplete/?app_label=cards&model_name=membership&field_name=user&term=key"),
    ]
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert [NAME in text(page).replace(f"q={NAME}", "") for page in pages[:4] + pages[5:]] == [False] * 7
    assert f'href="/console/people/{program.pk}/"' not in pages[4].content.decode()
    assert "alice" in text(pages[1])


def test_no_page_about_a_person_is_about_it(program):
    admin = superuser()
    of_people = f"/console/people/{program.pk}/"
    looked = [of_people, f"{of_people}data/", f"{of_people}data/file/", f"{of_people}delete/"]
    assert [admin.get(path).status_code for path in looked] == [404] * 4
    done = ["shut-out", "let-in", "two-step-off", "reset", "roles", "delete"]
    assert [admin.post(f"{of_people}{step}/", {"roles": "support"}).status_code for step in done] == [404] * 6
    of_admin = [f"/admin/auth/user/{program.pk}/{page}/" for page in ("change", "password")]
    assert [admin.get(path).status_code for path in of_admin] == [302, 404]  # as of a number that nobody has
    assert not User.objects.get(pk=program.pk).has_usable_password()


def test_its_membership_is_changed_by_nobody(acme, program):
    alice, membership = member("Acme", "alice", "owner"), program.memberships.get()
    admin, owner = superuser(), logged_in(alice)
    for client, pages in (
        (owner, ("my:member-role", "my:member-remove")),
        (admin, ("console:customer-member-role", "console:customer-member-remove")),
    ):
        paths = [reverse(page, args=[membership.pk]) for page in pages]
        assert [client.post(path, {"role": "owner"}).status_code for path in paths] == [404, 404], paths
    assert program.memberships.get().role == MemberRole.PROGRAM


def test_nobody_is_invited_as_a_program(acme):
    owner, admin = logged_in(member("Acme", "alice", "owner")), superuser()
    assert owner.post(reverse("my:invite", args=[acme.pk]), {"role": "program"}).status_code == 404
    admin.post(reverse("console:customer-invite", args=[acme.pk]), {"role": "program"})
    assert Invitation.objects.count() == 0
    pages = [owner.get("/my/members/").content.decode(), admin.get(f"/console/customers/{acme.pk}/").content.decode()]
    assert [re.findall(r'<option value="program"', page) for page in pages] == [[], []]


def test_mail_goes_to_people(acme, program):
    User.objects.filter(pk=program.pk).update(email="erp@example.com")
    acting = acme.memberships.of_people().exclude(user__email="")
    assert (list(acting), mail.outbox) == ([], [])


def test_a_customer_without_people_has_none(acme, program):
    assert members_of(acme) == []
    assert not Membership.objects.of_people().filter(customer=acme).exists()


def test_when_customers_are_merged_keys_go_on_for_the_other_one(acme, program):
    target = Customer.objects.create(name="Northwind")
    (handover,) = [each for each in HANDOVERS if isinstance(each, Programs)]
    handover.of_the_rest(acme, target, None)
    assert ApiKey.objects.get().customer == target
