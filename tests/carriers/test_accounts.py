"""Accounts at carriers: what is taken and what is refused, letter for letter as scripts rely on it."""

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils.translation import override

from cards.carriers.actions import hearing
from cards.carriers.actions.accounts import account_for
from cards.carriers.models import AccountRule, CarrierAccount, Line
from cards.models import AuditEntry
from cards.pages.audit_lines import audit_line
from simportal.checks import accounts_can_be_opened
from tests.build import open_card
from tests.commands.calls import result, run

pytestmark = pytest.mark.django_db

SECRET = "not-to-be-seen-anywhere"
MADE = ("--carrier", "cmcc", "--protocol", "onelink5", "--base-url", "https://api.example.cn")
TOLD = ("--set", "appid=demoApp01", "--secret", f"password={SECRET}")


def account(name="main", *more):
    return result("carrier_account", name, *MADE, *TOLD, *more)


def test_a_new_account_is_on_and_shows_no_secret():
    document = account("main", "--set", "qps=3", "slots=4", "settle_s=0.5", "stop_by=data")
    settings = document.pop("settings")
    assert document == {
        "name": "main",
        "carrier": "cmcc",
        "protocol": "onelink5",
        "is_on": True,
        "base_url": "https://api.example.cn",
        "fields": {"appid": "demoApp01"},
        "secrets": ["password"],
        "push_path": None,
        "broken_since": None,
        "broken_why": None,
    }
    told = {name: settings[name] for name in ("qps", "slots", "settle_s", "stop_by", "window")}
    assert told == {"qps": 3, "slots": 4, "settle_s": 0.5, "stop_by": "data", "window": "on"}
    kept = CarrierAccount.objects.get()
    assert SECRET not in f"{kept.secrets} {run('carrier_account', 'main').out}"
    assert [slot.number for slot in kept.slots.order_by("number")] == [1, 2, 3, 4]


def test_it_is_changed_by_what_is_told_and_stays_as_it_was_otherwise():
    account()
    CarrierAccount.objects.update(token="old", faults=3)
    changed = result("carrier_account", "main", "--set", "slots=1", "qps=", "--off")
    assert (changed["is_on"], changed["settings"]["slots"], changed["fields"]) == (False, 1, {"appid": "demoApp01"})
    assert (CarrierAccount.objects.get().token, CarrierAccount.objects.get().slots.count()) == ("old", 1)
    result("carrier_account", "main", "--secret", "password=another", "--on")
    kept = CarrierAccount.objects.get()
    assert (kept.is_on, kept.token, kept.faults) == (True, "", 0)
    assert result("carrier_account", "main") == changed | {"is_on": True}


def test_the_first_cards_come_to_a_new_account_at_once_and_the_workers_bring_the_others(monkeypatch):
    monkeypatch.setattr(hearing, "_CARDS_AT_ONCE", 2)
    cards = [open_card() for _ in range(5)]
    assert hearing.hear() == 5  # and no account is there
    account()
    told = list(Line.objects.order_by("card").values_list("card", "wanted_service"))
    assert told == [(card.pk, "silent") for card in cards[:2]]
    assert (CarrierAccount.objects.get().bring_after, hearing.hear()) == (cards[1].pk, 3)
    assert list(Line.objects.order_by("card").values_list("card", flat=True)) == [card.pk for card in cards]
    assert (CarrierAccount.objects.get().bring_after, hearing.hear()) == (None, 0)


def test_a_slot_too_many_stays_until_its_worker_is_done():
    account("main", "--set", "slots=3")
    kept = CarrierAccount.objects.get()
    kept.slots.filter(number=2).update(owner="a.1.1.1")
    result("carrier_account", "main", "--set", "slots=1")
    assert [slot.number for slot in kept.slots.order_by("number")] == [1, 2]
    kept.slots.update(owner="")
    result("carrier_account", "main", "--set", "qps=3")
    assert [slot.number for slot in kept.slots.all()] == [1]


def test_who_changed_what_is_recorded_without_secrets():
    account()
    result("carrier_account", "main", "--set", "qps=2", "stop_by=data", "--secret", "password=another")
    result("carrier_account", "main")
    entries = AuditEntry.objects.filter(about="main").order_by("pk")
    assert [entry.action for entry in entries] == ["added", "changed"]
    assert entries[1].details["before"] == {"qps": 5, "stop_by": "number"}
    assert entries[1].details["after"] == {"qps": 2, "stop_by": "data", "secrets": "***"}
    with override("en"):
        assert audit_line(entries[1]).facts == [
            "calls a second at most: 5 → 2",
            "how a card without allowance is stopped: the whole number → only its data",
            "secrets: — → ***",
        ]
    assert SECRET not in str([entry.details for entry in entries])


