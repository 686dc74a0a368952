"""Strangers guess, and the owner comes in all the same: on a device that is known, or by a link in a mail."""

import re
import time
from datetime import timedelta

import pyotp
import pytest
from django.contrib.auth import get_user
from django.core import mail, signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cards.models import GuessedAt, Tries
from cards.people import devices, second_factor
from cards.people.accounts import change_account
from simportal.guesses import send_warnings
from simportal.tasks import send_resets
from tests.build import member, staff

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
HOME, ELSEWHERE = "192.0.2.1", "203.0.113.7"


@pytest.fixture
def alice():
    user = member(username="alice")
    change_account(user, name="Alice", email="alice@example.cn", phone="13800010001")
    return user


def log_in(client, name="alice", password="demo", address=HOME):
    """Who is logged in afterwards."""
    client.post("/admin/login/", {"username": name, "password": password}, REMOTE_ADDR=address)
    return get_user(client).get_username()


def attack(name="alice", tries=6, start=0):
    """A stranger guesses, each time from another address."""
    for number in range(start, start + tries):
        log_in(Client(), name, "wrong", f"198.51.100.{number % 250}")


def known(user="alice"):
    """A browser on which somebody has logged in, and out again."""
    client = Client()
    assert log_in(client, user) == user
    client.post("/logout/")
    return client


def later(**passed):
    for row in Tries.objects.all():
        Tries.objects.filter(pk=row.pk).update(until=row.until - timedelta(**passed))


def test_a_known_device_is_not_slowed_by_strangers(alice):
    device = known()
    attack()
    assert log_in(Client()) == "", "any other is"
    assert log_in(device) == "alice"


def test_nor_by_what_others_tried_from_the_same_address(alice):
    device = known()
    for number in range(50):
        log_in(Client(), f"somebody {number}", "wrong")
    assert (log_in(Client()), log_in(device)) == ("", "alice")


def test_it_knows_the_phone_too(alice):
    device = known()
    attack()
    assert log_in(device, "138 0001 0001") == "alice"


def test_on_a_known_device_one_may_be_wrong_five_times_and_then_waits_as_a_stranger(alice):
    device = known()
    for _ in range(5):
        assert log_in(device, password="wrong") == ""
    attack()
    assert log_in(device) == ""
    later(seconds=5)
    assert log_in(device) == "alice"
    device.post("/logout/")
    later(minutes=15)
    attack()
    assert log_in(device) == "alice"


def test_it_is_known_for_one_person_and_one_password(alice):
    member("Northwind", "bob")
    device = known()
    for name in ("alice", "bob"):
        attack(name)
    assert log_in(device, "bob") == ""
    alice.set_password("another")
    alice.save()
    assert log_in(device, password="another") == ""


def test_several_people_share_a_device(alice):
    member("Northwind", "bob")
    device = known()
    assert log_in(device, "bob") == "bob"
    device.post("/logout/")
    for name in ("alice", "bob"):
        attack(name)
    assert log_in(device, "bob") == "bob"
    device.post("/logout/")
    assert log_in(device) == "alice"


@pytest.mark.parametrize("forged", ["", "x", "x:y:z", "é"])
def test_nobody_makes_such_a_cookie(alice, forged):
    client = Client()
    client.cookies[f"device_{alice.pk}"] = forged
    attack()
    assert log_in(client) == ""


def test_nor_of_anothers(alice):
    bob = member("Northwind", "bob")
    client = Client()
    for text in (devices.device_token(bob), signing.dumps("x"), signing.dumps("x", salt="cards.device")):
        client.cookies[f"device_{alice.pk}"] = text
        attack(tries=6)
        assert log_in(client) == ""


def test_the_cookie_is_for_the_login_alone_and_for_a_year(alice):
    client = Client()
    log_in(client)
    cookie = client.cookies[f"device_{alice.pk}"]
    expected = {"path": "/admin/login/", "httponly": True, "samesite": "Lax", "max-age": 365 * 24 * 3600}
    assert {name: cookie[name] for name in expected} == expected
    assert log_in(Client(), password="wrong") == ""
    wrong = Client()
    log_in(wrong, password="wrong")
    assert f"device_{alice.pk}" not in wrong.cookies


# The mail


