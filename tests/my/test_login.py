"""The one door: by user name or phone, with one answer to whatever is wrong, and a limited number of tries."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from cards import visitors
from cards.actions import throttle
from cards.errors import BadInput
from cards.identifiers import phone
from cards.models import Tries
from cards.people.accounts import change_account, make_person
from cards.people.backends import user_name_of
from cards.visitors import visitor_address
from simportal.retention import apply_retention
from tests.build import member, staff

pytestmark = pytest.mark.django_db

PHONE = "13800010001"


@pytest.fixture
def alice():
    user = member(username="alice")
    change_account(user, name="", email="", phone=PHONE)
    return user


def log_in(name, password="demo", client=None, address="192.0.2.1"):
    """(who is logged in afterwards, the page)"""
    client = client or Client()
    page = client.post("/admin/login/", {"username": name, "password": password}, REMOTE_ADDR=address)
    return get_user(client).get_username(), page


def later(**time):
    """Time goes by: whatever was counted was counted so much earlier."""
    for row in Tries.objects.all():
        Tries.objects.filter(pk=row.pk).update(until=row.until - timedelta(**time))


@pytest.mark.parametrize("name", ["alice", PHONE, "138 0001 0001", "+86 138-0001-0001", "１３８０００１０００１"])
def test_a_member_logs_in_by_name_or_phone(alice, name):
    who, page = log_in(name)
    assert (who, page.status_code, page.headers["Location"]) == ("alice", 302, "/")


def test_staff_come_in_by_the_same_door(db):
    staff(username="ops")
    assert log_in("ops")[0] == "ops"


@pytest.mark.parametrize("name", ["nobody", "13900000000", "Alice", "alice ", "1380001000"])
def test_another_name_or_phone_is_nobody(alice, name):
    assert log_in(name)[0] == ("alice" if name == "alice " else "")


def test_who_is_switched_off_stays_outside(alice):
    type(alice).objects.update(is_active=False)
    assert log_in("alice")[0] == ""


def test_the_answer_is_the_same_whatever_is_wrong(alice, django_assert_num_queries):
    def answer(name):
        page = log_in(name, "wrong")[1]
        return page.status_code, page.text.replace(str(page.context["csrf_token"]), "").replace(name, "")

    wrong = answer("alice")
    assert (
        "After several failed attempts, wait a minute."
        in Client()
        .post("/admin/login/", {"username": "alice", "password": "x"}, headers={"accept-language": "en"})
        .text
    )
    assert answer("nobody") == answer(PHONE) == answer("13900000000") == wrong
    for _ in range(5):
        answer("alice")
    assert answer("alice") == wrong


def test_after_five_wrong_passwords_a_stranger_waits_longer_and_longer_up_to_a_minute(alice):
    for _ in range(5):
        assert log_in("alice", "wrong")[0] == ""
    for seconds in (5, 10, 20, 40, 60, 60):
        later(seconds=seconds - 1)
        assert log_in("alice")[0] == "", f"{seconds} seconds were not over"
        later(seconds=1)
        log_in("alice", "wrong")
    later(seconds=59)
    assert log_in("alice")[0] == ""
    later(seconds=1)
    assert log_in("alice")[0] == "alice"


def test_wrong_passwords_are_forgotten_after_a_quarter_of_an_hour_without_any(alice):
    for _ in range(9):
        log_in("alice", "wrong")
        later(seconds=60)
    later(minutes=15)
    for _ in range(4):
        log_in("alice", "wrong")
    assert log_in("alice")[0] == "alice"


def test_a_right_password_forgives_strangers_nothing(alice):
    """Or each login of the owner would give whoever guesses five more tries."""
    for _ in range(4):
        log_in("alice", "wrong")
    assert log_in("alice")[0] == "alice"
    log_in("alice", "wrong")
    assert log_in("alice")[0] == ""


def test_tries_are_of_the_person_by_name_and_phone_together(alice):
    for name in ("alice", PHONE, "alice", PHONE, "alice"):
        log_in(name, "wrong")
    assert (log_in("alice")[0], log_in(PHONE)[0]) == ("", "")
    later(seconds=5)
    assert log_in(PHONE)[0] == "alice"


def test_who_tries_too_early_does_not_wait_longer_for_it(alice):
    for _ in range(5):
        log_in("alice", "wrong")
    for _ in range(4):
        later(seconds=1)
        assert log_in("alice")[0] == ""
    later(seconds=1)
    assert log_in("alice")[0] == "alice"


def test_one_person_shut_out_leaves_the_others_in(alice):
    member(username="bob")
    for _ in range(5):
        log_in("alice", "wrong")
    assert log_in("bob")[0] == "bob"


def test_fifty_wrong_passwords_from_an_address_shut_it_out_whomever_they_tried(alice):
    for number in range(49):
        log_in(f"somebody {number}", "wrong")
    assert log_in("alice")[0] == "alice"  # a right one is not counted
    log_in("somebody else", "wrong")
    assert log_in("alice")[0] == ""
    assert log_in("alice", address="192.0.2.2")[0] == "alice"


def test_an_address_that_is_shut_out_locks_nobody_else_out(alice):
    for number in range(50):
        log_in(f"somebody {number}", "wrong")
    for _ in range(9):
        log_in("alice", "wrong")
    assert log_in("alice", address="192.0.2.2")[0] == "alice"


def test_what_counts_no_more_is_put_away(alice):
    log_in("alice", "wrong")
    apply_retention()
    assert Tries.objects.count() == 5
    later(minutes=16)
    apply_retention()
    assert Tries.objects.count() == 3  # that she has given her phone counts for a day, what the log was told an hour


def test_what_was_tried_is_not_kept_in_the_clear(alice):
    log_in("my secret password", "wrong")
    assert not Tries.objects.filter(key__contains="secret").exists()


# Tries


def test_a_try_takes_the_same_statements_whether_one_is_left_or_not(django_assert_num_queries):
    for expected in [True] * 5 + [False] * 2:
        with django_assert_num_queries(1):
            assert throttle.hit(throttle.PASSWORD, "alice") is expected


def test_a_try_that_was_right_is_given_back_once(db):
    for _ in range(5):
        throttle.hit(throttle.PASSWORD, "alice")
    throttle.undo_hit(throttle.PASSWORD, "alice")
    throttle.undo_hit(throttle.PASSWORD, "nobody")
    assert (throttle.hit(throttle.PASSWORD, "alice"), throttle.hit(throttle.PASSWORD, "alice")) == (True, False)


def test_the_last_try_shuts_for_the_whole_time_again(db):
    for _ in range(4):
        throttle.hit(throttle.SECOND_FACTOR, "alice")
    later(minutes=10)
    assert throttle.hit(throttle.SECOND_FACTOR, "alice")
    later(minutes=14)
    assert not throttle.hit(throttle.SECOND_FACTOR, "alice")
    assert Tries.objects.get().until > timezone.now()


def test_limits_of_different_things_do_not_meet(db):
    for _ in range(5):
        throttle.hit(throttle.PASSWORD, "1")
    assert throttle.hit(throttle.SECOND_FACTOR, "1")


# Addresses


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "garbage", "192.0.2.1"),
        (1, "unknown, 203.0.113.9 ", "203.0.113.9"),
        (1, "203.0.113.9, unknown", "192.0.2.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "[::ffff:203.0.113.9]:443", "203.0.113.9"),
        (1, "fe80::1%eth0", "fe80::/64"),
        (1, "::1", "::/64"),
        (1, "203.0.113.9:", "192.0.2.1"),
        (1, "203.0.113.999", "192.0.2.1"),
        (1, "\u0662\u0660\u0663.0.113.9", "192.0.2.1"),
    ],
)
def test_an_address_is_what_our_own_proxies_say(proxies, forwarded, expected):
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"x-forwarded-for": forwarded})
    with override_settings(PROXIES=proxies):
        assert visitor_address(request.META) == expected


def test_a_proxy_that_nobody_has_counted_is_told_of_once(db, client, settings, caplog):
    visitors.tell_of_proxies.cache_clear()
    settings.PROXIES = 1
    client.get("/healthz", headers={"x-forwarded-for": "203.0.113.9"})
    settings.PROXIES = 0
    client.get("/healthz")
    assert caplog.records == []
    for _ in range(2):
        client.get("/healthz", headers={"x-forwarded-for": "203.0.113.9"})
    (told,) = caplog.records
    assert (told.name, "set PROXIES=1" in told.getMessage()) == ("cards.visitors", True)


# Phones


@pytest.mark.parametrize("typed", ["12345678901", "1380001000", "138000100011", "1380001000a", "", "+1 138 0001 0001"])
def test_what_is_no_mobile_number_is_refused(typed):
    with pytest.raises(BadInput) as refused:
        phone(typed)
    assert refused.value.field == "phone"


def test_a_phone_belongs_to_one_person(alice):
    bob = member(username="bob")
    with pytest.raises(BadInput) as refused:
        change_account(bob, name="Bob", email="", phone=PHONE)
    bob.refresh_from_db()
    assert (refused.value.field, bob.first_name, log_in(PHONE)[0]) == ("phone", "", "alice")
    change_account(alice, name="", email="", phone="")
    change_account(bob, name="Bob", email="", phone=PHONE)
    assert log_in(PHONE)[0] == "bob"


def test_nobody_is_called_by_anothers_phone(alice):
    with pytest.raises(BadInput) as refused:
        make_person(username="13900000000", password="x")
    assert refused.value.field == "username"
    old = member(username="13900000000")  # made in the admin, where staff answer for it
    change_account(alice, name="", email="", phone="13900000000")
    assert user_name_of("13900000000") == old.get_username()


def test_the_door_knows_one_backend():
    assert settings.AUTHENTICATION_BACKENDS == ["cards.backends.NameOrPhone"]


# The account


def account(client, **typed):
    data = {"name": "Alice Li", "phone": PHONE, "email": "a@example.cn", "current_password": "demo"} | typed
    return client.post("/account/", data, headers={"accept-language": "en"})


def test_somebody_says_who_they_are_with_their_password(alice):
    client = Client()
    log_in("alice", client=client)
    assert account(client).headers["Location"] == "/account/"
    alice.refresh_from_db()
    assert (alice.first_name, alice.email, alice.person.phone) == ("Alice Li", "a@example.cn", PHONE)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"current_password": "wrong"}, "Wrong password."),
        ({"current_password": ""}, "This field is required."),
        ({"phone": "123"}, "A mobile number has 11 digits"),
        ({"email": "nowhere"}, "Enter a valid email address."),
    ],
)
def test_what_is_wrong_in_an_account_is_said_and_nothing_changes(alice, typed, sentence):
    client = Client()
    log_in("alice", client=client)
    page = account(client, **typed)
    alice.refresh_from_db()
    assert (page.status_code, alice.first_name, sentence in page.text) == (422, "", True)


def test_a_session_that_lies_about_open_does_not_guess_the_password(alice):
    client = Client()
    log_in("alice", client=client)
    for _ in range(5):
        account(client, current_password="wrong")
    assert account(client).status_code == 422


def test_neither_does_it_at_the_page_of_the_password(alice):
    client = Client()
    log_in("alice", client=client)
    new = {"new_password1": "n0t-so-common", "new_password2": "n0t-so-common"}
    for _ in range(5):
        client.post("/account/password/", new | {"old_password": "wrong"})
    client.post("/account/password/", new | {"old_password": "demo"})
    alice.refresh_from_db()
    assert alice.check_password("demo")
    later(minutes=16)
    client.post("/account/password/", new | {"old_password": "demo"})
    alice.refresh_from_db()
    assert alice.check_password("n0t-so-common")


def test_nobody_asks_for_all_the_phones_there_are(alice):
    client = Client()
    log_in("alice", client=client)
    taken = [account(client, phone=f"139000000{number:02}").status_code for number in range(10)]
    assert taken == [302] * 9 + [422]  # the first was the fixture's
    assert account(client, phone="13900000008").status_code == 302, "what stands stays"
