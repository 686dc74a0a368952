"""Where staff must log in in two steps, whoever has no second step sets it up and does nothing else before."""

import re
from datetime import timedelta

import pyotp
import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from cards.models import AuditEntry
from cards.people import second_factor
from cards.people.accounts import person_of
from tests.build import member, staff
from tests.console.pages import logged_in

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
SET_UP = "/account/two-factor/first/"


@pytest.fixture(autouse=True)
def required(settings):
    settings.STAFF_TOTP = "required"


def give_password(name, client=None, page="/console/"):
    client = client or Client()
    client.answer = client.post("/admin/login/", {"username": name, "password": "demo", "next": page})
    return client


def secret_on(page):
    return re.search(r'<span class="id">([A-Z2-7]+)</span>', page.text)[1]


def code_of(secret, seconds=0):
    return pyotp.TOTP(secret).at(timezone.now() + timedelta(seconds=seconds))


def set_up(client):
    """The secret, once it is in use, and the page that then comes."""
    secret = secret_on(client.get(SET_UP))
    return secret, client.post(SET_UP, {"code": code_of(secret)}, headers=ENGLISH)


def test_the_first_admin_sets_it_up_at_the_first_login_and_goes_on_to_where_they_were_going():
    call_command("createsuperuser", "--noinput", username="boss", email="")
    user = User.objects.get()
    user.set_password("demo")
    user.save()
    client = give_password("boss", page="/console/cards/")
    assert client.answer.headers["Location"] == SET_UP
    assert client.get("/console/").headers["Location"] == "/admin/login/?next=/console/"
    page = client.get(SET_UP, headers=ENGLISH)
    assert ("Staff log in in two steps" in page.text, get_user(client).is_authenticated) == (True, False)
    secret, codes = set_up(client)
    assert (len(re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", codes.text)), get_user(client)) == (10, user)
    assert 'href="/console/cards/"' in codes.text
    assert client.get("/console/cards/").status_code == 200
    assert person_of(user).totp_secret == secret
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == ["two_step_on", "login"]


def test_afterwards_the_password_leads_to_the_code_and_the_code_in():
    user = staff(username="ops")
    secret, _page = set_up(give_password("ops"))
    fresh = give_password("ops")
    assert fresh.answer.headers["Location"] == "/account/code/"
    assert fresh.get(SET_UP).headers["Location"] == "/admin/login/", "it is set up once"
    assert fresh.post("/account/code/", {"code": code_of(secret, seconds=30)}).headers["Location"] == "/console/"
    assert get_user(fresh) == user


@pytest.mark.parametrize("code", ["000000", "", "abc"])
def test_a_wrong_code_lets_nobody_in(code):
    user = staff(username="ops")
    client = give_password("ops")
    client.get(SET_UP)
    page = client.post(SET_UP, {"code": code})
    assert (page.status_code, get_user(client).is_authenticated, second_factor.is_on(user)) == (422, False, False)


def test_the_page_is_for_who_has_just_given_the_right_password(client):
    staff(username="ops")
    for method in (client.get, client.post):
        assert method(SET_UP, {"code": "000000"}).headers["Location"] == "/admin/login/"
    client.post("/admin/login/", {"username": "ops", "password": "wrong"})
    assert client.get(SET_UP).headers["Location"] == "/admin/login/"


def test_the_page_of_the_code_is_no_way_round():
    user = staff(username="ops")
    client = give_password("ops")
    assert client.post("/account/code/", {"code": "000000"}).headers["Location"] == "/admin/login/"
    assert (get_user(client).is_authenticated, second_factor.is_right(user, "000000")) == (False, False)


@pytest.mark.parametrize(("minutes", "is_open"), [(29, True), (31, False)])
def test_there_is_half_an_hour_to_find_an_app(monkeypatch, minutes, is_open):
    staff(username="ops")
    client = give_password("ops")
    later = timezone.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert (client.get(SET_UP).status_code == 200) is is_open


def test_of_two_browsers_the_second_does_not_set_up_another():
    user = staff(username="ops")
    first, second = give_password("ops"), give_password("ops")
    second.get(SET_UP)
    secret, _page = set_up(first)
    other = second.post(SET_UP, {"code": "000000"})
    assert (other.headers["Location"], person_of(user).totp_secret) == ("/admin/login/", secret)
    assert second_factor.turn_on(user, "A" * 32, code_of("A" * 32)) is None


def test_customers_log_in_as_ever():
    member(username="alice")
    client = give_password("alice", page="/my/")
    assert (client.answer.headers["Location"], client.get("/my/").status_code) == ("/my/", 200)


def test_a_session_with_the_password_alone_is_over_once_it_is_required(settings):
    settings.STAFF_TOTP = "optional"
    user = staff(username="ops")
    client = give_password("ops")
    assert client.get("/account/").status_code == 200
    settings.STAFF_TOTP = "required"
    assert client.get("/account/").status_code == 302
    assert logged_in(user, in_two_steps=True).get("/account/").status_code == 200


def test_a_customer_who_becomes_staff_sets_it_up_at_the_next_login():
    user = member(username="alice")
    client = give_password("alice", page="/my/")
    user.is_staff = True
    user.save()
    assert client.get("/account/").status_code == 302
    assert give_password("alice").answer.headers["Location"] == SET_UP


def test_for_another_phone_it_is_set_up_anew_and_nothing_opens_meanwhile():
    user = staff(username="ops")
    client = give_password("ops")
    old, _page = set_up(client)
    page = client.get("/account/two-factor/", headers=ENGLISH)
    assert ("Set up on another phone" in page.text, "Turn off two-step login" in page.text) == (True, False)
    assert client.post("/account/two-factor/off/", {"current_password": "demo"}).headers["Location"] == SET_UP
    assert client.get("/account/").status_code == 302
    new, page = set_up(client)
    assert (new != old, person_of(user).totp_secret, 'href="/account/"' in page.text) == (True, new, True)
    assert client.get("/account/").status_code == 200


def test_where_it_is_optional_nobody_is_asked(settings):
    settings.STAFF_TOTP = "optional"
    staff(username="ops")
    assert give_password("ops").answer.headers["Location"] == "/console/"
