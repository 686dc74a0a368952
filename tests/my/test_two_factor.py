"""Two-step login: a code of an app after the password, each once; recovery codes; on and off with the password."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from django.contrib.auth import get_user
from django.test import Client
from django.utils import timezone

from cards.models import Person, RecoveryCode
from cards.people import second_factor
from cards.people.accounts import person_of
from cards.people.views import login
from tests.build import member, staff
from tests.console.pages import logged_in

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands, and that a test moves: `clock(seconds)`."""
    instant = [datetime(2026, 3, 10, 4, 0, 10, tzinfo=UTC)]
    monkeypatch.setattr(timezone, "now", lambda: instant[0])

    def move(seconds):
        instant[0] += timedelta(seconds=seconds)

    return move


def code_at(seconds=0):
    return pyotp.TOTP(SECRET).at(timezone.now() + timedelta(seconds=seconds))


@pytest.fixture
def alice(clock):
    """Has turned it on a while ago; `alice.codes` are her recovery codes."""
    user = member(username="alice")
    user.codes = second_factor.turn_on(user, SECRET, code_at())
    clock(120)
    return user


def give_password(client, password="demo", next_page=""):
    data = {"username": "alice", "password": password} | ({"next": next_page} if next_page else {})
    return client.post("/admin/login/", data)


def give_code(client, code):
    return client.post("/account/code/", {"code": code}, headers=ENGLISH)


def name_of(client):
    return get_user(client).get_username()


def test_the_password_alone_does_not_log_in(alice, client):
    assert give_password(client).headers["Location"] == "/account/code/"
    assert name_of(client) == ""
    assert client.get("/my/").status_code == 302


def test_the_code_leads_to_where_one_was_going(alice, client):
    give_password(client, next_page="/my/cards/")
    assert give_code(client, code_at()).headers["Location"] == "/my/cards/"
    assert (name_of(client), login.PENDING in client.session) == ("alice", False)


def test_staff_take_the_second_step_as_well(clock, client):
    user = staff(username="alice")
    second_factor.turn_on(user, SECRET, code_at())
    clock(120)
    give_password(client)
    assert client.get("/console/").status_code == 302
    give_code(client, code_at())
    assert client.get("/console/").status_code == 200


@pytest.mark.parametrize(("seconds", "is_right"), [(0, True), (-30, True), (30, True), (-60, False), (60, False)])
def test_a_phones_clock_may_be_half_a_minute_wrong(alice, client, seconds, is_right):
    give_password(client)
    assert (give_code(client, code_at(seconds)).status_code == 302) is is_right


def test_a_code_is_right_once(alice, client):
    code = code_at()
    for expected in (302, 422):
        give_password(client)
        assert give_code(client, code).status_code == expected
        client.logout()
    give_password(client)
    assert give_code(client, code_at(-30)).status_code == 422, "an older one than the last is no better"


def test_the_code_that_turned_it_on_does_not_log_in(clock, client):
    second_factor.turn_on(member(username="alice"), SECRET, code := code_at())
    give_password(client)
    assert give_code(client, code).status_code == 422


def test_a_recovery_code_is_right_once_however_it_is_typed(alice, client):
    give_password(client)
    assert give_code(client, f" {alice.codes[0].lower().replace('-', ' ')} ").status_code == 302
    client.logout()
    give_password(client)
    assert give_code(client, alice.codes[0]).status_code == 422
    assert give_code(client, alice.codes[1]).status_code == 302


def test_recovery_codes_are_kept_as_hashes_and_are_of_one_person(alice, client):
    digests = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(set(alice.codes)) == len(digests) == 10
    assert not digests & set(alice.codes)
    bob = member(username="bob")
    second_factor.turn_on(bob, SECRET, code_at())
    assert not second_factor.is_right(bob, alice.codes[0])
    assert second_factor.is_right(alice, alice.codes[0])


@pytest.mark.parametrize("typed", ["000000", "", "abc", "１２３", "é" * 32])
def test_a_wrong_code_is_told_and_logs_nobody_in(alice, client, typed):
    give_password(client)
    assert (give_code(client, typed).status_code, name_of(client)) == (422, "")