def test_the_owner_is_told_once_in_six_hours_and_comes_in_by_the_link(alice):
    attack(tries=4)
    send_warnings()
    assert mail.outbox == []
    attack(tries=1, start=4)
    for _ in range(3):
        later(seconds=60)
        attack(tries=1)
    send_resets()
    send_resets()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject, GuessedAt.objects.count()) == (["alice@example.cn"], "有人在猜您的密码", 0)
    client = Client()
    assert log_in(client) == ""
    page, _hash, secret = re.search(r"http://\S+", sent.body)[0].partition("#")
    assert page.endswith("/account/known/")
    assert client.get("/account/known/").status_code == 200
    opened = client.post("/account/known/", {"link": secret}, headers=ENGLISH)
    assert opened.headers["Location"] == "/admin/login/"
    assert "nobody gets in your way" in client.get("/admin/login/", headers=ENGLISH).text
    assert get_user(client).is_authenticated is False, "the password is asked for all the same"
    assert log_in(client, password="wrong") == ""
    assert log_in(client) == "alice"


def test_after_six_hours_it_is_told_again(alice):
    for told in (1, 1, 2):
        attack(tries=6)
        send_warnings()
        assert len(mail.outbox) == told
        later(hours=3)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret, user: f"{secret}x",
        lambda secret, user: secret.replace(f"{user.pk}:", f"{user.pk + 1}:", 1),
        lambda secret, user: "",
        lambda secret, user: "9" * 5000,
    ],
)
def test_a_link_that_is_none_opens_nothing(alice, client, spoil):
    secret = devices.link_to_log_in(alice).partition("#")[2]
    page = client.post("/account/known/", {"link": spoil(secret, alice)}, headers=ENGLISH)
    assert (page.status_code, "This link has expired" in page.text) == (404, True)
    assert not any(name.startswith("device_") for name in client.cookies)


@pytest.mark.parametrize(("hours", "works"), [(23, True), (25, False)])
def test_the_link_lasts_a_day(alice, client, monkeypatch, hours, works):
    secret = devices.link_to_log_in(alice).partition("#")[2]
    later = time.time() + hours * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert (client.post("/account/known/", {"link": secret}).status_code == 302) is works


def test_whoever_has_no_address_or_is_shut_out_gets_no_mail(alice, settings):
    bob = member("Northwind", "bob")
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    for name in ("alice", bob.get_username(), "nobody"):
        attack(name, tries=6)
    assert GuessedAt.objects.count() == 3
    send_warnings()
    assert (mail.outbox, GuessedAt.objects.count()) == ([], 0)


def test_without_a_mail_server_nobody_is_told(alice, settings):
    settings.SENDS_MAIL = False
    attack(tries=6)
    send_warnings()
    assert (mail.outbox, GuessedAt.objects.count()) == ([], 0)


def test_who_sets_a_new_password_by_mail_is_let_through(alice, client):
    attack()
    client.post("/account/reset/", {"email": "alice@example.cn"})
    send_resets()
    secret = re.search(r"#(\S+)", mail.outbox[0].body)[1]
    client.post("/account/reset/set/", {"link": secret})
    new = {"new_password1": "n0t-so-common", "new_password2": "n0t-so-common"}
    assert client.post("/account/reset/set/", new).headers["Location"] == "/admin/login/"
    assert log_in(client, password="n0t-so-common") == "alice"


# Nobody learns who is here


def test_each_try_asks_the_same_whether_anybody_is_called_so(alice):
    def asked(name):
        with CaptureQueriesContext(connection) as queries:
            log_in(Client(), name, "wrong")
        return [re.sub(r"'[^']*'|\d+", "?", query["sql"]).replace("NULL", "?") for query in queries]

    for number in range(8):
        assert asked("alice") == asked("nobody"), f"try {number + 1}"
    assert GuessedAt.objects.count() == 2


def test_staff_are_slowed_down_and_told_as_customers_are():
    ops = staff(username="ops")
    change_account(ops, name="", email="ops@example.cn", phone="")
    device = known("ops")
    attack("ops")
    send_warnings()
    assert ([sent.to for sent in mail.outbox], log_in(Client(), "ops")) == ([["ops@example.cn"]], "")
    assert log_in(device, "ops") == "ops"


def test_no_device_is_known_by_a_password_alone_where_a_code_is_asked_for(alice):
    secret = second_factor.new_secret()
    second_factor.turn_on(alice, secret, pyotp.TOTP(secret).at(timezone.now()))
    client = Client()
    log_in(client)
    assert f"device_{alice.pk}" not in client.cookies
    client.post("/account/code/", {"code": pyotp.TOTP(secret).at(timezone.now() + timedelta(seconds=30))})
    assert (get_user(client), f"device_{alice.pk}" in client.cookies) == (alice, True)
