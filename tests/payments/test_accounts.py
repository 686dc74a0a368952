"""Accounts at payment providers: what is taken and what is refused, letter for letter as scripts rely on it."""

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings
from django.utils import timezone

from billing.actions.provider_saving import save_provider_account
from billing.actions.providers import provider_names
from billing.models import ProviderAccount
from billing.payments import PROVIDERS
from cards.carriers.models import CarrierAccount
from cards.ciphers import deciphered, enciphered
from cards.errors import BadInput
from cards.models import AuditEntry
from simportal.checks import accounts_can_be_opened, somebody_takes_payments
from tests.billing import build as b
from tests.carriers.rows import an_account
from tests.commands.calls import result, run
from tests.payments.paper import Paper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("paper")]

SEAL = "not-to-be-seen-anywhere"
MADE = ("--protocol", "paper", "--set", "shop=7", "their_key=abc")
TOLD = ("--secret", f"seal={SEAL}")


def account(name="main", *more):
    return result("payment_account", name, *MADE, *TOLD, *more)


def test_a_new_account_is_on_and_shows_no_secret(settings):
    assert account("main", "--set", "corner=2") == {
        "name": "main",
        "protocol": "paper",
        "is_on": True,
        "base_url": "https://api.paper.example",
        "rank": 0,
        "fields": {"shop": "7", "their_key": "abc", "corner": "2"},
        "secrets": ["seal"],
        "notify_path": "/pay/main/notify/",
        "notify_url": f"{settings.PORTAL_URL}/pay/main/notify/",
        "tried_at": None,
    }
    assert SEAL not in f"{ProviderAccount.objects.get().secrets} {run('payment_account', 'main').out}"


def test_it_is_changed_by_what_is_told_and_stays_as_it_was_otherwise():
    first = account()
    ProviderAccount.objects.update(tried_at=timezone.now())
    changed = result("payment_account", "main", "--set", "corner=5", "--rank", "3", "--off")
    assert changed == first | {"fields": {"shop": "7", "their_key": "abc", "corner": "5"}, "rank": 3, "is_on": False}
    assert result("payment_account", "main", "--set", "corner=", "--rank", "0", "--on") == first
    assert result("payment_account", "main") == first
    changed = result("payment_account", "main", "--base-url", "https://Sandbox.paper.example/")
    assert changed == first | {"base_url": "https://sandbox.paper.example"}
    assert result("payment_account", "main", "--base-url", "") == first


@pytest.mark.parametrize("name", ["oauth_base_url", "oauth_page_url"])
@pytest.mark.parametrize(
    "text", ["http://api.example.cn", "https://api.example.cn/path", "https://u:p@example.cn", "x"]
)
def test_where_payers_and_secrets_are_sent_is_an_address_over_tls(name, text):
    told = {"by": b.financier(), "protocol": "wechat", "is_on": False}
    with pytest.raises(BadInput) as bad:
        save_provider_account("wx", values={name: text}, **told)
    assert (bad.value.field, ProviderAccount.objects.exists()) == (name, False)
    account = save_provider_account("wx", values={name: "https://API.example.cn/"}, **told)
    assert account.fields == {name: "https://api.example.cn"}
    assert save_provider_account("wx", by=told["by"], values={name: ""}).fields == {}


@pytest.mark.parametrize(
    ("told", "still_counts"),
    [
        (("--off",), True),
        (("--rank", "5"), True),
        (("--set", "shop=7"), True),
        (("--secret", f"seal={SEAL}"), True),
        (("--set", "shop=8"), False),
        (("--secret", "seal=another-seal"), False),
        (("--base-url", "https://sandbox.paper.example"), False),
    ],
)
def test_a_trial_counts_until_the_account_is_reached_in_another_way(told, still_counts):
    account()
    ProviderAccount.objects.update(tried_at=timezone.now())
    assert (result("payment_account", "main", *told)["tried_at"] is not None) == still_counts


