"""How long somebody stays logged in, and what ends it: the clock, a password, the second step, an admin."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cards.models import AuditEntry
from cards.people import second_factor
from cards.people.accounts import make_person, person_of
from simportal.password_reset import link_to_set_password
from tests.build import member, staff
from tests.console.pages import logged_in, superuser

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NEW = {"new_password1": "n0t-so-common", "new_password2": "n0t-so-common"}
OF_STAFF, OF_CUSTOMERS = "/console/", "/my/"


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands, and that a test moves: `clock(minutes=3)`."""
    instant = [datetime(2026, 3, 10, 4, 0, 10, tzinfo=UTC)]
    monkeypatch.setattr(timezone, "now", lambda: instant[0])

    def move(**time):
        instant[0] += timedelta(**time)

    return move


def log_in(name, client=None, password="demo"):
    client = client or Client()
    client.post("/admin/login/", {"username": name, "password": password})
    return client


def is_in(client):
    """Whether this browser is still somebody's; each look is a page."""
    return client.get("/account/").status_code == 200


# The clock


def test_staff_who_do_nothing_for_two_hours_are_logged_out(clock):
    staff(username="ops")
    client = log_in("ops")
    for minutes in (119, 119, 119):
        clock(minutes=minutes)
        assert client.get(OF_STAFF).status_code in (200, 403)
    clock(minutes=121)
    assert client.get(OF_STAFF).headers["Location"] == "/admin/login/?next=/console/"
    assert Session.objects.count() == 0