def test_a_secret_may_come_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{SECRET}\n")
    result("carrier_account", "main", *MADE, "--set", "appid=demoApp01", "--secret", "password=-")
    assert CarrierAccount.objects.get().is_on


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "There is no account main; to make it, say its carrier, protocol and address."),
        (("--protocol", "onelink9"), "There is no protocol onelink9; there are: "),
        ((*MADE[2:], "--carrier", "cucc", *TOLD), "onelink5 is a protocol of China Mobile."),
        ((*MADE[2:], "--carrier", "nobody", *TOLD), "There is no carrier nobody; there are: cmcc, cucc, ctcc, cbn."),
        (MADE, "An account that is on needs these too: appid, password."),
        ((*MADE[:4], *TOLD), "An account that is on needs these too: base_url."),
        (
            (*MADE, *TOLD, "--base-url", "https://api.example.cn/v5"),
            "An address is a scheme, a host",
        ),
        ((*MADE, *TOLD, "--base-url", "https://me:pw@api.example.cn"), "An address is a scheme, a host"),
        ((*MADE, *TOLD, "--base-url", "https://api.example.cn:0"), "An address is a scheme, a host"),
        ((*MADE, *TOLD, "--base-url", "http://api.example.cn"), "This protocol is spoken over https, or http to this"),
        ((*MADE, *TOLD, "--set", "colour=red"), "This protocol has no field or setting colour; it has: appid, "),
        ((*MADE, *TOLD, "--set", "password=1"), "password is a secret: give it as one."),
        ((*MADE, *TOLD, "--secret", "appid=1"), "This protocol has no secret appid; it has: password."),
        ((*MADE, *TOLD, "--set", "slots=1.5"), "slots is a whole number from 1 to 50, not “1.5”."),
        ((*MADE, *TOLD, "--set", "qps=nan"), "qps is a number from 0.1 to 1000, not “nan”."),
        ((*MADE, *TOLD, "--set", "clock=gmt"), "clock is one of these: cst, utc; not “gmt”."),
        ((*MADE, "--secret", SECRET), "Write fields, settings and secrets as name=value."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, said):
    ended = run("carrier_account", "main", *arguments)
    assert (ended.code, ended.out, CarrierAccount.objects.count()) == (2, "", 0)
    assert ended.err.startswith(said)
    assert (ended.err.count("\n"), SECRET in ended.err) == (1, False)


def test_it_stays_with_its_carrier_and_protocol():
    account()
    ended = run("carrier_account", "main", "--carrier", "cucc")
    assert (ended.code, ended.err) == (
        2,
        "The account main stays with China Mobile and onelink5: make another one, and assign its cards.\n",
    )


def test_http_leads_to_this_machine_alone_and_an_incomplete_account_may_wait():
    for address in ("http://127.0.0.1:8099", "http://localhost:8099/", "http://[::1]:8099"):
        assert account("main", "--base-url", address)["base_url"] == address.removesuffix("/")
    assert result("carrier_account", "later", *MADE, "--off")["is_on"] is False


def keys(count):
    return [Fernet.generate_key().decode() for _key in range(count)]


def test_keys_are_changed_one_after_the_other():
    old, new = keys(2)
    with override_settings(CARRIER_KEY=[old]):
        account()
        assert result("secret_keys")["carrier_keys"] == [{"key": "carrier key 1", "accounts": 1}]
    with override_settings(CARRIER_KEY=[new, old]):
        assert [key["accounts"] for key in result("secret_keys")["carrier_keys"]] == [0, 1]
        assert [key["accounts"] for key in result("secret_keys", "--again")["carrier_keys"]] == [1, 0]
    with override_settings(CARRIER_KEY=[new]):
        assert result("carrier_account", "main")["secrets"] == ["password"]


@pytest.mark.parametrize("left", [keys(1), []])
def test_secrets_that_no_key_opens_are_told_before_the_portal_starts(left):
    account()
    assert accounts_can_be_opened(None) == []
    with override_settings(CARRIER_KEY=left):
        (error,) = accounts_can_be_opened(None)
        ended = run("secret_keys", "--json")
        shown = run("carrier_account", "main", "--json")
    assert error.id == "simportal.E012"
    assert error.msg == "CARRIER_KEY does not open the secrets of these accounts: main."
    assert (ended.code, ended.document["not_opened"]) == (1, ["main"])
    assert (shown.code, shown.out) == (2, "")


def test_secrets_that_are_lost_are_entered_anew():
    account()
    with override_settings(CARRIER_KEY=keys(1)):
        assert account("main", "--secret", "password=another")["secrets"] == ["password"]


# which account a card belongs on


def chosen(*cards):
    found = account_for(cards)
    return [found[card.pk].name if card.pk in found else None for card in cards]


def test_a_card_belongs_on_its_carriers_only_account():
    mobile, unicom = open_card(), open_card(carrier="cucc")
    assert chosen(mobile, unicom) == [None, None]
    account()
    assert chosen(mobile, unicom) == ["main", None]


def test_of_several_accounts_a_rule_says_which():
    account("a"), account("b"), account("c")
    first, second = open_card(msisdn="1440000000001", customer="Acme"), open_card(msisdn="1449900000001")
    assert chosen(first, second) == [None, None]
    by_name = {each.name: each for each in CarrierAccount.objects.all()}
    AccountRule.objects.create(account=by_name["a"])
    AccountRule.objects.create(account=by_name["b"], customer=first.customer)
    assert chosen(first, second) == ["b", "a"]
    AccountRule.objects.create(account=by_name["c"], prefix="14400")
    assert chosen(first, second) == ["c", "a"]