def test_one_that_is_off_may_be_incomplete_and_no_other():
    begun = result("payment_account", "main", "--protocol", "paper", "--off")
    assert (begun["is_on"], begun["fields"], begun["secrets"]) == (False, {}, [])
    ended = run("payment_account", "main", "--on")
    assert (ended.code, ended.err) == (2, "An account that is on needs these too: shop, their_key, seal.\n")
    assert result("payment_account", "main", *MADE[2:], *TOLD, "--on")["is_on"] is True


def test_keys_of_several_lines_come_out_of_files(tmp_path):
    theirs, ours = tmp_path / "theirs.pem", tmp_path / "ours.pem"
    theirs.write_bytes(b"-----BEGIN-----\r\nabc=\r\n-----END-----\r\n")
    ours.write_text("one\ntwo\n")
    told = result("payment_account", "main", *MADE[:4], *TOLD, "--file", f"their_key={theirs}", f"our_key={ours}")
    assert (told["fields"]["their_key"], told["secrets"]) == (
        "-----BEGIN-----\nabc=\n-----END-----",
        ["our_key", "seal"],
    )
    assert deciphered(ProviderAccount.objects.get().secrets) == {"our_key": "one\ntwo", "seal": SEAL}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff", "is no file with keys."),
        (b"", "is no file with keys."),
    ],
)
def test_a_file_that_is_none_is_said_and_nothing_is_made(tmp_path, content, said):
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
    ended = run("payment_account", "main", *MADE, *TOLD, "--file", f"our_key={path}")
    assert (ended.code, ended.err, ProviderAccount.objects.count()) == (2, f"{path} {said}\n", 0)


def test_a_secret_may_come_from_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{SEAL}\n")
    assert result("payment_account", "main", *MADE, "--secret", "seal=-")["is_on"] is True


def test_who_changed_what_is_recorded_without_secrets():
    account("main", "--set", "corner=2")
    result("payment_account", "main", "--set", "shop=8", "corner=", "--secret", "seal=another-seal")
    result("payment_account", "main")
    entries = AuditEntry.objects.filter(about="main").order_by("pk")
    assert [entry.action for entry in entries] == ["added", "changed"]
    kind = {"kind": "billing.provideraccount", "key": ProviderAccount.objects.get().pk}
    assert entries[1].details == kind | {
        "before": {"shop": "7", "corner": "2"},
        "after": {"shop": "8", "corner": None, "secrets": "***"},
    }
    assert "seal" not in str([entry.details for entry in entries])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("main",), "There is no account main; to make it, say its provider."),
        (("main", "--protocol", "cheque"), "There is no provider cheque; there are: "),
        (("main", "--protocol", "local"), "There is no provider local; there are: "),
        (("local", *MADE, *TOLD), "A name has 1 to 16 small letters, digits and hyphens, and is not “local”."),
        (("Main", *MADE, *TOLD), "A name has 1 to 16 small letters"),
        (("a" * 17, *MADE, *TOLD), "A name has 1 to 16 small letters"),
        (("a/b", *MADE, *TOLD), "A name has 1 to 16 small letters"),
        (("", *MADE, *TOLD), "A name has 1 to 16 small letters"),
        (("main", *MADE), "An account that is on needs these too: seal."),
        (("main", *MADE, "--secret", "seal=short"), "A seal has eight letters or more."),
        (("main", *MADE, "--secret", "seal=short", "--off"), "A seal has eight letters or more."),
        (("main", *MADE, *TOLD, "--base-url", "https://api.paper.example/v3"), "An address is a scheme, a host"),
        (("main", *MADE, *TOLD, "--base-url", "http://api.paper.example"), "This protocol is spoken over https, or"),
        (("main", *MADE, *TOLD, "--set", "colour=red"), "This provider has no field colour; it has: shop, corner, "),
        (("main", *MADE, "--set", f"seal={SEAL}"), "seal is a secret: give it as one."),
        (("main", *MADE, "--secret", f"shop={SEAL}"), "This provider has no secret shop; it has: seal, our_key."),
        (("main", *MADE, "--secret", SEAL), "Write fields, settings and secrets as name=value."),
        (("main", *MADE, *TOLD, "--rank", "100"), "The position among the providers is a number from 0 to 99."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, said):
    ended = run("payment_account", *arguments)
    assert (ended.code, ended.out, ProviderAccount.objects.count()) == (2, "", 0)
    assert ended.err.startswith(said)
    assert (ended.err.count("\n"), SEAL in ended.err) == (1, False)