def test_five_wrong_codes_shut_the_door_for_a_quarter_of_an_hour(alice, client, clock):
    give_password(client)
    for _ in range(5):
        give_code(client, "000000")
    page = give_code(client, code_at())
    assert (page.status_code, name_of(client), "wait 15 minutes" in page.text) == (422, "", True)
    fresh = Client()
    give_password(fresh)
    assert give_code(fresh, code_at()).status_code == 422, "a new session has no new tries"
    clock(15 * 60 + 1)
    assert give_code(fresh, code_at()).status_code == 302


def test_the_second_step_is_for_who_took_the_first(alice, client):
    for method in (client.get, client.post):
        assert method("/account/code/", {"code": code_at()}).headers["Location"] == "/admin/login/"
    give_password(client, "wrong")
    assert give_code(client, code_at()).headers["Location"] == "/admin/login/"


def test_the_second_step_waits_five_minutes(alice, client):
    give_password(client)
    session = client.session
    session[login.PENDING] = session[login.PENDING] | {"until": 0}
    session.save()
    assert give_code(client, code_at()).headers["Location"] == "/admin/login/"


@pytest.mark.parametrize("change", [{"password": "another"}, {"is_active": False}])
def test_who_changed_meanwhile_begins_again(alice, client, change):
    give_password(client)
    type(alice).objects.update(**change)
    assert give_code(client, code_at()).headers["Location"] == "/admin/login/"


# On and off


def test_it_is_turned_on_with_a_code_and_shows_the_recovery_codes_once(clock):
    alice = member(username="alice")
    client = logged_in(alice)
    page = client.get("/account/two-factor/").text
    secret = re.search(r'<span class="id">([A-Z2-7]+)</span>', page)[1]
    assert "<svg" in page
    assert "style=" not in page
    right = pyotp.TOTP(secret).at(timezone.now())
    for wrong in ({"code": "000000"}, {"current_password": "wrong"}, {"current_password": ""}):
        page = client.post("/account/two-factor/", {"code": right, "current_password": "demo"} | wrong)
        assert (page.status_code, secret in page.text, person_of(alice).has_second_factor) == (422, True, False)
    shown = client.post("/account/two-factor/", {"code": right, "current_password": "demo"}).text
    codes = set(re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", shown))
    assert (len(codes), Person.objects.get().totp_secret) == (10, secret)
    again = client.get("/account/two-factor/").text
    assert not any(code in again for code in (*codes, secret))


def test_the_secret_comes_from_the_portal_never_from_the_form(clock):
    client = logged_in(member(username="alice"))
    client.post("/account/two-factor/", {"code": code_at(), "secret": SECRET, "current_password": "demo"})
    assert not Person.objects.exclude(totp_secret="").exists()


def test_new_recovery_codes_take_the_password_and_end_the_old_ones(alice):
    client = logged_in(alice)
    assert client.post("/account/two-factor/codes/", {"current_password": "wrong"}).status_code == 422
    assert second_factor.is_right(alice, alice.codes[0])
    page = client.post("/account/two-factor/codes/", {"current_password": "demo"}).text
    new = re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", page)
    assert (second_factor.is_right(alice, alice.codes[1]), second_factor.is_right(alice, new[0])) == (False, True)


def test_who_has_it_off_gets_no_recovery_codes(clock):
    client = logged_in(member(username="alice"))
    client.post("/account/two-factor/codes/", {"current_password": "demo"})
    assert not RecoveryCode.objects.exists()


def test_it_is_turned_off_with_the_password(alice, client):
    hers = logged_in(alice)
    hers.post("/account/two-factor/off/", {"current_password": "wrong"})
    assert person_of(alice).has_second_factor
    hers.post("/account/two-factor/off/", {"current_password": "demo"})
    assert (person_of(alice).has_second_factor, RecoveryCode.objects.exists()) == (False, False)
    assert give_password(client).headers["Location"] == "/"
    assert name_of(client) == "alice"


def test_another_persons_is_not_touched(alice):
    bob = logged_in(member(username="bob"))
    bob.post("/account/two-factor/off/", {"current_password": "demo"})
    assert person_of(alice).has_second_factor