def test_staff_are_logged_out_after_twelve_hours_whatever_they_do(clock):
    staff(username="ops")
    client = log_in("ops")
    for _ in range(719 // 60):
        clock(hours=1)
        assert is_in(client)
    clock(minutes=59)
    assert is_in(client)
    clock(minutes=1)
    assert not is_in(client)


@pytest.mark.parametrize("days", [14, 1, 90])
def test_customers_stay_logged_in_for_fourteen_days_or_as_the_setting_says_whatever_they_do(clock, settings, days):
    assert settings.SESSION_DAYS == 14
    settings.SESSION_DAYS = days
    member(username="alice")
    client = log_in("alice")
    clock(days=days - 1, hours=23, minutes=59)
    assert is_in(client)
    clock(minutes=1)
    assert not is_in(client)


def test_the_cookie_lasts_no_longer_than_the_session(clock):
    member(username="alice")
    staff(username="ops")
    ages = [log_in(name).cookies["sessionid"]["max-age"] for name in ("ops", "alice")]
    assert ages == [12 * 3600, 14 * 24 * 3600]


def test_a_minute_of_work_costs_one_write_and_customers_none(clock):
    """Nor does anybody's page ask more of the database than before."""

    def writes(client, **time):
        clock(**time)
        with CaptureQueriesContext(connection) as queries:
            client.get("/account/")
        return sum(query["sql"].startswith("UPDATE") for query in queries)

    staff(username="ops")
    person_of(User.objects.get())
    ops, alice = log_in("ops"), logged_in(member(username="alice"))
    assert [writes(ops, seconds=seconds) for seconds in (0, 59, 1, 1, 58, 1)] == [0, 0, 1, 0, 0, 1]
    assert [writes(alice, hours=hours) for hours in (0, 5)] == [0, 0]


def test_a_customer_who_becomes_staff_logs_in_again_and_the_other_way_round_stays(clock):
    alice = member(username="alice")
    client = log_in("alice")
    alice.is_staff = True
    alice.save()
    assert not is_in(client)
    log_in("alice", client)
    assert is_in(client)
    alice.is_staff = False
    alice.save()
    assert is_in(client)
    clock(hours=11)
    assert is_in(client), "no customer is logged out for doing nothing"
    clock(hours=1)
    assert not is_in(client), "but a session that was made for twelve hours lasts no longer"


def test_a_session_of_before_that_does_not_say_when_it_was_seen_is_none_of_the_staffs(clock, client):
    client.force_login(staff(username="ops"))
    assert client.get(OF_STAFF).status_code == 302
    client.force_login(member(username="alice"))
    assert client.get(OF_CUSTOMERS).status_code == 200


def test_each_login_has_a_new_key(clock):
    member(username="alice")
    staff(username="ops")
    client = Client()
    client.get("/account/two-factor/first/")
    keys = []
    for name in ("alice", "alice", "ops", "ops"):
        log_in(name, client)
        keys.append(client.session.session_key)
    assert len(set(keys)) == 4
    assert Session.objects.count() == 1, "the old ones are gone"


def test_both_steps_have_a_key_of_their_own(clock):
    second_factor.turn_on(member(username="alice"), SECRET, pyotp.TOTP(SECRET).at(timezone.now()))
    clock(minutes=2)
    client = Client()
    session = client.session
    session["known to"] = "somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key
    keys = [session.session_key, log_in("alice", client).session.session_key]
    client.post("/account/code/", {"code": pyotp.TOTP(SECRET).at(timezone.now())})
    keys.append(client.session.session_key)
    assert (len(set(keys)), get_user(client).get_username(), Session.objects.count()) == (3, "alice", 1)


# What ends it sooner: another browser of the same person is out, and the one that did it stays


def by_password(client, user):
    return client.post("/account/password/", NEW | {"old_password": "demo"})


def by_button(client, user):
    return client.post("/account/sessions/end/", {"current_password": "demo"})


def by_second_step(client, user):
    secret = re.search(r'<span class="id">([A-Z2-7]+)</span>', client.get("/account/two-factor/").text)[1]
    code = pyotp.TOTP(secret).at(timezone.now())
    return client.post("/account/two-factor/", {"code": code, "current_password": "demo"})


def by_new_codes(client, user):
    return client.post("/account/two-factor/codes/", {"current_password": "demo"})


def by_turning_off(client, user):
    return client.post("/account/two-factor/off/", {"current_password": "demo"})


@pytest.mark.parametrize("who", [member, staff])
@pytest.mark.parametrize("change", [by_password, by_button, by_second_step])
def test_who_changes_it_stays_and_everybody_else_is_out(clock, who, change):
    user = who(username="alice")
    here, elsewhere = log_in("alice"), log_in("alice")
    key = here.session.session_key
    assert change(here, user).status_code in (200, 302)
    assert (is_in(here), is_in(elsewhere), here.session.session_key == key) == (True, False, False)


@pytest.mark.parametrize("change", [by_new_codes, by_turning_off])
def test_so_it_is_when_the_second_step_changes(clock, change):
    user = member(username="alice")
    second_factor.turn_on(user, SECRET, pyotp.TOTP(SECRET).at(timezone.now()))
    here, elsewhere = logged_in(user), logged_in(user)
    assert change(here, user).status_code in (200, 302)
    assert (is_in(here), is_in(elsewhere)) == (True, False)


@pytest.mark.parametrize("change", [by_password, by_button, by_new_codes, by_turning_off])
def test_without_the_password_nobody_is_logged_out(clock, change):
    user = member(username="alice")
    second_factor.turn_on(user, SECRET, pyotp.TOTP(SECRET).at(timezone.now()))
    here, elsewhere = logged_in(user), logged_in(user)
    user.set_password("another")
    User.objects.filter(pk=user.pk).update(password=user.password)  # so what is given is wrong
    for client in (here, elsewhere):
        client.force_login(user)
        session = client.session
        session["round"] = person_of(user).sessions_ended
        session.save()
    assert change(here, user).status_code in (200, 422)
    assert (is_in(here), is_in(elsewhere)) == (True, True)
    assert not AuditEntry.objects.exclude(action="two_step_on").exists()


def admins_password(user, admin):
    data = {"password1": "n0t-so-common", "password2": "n0t-so-common", "usable_password": "true"}
    return admin.post(f"/admin/auth/user/{user.pk}/password/", data)


def admins_second_step(user, admin):
    return admin.post(f"/console/people/{user.pk}/two-step-off/")


def admins_shutting_out(user, admin):
    return [change_of(user, admin, is_active=is_active) for is_active in (False, True)][-1]


def shutting_out(user, admin):
    return [admin.post(f"/console/people/{user.pk}/{step}/") for step in ("shut-out", "let-in")][-1]


def change_of(user, admin, **changes):
    page = admin.get(f"/admin/auth/user/{user.pk}/change/").context["adminform"].form
    data = {name: value for name, value in page.initial.items() if value not in (None, False, [])} | changes
    data["user_permissions"] = list(user.user_permissions.values_list("pk", flat=True))
    data = {name: value for name, value in data.items() if value is not False and name not in ("password",)}
    return admin.post(f"/admin/auth/user/{user.pk}/change/", data | {"date_joined_0": "2026-01-01"} | TIMES)


TIMES = {"date_joined_1": "10:00", "last_login_0": "", "last_login_1": ""}


@pytest.mark.parametrize("who", [member, staff])
@pytest.mark.parametrize("change", [admins_password, admins_second_step, admins_shutting_out, shutting_out])
def test_an_admin_ends_the_sessions_of_others_and_not_their_own(clock, who, change):
    user = who(username="alice")
    theirs, admin = log_in("alice"), superuser()
    assert is_in(theirs)
    assert change(user, admin).status_code == 302
    user.refresh_from_db()
    assert (is_in(theirs), is_in(admin), user.is_active) == (False, True, True)


def test_whoever_is_shut_out_is_out_at_once(clock):
    user, admin = member(username="alice"), superuser()
    theirs = log_in("alice")
    change_of(user, admin, is_active=False)
    user.refresh_from_db()
    assert (user.is_active, is_in(theirs), is_in(log_in("alice"))) == (False, False, False)


def test_what_waits_for_the_code_ends_with_the_sessions(clock):
    user = member(username="alice")
    second_factor.turn_on(user, SECRET, pyotp.TOTP(SECRET).at(timezone.now()))
    clock(minutes=2)
    waiting = log_in("alice")
    by_button(logged_in(user), user)
    waiting.post("/account/code/", {"code": pyotp.TOTP(SECRET).at(timezone.now())})
    assert not is_in(waiting)


# One form for one's own password


def test_the_admins_own_form_for_ones_password_is_everybodys(clock):
    admin = superuser()
    key = User.objects.get().pk
    for path in ("/admin/password_change/", f"/admin/auth/user/{key}/password/", f"/admin/auth/user/0{key}/password/"):
        for method in (admin.get, admin.post):
            assert method(path, NEW).headers["Location"] == "/account/password/"
    assert User.objects.get().check_password("demo")


def test_nobody_but_a_superuser_sets_the_password_of_another(clock):
    user, colleague = member(username="alice"), staff(username="ops")
    colleague.user_permissions.add(*Permission.objects.filter(content_type__app_label="auth"))
    assert admins_password(user, logged_in(colleague)).status_code == 403
    user.refresh_from_db()
    assert user.check_password("demo")
    admins_password(user, superuser())
    user.refresh_from_db()
    assert user.check_password("n0t-so-common")


def test_an_admin_turns_their_own_second_step_off_with_the_password_alone(clock):
    admin = superuser()
    user = User.objects.get()
    second_factor.turn_on(user, SECRET, pyotp.TOTP(SECRET).at(timezone.now()))
    admin = logged_in(user)
    page = admin.post(f"/console/people/{user.pk}/two-step-off/", headers=ENGLISH)
    refused = "You cannot do this to your own account" in page.text
    assert (person_of(user).has_second_factor, page.status_code, refused) == (True, 422, True)


# Back to the page


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        ({"referer": "http://testserver/my/cards/?q=8986#top"}, "/my/cards/?q=8986"),
        ({"referer": "https://evil.example/my/cards/"}, "/account/sessions/end/"),
        ({"referer": "http://testserver.evil.example/"}, "/account/sessions/end/"),
        ({}, "/account/sessions/end/"),
    ],
)
def test_a_form_that_came_too_late_leads_back_to_its_page_and_says_so(db, client, headers, page):
    sent = client.post("/account/sessions/end/", {}, headers=headers | ENGLISH)
    assert sent.status_code == 302
    asked = client.get(sent.headers["Location"], headers=ENGLISH)
    assert "so this was not saved" in asked.text
    member(username="alice")
    data = {"username": "alice", "password": "demo", "next": asked.context["next"]}
    assert client.post("/admin/login/", data).headers["Location"] == page


