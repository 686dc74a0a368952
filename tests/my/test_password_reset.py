"""A forgotten password: one answer to whatever address, a link by mail from the worker, once and for an hour."""

import re
from datetime import datetime, timedelta

import pyotp
import pytest
from django.contrib.auth import get_user
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from cards.models import Tries
from cards.people import second_factor
from simportal.models import ResetAsked
from simportal.tasks import send_resets
from tests.build import member

pytestmark = pytest.mark.django_db

SET = "/account/reset/set/"
ENGLISH = {"accept-language": "en"}
OVER = "This link has already been used or has expired."
NEW = {"new_password1": "n0t-so-common", "new_password2": "n0t-so-common"}


@pytest.fixture
def alice():
    user = member(username="alice")
    user.email = "alice@example.cn"
    user.save()
    return user


def request_link(email, client=None, **extra):
    return (client or Client()).post("/account/reset/", {"email": email}, headers=ENGLISH, **extra)


def link():
    send_resets()
    return re.search(r"https?://\S+", mail.outbox[-1].body)[0]


def opened(client, url):
    """The page that a link leads to, once its script has posted what stands behind the #."""
    return client.post(SET, {"link": url}, headers=ENGLISH, follow=True)


def test_a_link_comes_by_mail_and_sets_the_password(alice, client):
    request_link("Alice@example.cn")
    assert "Paste the whole link here" in client.get(SET, headers=ENGLISH).text
    assert opened(client, link()).request["PATH_INFO"] == SET
    page = client.post(SET, NEW, follow=True)
    assert page.request["PATH_INFO"] == "/admin/login/"
    client.post("/admin/login/", {"username": "alice", "password": NEW["new_password1"]})
    assert get_user(client) == alice
    (sent,) = mail.outbox
    assert (sent.subject, sent.to, "alice" in sent.body) == ("Reset your password", ["alice@example.cn"], True)


def test_the_answer_is_the_same_for_an_address_that_nobody_has(alice, django_assert_num_queries):
    answers = []
    for email in ("alice@example.cn", "nobody@example.cn"):
        with django_assert_num_queries(3):
            page = request_link(email)
        answers.append((page.status_code, page.text.replace(str(page.context["csrf_token"]), "")))
    assert answers[0] == answers[1]
    send_resets()
    assert [sent.to for sent in mail.outbox] == [["alice@example.cn"]]


def test_a_link_leads_to_the_portal_whatever_host_is_asked_for(alice, settings):
    settings.ALLOWED_HOSTS, settings.PORTAL_URL = ["*"], "https://sim.example.cn"
    request_link("alice@example.cn", HTTP_HOST="evil.example", HTTP_X_FORWARDED_HOST="evil.example")
    assert link().startswith("https://sim.example.cn/account/reset/set/#")
    assert "evil.example" not in mail.outbox[0].body


def test_what_is_no_address_is_said(db):
    page = request_link("nowhere")
    assert (page.status_code, ResetAsked.objects.exists()) == (422, False)


def test_no_more_than_three_mails_in_a_quarter_of_an_hour_and_nobody_is_told(alice):
    answers = {
        request_link(email).text.partition("<main")[2] for email in ["alice@example.cn"] * 3 + ["ALICE@example.cn"] * 2
    }
    send_resets()
    assert (len(answers), len(mail.outbox)) == (1, 3)
    Tries.objects.update(until=timezone.now() - timedelta(seconds=1))
    request_link("alice@example.cn")
    send_resets()
    assert len(mail.outbox) == 4


def test_no_more_than_twenty_from_one_address(alice):
    for number in range(20):
        request_link(f"somebody{number}@example.cn", REMOTE_ADDR="192.0.2.1")
    request_link("alice@example.cn", REMOTE_ADDR="192.0.2.1")
    assert ResetAsked.objects.count() == 20
    request_link("alice@example.cn", REMOTE_ADDR="192.0.2.2")
    assert ResetAsked.objects.count() == 21


def test_a_link_works_once(alice, client):
    request_link("alice@example.cn")
    url = link()
    opened(client, url)
    client.post(SET, NEW)
    page = opened(client, url)
    alice.refresh_from_db()
    assert (page.status_code, OVER in page.text) == (404, True)
    assert alice.check_password(NEW["new_password1"])


def test_a_link_that_was_opened_before_somebody_else_used_it_sets_nothing(alice, client):
    request_link("alice@example.cn")
    url, other = link(), Client()
    opened(client, url), opened(other, url)
    other.post(SET, NEW)
    page = client.post(SET, dict.fromkeys(NEW, "an0ther-one"), headers=ENGLISH)
    alice.refresh_from_db()
    assert (OVER in page.text, alice.check_password(NEW["new_password1"])) == (True, True)


def test_whoever_is_shut_out_sets_no_password(alice, client):
    request_link("alice@example.cn")
    url = link()
    type(alice).objects.update(is_active=False)
    assert opened(client, url).status_code == 404


@pytest.mark.parametrize(("minutes", "works"), [(59, True), (61, False)])
def test_a_link_works_for_an_hour(alice, client, monkeypatch, minutes, works):
    request_link("alice@example.cn")
    url = link()
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: datetime.now() + timedelta(minutes=minutes))
    page = opened(client, url)
    assert ("new_password1" in page.text, OVER in page.text) == (works, not works)


def test_a_tampered_link_opens_nothing(alice, client):
    request_link("alice@example.cn")
    url = link()
    secret = url.partition("#")[2]
    key, _colon, token = secret.partition(":")
    bob = member(username="bob")
    for broken in (secret[:-1], f"{bob.pk}:{token}", f"{key}:", key, f"-{key}:{token}", f"{'9' * 5000}:x", "²:x", ""):
        page = opened(client, f"#{broken}")
        assert (broken[:9], page.status_code, OVER in page.text) == (broken[:9], 404, True)
    assert "new_password1" not in client.get(SET, headers=ENGLISH).text


def test_a_common_password_is_refused(alice, client):
    request_link("alice@example.cn")
    opened(client, link())
    page = client.post(SET, {"new_password1": "password", "new_password2": "password"})
    alice.refresh_from_db()
    assert (page.status_code, bool(page.context["form"].errors), alice.check_password("demo")) == (422, True, True)


def test_the_second_step_is_not_left_out(alice, client):
    secret = second_factor.new_secret()
    second_factor.turn_on(alice, secret, pyotp.TOTP(secret).now())
    request_link("alice@example.cn")
    opened(client, link())
    client.post(SET, NEW)
    client.post("/admin/login/", {"username": "alice", "password": NEW["new_password1"]})
    assert not get_user(client).is_authenticated


def test_nobody_gets_two_and_one_that_fails_holds_up_no_other(alice, monkeypatch):
    bob = member(username="bob")
    bob.email = "bob@example.cn"
    bob.save()
    for email in ("alice@example.cn", "bob@example.cn"):
        request_link(email)
    ResetAsked.objects.filter(email="alice@example.cn").update(language="no-such")
    send_resets()
    send_resets()
    assert ([sent.to for sent in mail.outbox][-1], ResetAsked.objects.count()) == (["bob@example.cn"], 0)


def test_without_a_mail_server_the_page_says_so_and_nothing_is_kept(alice):
    with override_settings(SENDS_MAIL=False):
        assert "sends no email" in Client().get("/account/reset/", headers=ENGLISH).text
        request_link("alice@example.cn")
        send_resets()
    assert (mail.outbox, ResetAsked.objects.count()) == ([], 0)
