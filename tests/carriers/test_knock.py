"""The door at which carriers tell that something has happened: what they name is looked at, and no more."""

import logging
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.test import Client, override_settings
from django.utils import timezone
from django.utils.translation import override

from cards.carriers.actions.account_saving import save_account
from cards.carriers.actions.knocking import KNOCKS_OF_ACCOUNT, MOST_BYTES_OF_A_KNOCK
from cards.carriers.models import Line
from cards.errors import BadInput
from tests.build import SHELL, card_in_use

pytestmark = pytest.mark.django_db

SECRET, KEY = "d3m0-secret-of-signatures", "abc123xyz"
PUSH = "<NotifyContractRoot><TYPE>1</TYPE><ACCNBR>{}</ACCNBR><ACCEPTTYPE>8</ACCEPTTYPE></NotifyContractRoot>"
HEARD = (
    "<ContractRoot><SUCCESS>true</SUCCESS><NOTIFY_CODE>000000</NOTIFY_CODE><RESULTMSG>调用成功</RESULTMSG>"
    "</ContractRoot>"
)


def ctwing(name="telecom", **values):
    return save_account(
        name,
        by=SHELL,
        protocol="ctwing",
        base_url="https://api.example.cn",
        values={"app_key": "demo", "cust_number": "C1", **values},
        secrets={"secret": SECRET},
    )


def line(account, msisdn):
    """A card of this account that nobody wants to look at before tomorrow."""
    card = card_in_use(carrier="ctcc", msisdn=msisdn)
    tomorrow = timezone.now() + timedelta(days=1)
    return Line.objects.update_or_create(card=card, defaults={"account": account, "ask_at": tomorrow})[0]


def is_asked_soon(line):
    return Line.objects.get(pk=line.pk).ask_at <= timezone.now()


def knock(account, body, **request):
    client = Client(enforce_csrf_checks=True)
    key = account if isinstance(account, str) else account.push_key
    return client.post(f"/carriers/{key}/", body.encode(), content_type="text/xml", **request)


def test_an_account_whose_protocol_is_not_spoken_here_has_no_door():
    account = ctwing()
    type(account).objects.update(protocol="gone")
    assert knock(account, PUSH.format("1491000000001")).status_code == 404


def test_the_cards_that_a_carrier_names_are_looked_at_soon():
    account = ctwing()
    named, other = line(account, "1491000000001"), line(account, "1491000000002")
    heard = knock(account, PUSH.format("1491000000001"))
    assert (heard.status_code, heard.headers["Content-Type"], heard.text) == (200, "text/xml; charset=utf-8", HEARD)
    assert (is_asked_soon(named), is_asked_soon(other)) == (True, False)
    assert knock(account, PUSH.format("1491000000001")).status_code == 200  # it comes twice
    assert knock(account, PUSH.format("1499999999999")).status_code == 200  # of a card that we do not have


def test_a_card_of_another_account_is_none_of_theirs():
    account, other = ctwing(), ctwing("another")
    theirs = line(other, "1491000000001")
    assert knock(account, PUSH.format("1491000000001")).status_code == 200
    assert not is_asked_soon(theirs)


@pytest.mark.parametrize("key", ["A" * 43, "x", "telecom", "é"])
def test_who_knows_no_address_finds_no_door(key):
    ctwing()
    assert knock(key, PUSH.format("1491000000001")).status_code == 404


def test_an_account_that_is_off_or_hears_no_pushes_has_no_door():
    account = ctwing()
    save_account("telecom", by=SHELL, is_on=False)
    mobile = save_account(
        "mobile",
        by=SHELL,
        protocol="onelink5",
        base_url="https://api.example.cn",
        values={"appid": "demo"},
        secrets={"password": SECRET},
    )
    assert [knock(each, PUSH.format("1491000000001")).status_code for each in (account, mobile)] == [404, 404]


def test_nobody_looks_in():
    assert Client().get(f"/carriers/{ctwing().push_key}/").status_code == 405


@pytest.mark.parametrize("body", ["", "no XML", "<Other/>", "<!DOCTYPE x>" + PUSH.format("1491000000001"), "{}"])
def test_what_cannot_be_read_changes_nothing_and_stands_in_no_log(body, caplog):
    account = ctwing()
    named = line(account, "1491000000001")
    with caplog.at_level(logging.DEBUG):
        heard = knock(account, body)
    assert (heard.status_code, heard.text) == (400, "unreadable\n")
    assert not is_asked_soon(named)
    assert not body or body not in caplog.text


def test_more_than_a_knock_is_not_read():
    account = ctwing()
    named = line(account, "1491000000001")
    heard = knock(account, PUSH.format("1491000000001") + " " * MOST_BYTES_OF_A_KNOCK)
    assert (heard.status_code, heard.text, is_asked_soon(named)) == (413, "too large\n", False)


def test_a_carrier_is_put_off_while_no_key_opens_the_account():
    account = ctwing()
    named = line(account, "1491000000001")
    with override_settings(CARRIER_KEY=[Fernet.generate_key().decode()]):
        heard = knock(account, PUSH.format("1491000000001"))
    assert (heard.status_code, heard.text, is_asked_soon(named)) == (503, "not now\n", False)


def test_an_account_hears_so_many_knocks_a_minute(monkeypatch):
    account, other = ctwing(), ctwing("another")
    few = KNOCKS_OF_ACCOUNT._replace(most=2)
    monkeypatch.setattr("cards.carriers.views.knock.KNOCKS_OF_ACCOUNT", few)
    codes = [knock(account, PUSH.format("1491000000001")).status_code for _ in range(3)]
    assert (codes, knock(other, PUSH.format("1491000000001")).status_code) == ([200, 200, 429], 200)


@pytest.mark.parametrize(
    ("listed", "address", "status"),
    [
        ("", "192.0.2.1", 200),
        ("192.0.2.1", "192.0.2.1", 200),
        ("198.51.100.7, 192.0.2.0/24,", "192.0.2.9", 200),
        ("2001:db8::1", "2001:db8::2", 200),
        ("192.0.2.1", "192.0.2.2", 404),
        ("2001:db8::1", "192.0.2.1", 404),
        ("192.0.2.1", "", 404),
    ],
)
def test_an_account_may_say_from_where_its_carrier_knocks(listed, address, status):
    account = ctwing(push_from=listed)
    assert knock(account, PUSH.format("1491000000001"), REMOTE_ADDR=address).status_code == status


@override("en")
def test_what_is_no_address_is_refused_when_the_account_is_made():
    with pytest.raises(BadInput) as refused:
        ctwing(push_from="192.0.2.300")
    sentence = "push_from is a list of addresses such as 192.0.2.1 or 192.0.2.0/24, with commas between them."
    assert refused.value.sentence == sentence
