"""The secret key is changed: labels, the ten-cards rule, sessions, logins and recovery codes outlive it."""

import re
from datetime import date
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth import get_user
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from pyotp import TOTP

from cards.actions.claims import claim
from cards.keys import key_id
from cards.models import Invitation, Membership, RealNameCheck, RecoveryCode
from cards.models.invitation import SIGNER
from cards.people import members, second_factor
from tests.build import attempt, do, member, open_card
from tests.commands.calls import result, run
from tests.console.pages import logged_in
from tests.my.test_claim import person, printed

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
PERSON = "110101199003071233"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OLD, NEW = "the old secret key", "the new secret key"
BEFORE = override_settings(SECRET_KEY=OLD)
AFTER = override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD])
DROPPED = override_settings(SECRET_KEY=NEW)


def sent_in():
    return do("submit_real_name", open_card(certification="individual"), DAY, name="张三", id_number=PERSON)


def refused():
    card = open_card(certification="individual")
    return attempt("submit_real_name", card, DAY, name="张三", id_number=PERSON).refused


def test_labels_are_printed_again_and_open():
    with BEFORE:
        first, second = open_card(), open_card()
        labels = printed(first), printed(second)
    with AFTER:
        assert (printed(first), printed(second)) == labels
        assert claim(first.iccid, labels[0], user=person()) == first
        later = open_card()
        assert printed(later)
    with DROPPED:
        assert (printed(second), bool(printed(later))) == ("", True)
        assert claim(second.iccid, labels[1], user=person(username="li")) == second
    with BEFORE:
        assert printed(later) == ""


def test_the_cards_of_a_person_are_counted_across_keys():
    with BEFORE:
        for _card in range(6):
            sent_in()
    with AFTER:
        for _card in range(4):
            sent_in()
        assert refused().facts == {"count": 10, "most": 10}
        assert sorted(RealNameCheck.objects.values_list("key_id", flat=True)) == sorted(
            [key_id(OLD)] * 6 + [key_id(NEW)] * 4
        )
    with DROPPED:
        assert refused() is None  # what the command says before anybody drops a key


def test_sessions_logins_and_recovery_codes_outlive_the_key():
    with BEFORE:
        user = member(username="alice")
        codes = second_factor.turn_on(user, SECRET, TOTP(SECRET).at(timezone.now()))
        client = logged_in(user)
    with AFTER:
        assert (client.get("/my/").status_code, get_user(client)) == (200, user)
        other = Client()
        other.post("/admin/login/", {"username": "alice", "password": "demo"})
        other.post("/account/code/", {"code": codes[0]})
        assert get_user(other) == user
        assert second_factor.is_right(user, codes[0]) is False  # once
        assert second_factor.is_right(user, codes[1])
    with DROPPED:
        assert second_factor.is_right(user, codes[2]) is False


def test_an_invitation_is_made_with_the_present_key_alone(monkeypatch):
    """A key of before may be known to somebody; the owner's page shows the link of the same invitation anew."""
    owner = member(username="alice")
    invitation = members.invite_member(Membership.objects.get().customer, "viewer", by=owner)
    token = invitation.token
    assert Invitation.of_token(token) == invitation
    monkeypatch.setattr(SIGNER, "key", NEW)
    assert (Invitation.of_token(token), Invitation.of_token(invitation.token)) == (None, invitation)


def test_the_command_says_what_rests_on_which_key():
    with BEFORE:
        sent_in()
        open_card()
        second_factor.turn_on(member(username="alice"), SECRET, TOTP(SECRET).at(timezone.now()))
    with AFTER:
        sent_in()
        new = {"key": "SECRET_KEY", "id": key_id(NEW), "id_checks": 1, "recovery_codes": 0, "labels": 1}
        old = {"key": "fallback 1", "id": key_id(OLD), "id_checks": 1, "recovery_codes": 10, "labels": 2}
        nothing = {"id_checks": 0, "recovery_codes": 0, "labels": 0}
        assert result("secret_keys") == {
            "keys": [new, old],
            "not_listed": nothing,
            "carrier_keys": [{"key": "carrier key 1", "accounts": 0}],
            "not_opened": [],
        }
    with DROPPED:
        ended = run("secret_keys", "--json")
        assert (ended.code, ended.document["not_listed"]) == (1, {"id_checks": 1, "recovery_codes": 10, "labels": 2})
        said = run("secret_keys").out.partition("carrier key")[0]
        assert re.findall(r"\d+", said) == ["1", "0", "1", "1", "10", "2"]
        assert (OLD in said, NEW in said) == (False, False)


def test_hashes_of_before_say_their_key_when_the_portal_is_upgraded():
    with BEFORE:
        sent_in()
        second_factor.turn_on(member(username="alice"), SECRET, TOTP(SECRET).at(timezone.now()))
        RealNameCheck.objects.update(key_id="")
        RecoveryCode.objects.update(key_id="")
        migration = import_module("cards.migrations.0048_hashes_of_before_say_their_key")
        for _time in range(2):
            migration.say_it_of_those_that_are_there(apps, SimpleNamespace(connection=connection))
        assert {*RealNameCheck.objects.values_list("key_id"), *RecoveryCode.objects.values_list("key_id")} == {
            (key_id(OLD),)
        }