def test_it_stays_with_its_provider(monkeypatch):
    account()
    monkeypatch.setitem(PROVIDERS, "stone", Paper())
    ended = run("payment_account", "main", "--protocol", "stone")
    assert (ended.code, ended.err) == (2, "The account main stays with paper: make another one.\n")


def test_a_merchant_has_one_account(monkeypatch):
    monkeypatch.setattr(Paper, "identity", ("shop",))
    account()
    ended = run("payment_account", "again", *MADE, *TOLD)
    assert (ended.code, ended.err) == (
        2,
        "The account main is of the same merchant and application: change that one.\n",
    )
    assert account("other", "--set", "shop=8")["fields"]["shop"] == "8"
    assert account("main", "--set", "corner=2")["fields"]["corner"] == "2"


def test_payers_see_them_in_their_order(settings):
    account("b"), account("a"), account("c", "--off")
    assert provider_names() == ["b", "a", "local"]
    result("payment_account", "b", "--rank", "7")
    assert provider_names() == ["a", "b", "local"]
    settings.LOCAL_PAYMENTS = False
    assert provider_names() == ["a", "b"]
    result("payment_account", "a", "--off"), result("payment_account", "b", "--off")
    assert provider_names() == []


# the key under which secrets lie


def test_keys_are_changed_for_carriers_and_providers_together():
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with override_settings(CARRIER_KEY=[old]):
        account()
        carrier = an_account()
        CarrierAccount.objects.update(secrets=enciphered({"password": "x"}), token="under the old key")
        assert [key["accounts"] for key in result("secret_keys")["carrier_keys"]] == [2]
    with override_settings(CARRIER_KEY=[new, old]):
        assert [key["accounts"] for key in result("secret_keys")["carrier_keys"]] == [0, 2]
        assert [key["accounts"] for key in result("secret_keys", "--again")["carrier_keys"]] == [2, 0]
    with override_settings(CARRIER_KEY=[new]):
        assert result("payment_account", "main")["secrets"] == ["seal"]
        carrier = CarrierAccount.objects.get()
        assert (deciphered(carrier.secrets), carrier.token) == ({"password": "x"}, "")


@pytest.mark.parametrize("left", [[Fernet.generate_key().decode()], []])
def test_secrets_that_no_key_opens_are_told_and_the_account_can_be_turned_off(left):
    account()
    assert accounts_can_be_opened(None) == []
    with override_settings(CARRIER_KEY=left):
        (error,) = accounts_can_be_opened(None)
        ended, shown = run("secret_keys", "--json"), run("payment_account", "main", "--json")
        turned_off = run("payment_account", "main", "--off")
    assert (error.id, error.msg) == (
        "simportal.E012",
        "CARRIER_KEY does not open the secrets of these accounts: main.",
    )
    assert (ended.code, ended.document["not_opened"], shown.code, shown.out) == (1, ["main"], 2, "")
    assert (turned_off.code, ProviderAccount.objects.get().is_on) == (2, False)


def test_secrets_that_are_lost_are_entered_anew():
    account()
    with override_settings(CARRIER_KEY=[Fernet.generate_key().decode()]):
        told = ("--secret", "seal=another-seal", "our_key=")
        assert result("payment_account", "main", *told)["secrets"] == ["seal"]


def test_the_deployment_check_says_who_takes_payments(settings):
    settings.LOCAL_PAYMENTS, settings.PORTAL_URL = False, "https://sim.example.cn"
    assert [advice.id for advice in somebody_takes_payments(None)] == ["simportal.I013"]
    account()
    assert somebody_takes_payments(None) == []
    settings.PORTAL_URL = ""
    (warning,) = somebody_takes_payments(None)
    assert (warning.id, warning.msg) == (
        "simportal.W014",
        "PORTAL_URL is not set, so these payment accounts cannot tell the portal who has paid: main.",
    )
    assert result("payment_account", "main")["notify_url"] is None