def test_a_link_that_came_too_late_leads_where_it_led(db, client):
    assert client.get("/my/cards/?q=1").headers["Location"] == "/admin/login/?next=/my/cards/%3Fq%3D1"


@pytest.mark.parametrize("page", ["/my/cards/", "/console/cards/", "/admin/auth/user/", "/account/"])
def test_a_part_of_a_page_sends_the_whole_page_to_the_login(db, client, page):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/console/cards/?tab=1"}
    answer = client.get(page, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["HX-Redirect"] == "/admin/login/?next=/console/cards/%3Ftab%3D1"


def test_who_is_logged_in_gets_their_parts(db):
    client = logged_in(member())
    assert "HX-Redirect" not in client.get("/my/cards/", headers={"HX-Request": "true"}).headers


# What is recorded


def test_the_audit_list_tells_of_staff_who_come_and_of_everybodys_keys(clock):
    user = make_person(username="alice", password="demo")
    client = log_in("alice")
    by_button(client, user)
    changed = {"name": "", "phone": "13800010001", "email": "a@example.cn", "current_password": "demo"}
    for _ in range(2):  # what is as before is no change
        client.post("/account/", changed)
    by_password(client, user)
    link = link_to_set_password(User.objects.get())
    for sent in ({"link": link}, NEW):
        client.post("/account/reset/set/", sent)
    staff(username="ops")
    log_in("ops")
    told = list(AuditEntry.objects.order_by("pk").values_list("action", "actor_name", "about"))
    assert told == [
        ("sessions_ended", "alice", "alice"),
        ("account_changed", "alice", "alice"),
        ("password_changed", "alice", "alice"),
        ("password_reset", "alice", "alice"),
        ("login", "ops", "ops"),
    ]
    assert AuditEntry.objects.get(action="account_changed").details == {"changed": ["email", "phone"]}
