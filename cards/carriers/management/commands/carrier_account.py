from cards.actions.accounts_elsewhere import secrets_of
from cards.carriers.actions.account_saving import save_account
from cards.carriers.actions.accounts import account_named, what_is_told
from cards.carriers.choices import Can, told_words
from cards.carriers.models import CarrierAccount
from cards.carriers.protocols import PROTOCOLS, settings_of
from cards.choices import Carrier
from cards.errors import BadInput
from cards.management.base import PortalCommand
from cards.management.told import name_and_secret, name_and_value
from cards.permissions import Actor
from cards.phrases import pair


class Command(PortalCommand):
    help = "Makes or changes an account at a carrier, and shows it without its secrets. A new account is on."

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--carrier", default="", help=", ".join(Carrier.values))
        parser.add_argument("--protocol", default="", help=", ".join(PROTOCOLS))
        parser.add_argument(
            "--base-url", metavar="URL", default="", help="scheme, host and port: https://api.example.cn"
        )
        pairs = {"metavar": "name=value", "nargs": "+", "action": "extend", "default": []}
        parser.add_argument("--set", **pairs, dest="values", help="fields and settings; nothing behind = takes it away")
        parser.add_argument("--secret", **pairs, dest="secrets", help="name=- reads the next line of standard input")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--on", action="store_true", default=None, dest="is_on")
        switch.add_argument("--off", action="store_false", default=None, dest="is_on", help="nothing is sent any more")

    def carry_out(self, name, carrier, protocol, base_url, values, secrets, is_on, json, **options):
        told = {"carrier": carrier, "protocol": protocol, "base_url": base_url, "is_on": is_on}
        told |= {"values": dict(map(name_and_value, values)), "secrets": dict(map(name_and_secret, secrets))}
        if any(value not in ("", {}, None) for value in told.values()) or not _is_known(name):
            _save(name, told)
        document = account_document(account_named(name))
        if json:
            self.give(document)
        else:
            for fact, value in document.items():
                self.stdout.write(pair(fact, value))


def account_document(account):
    """The account as `--json` has it."""
    facts = what_is_told(account)
    return {
        "name": account.name,
        "carrier": account.carrier,
        "protocol": account.protocol,
        "is_on": account.is_on,
        "base_url": account.base_url,
        "fields": account.fields,
        "settings": {name: facts[name] for name in settings_of(PROTOCOLS[account.protocol])},
        "secrets": secrets_of(account),
        "push_path": f"/carriers/{account.push_key}/" if Can.PUSH in PROTOCOLS[account.protocol].CAN else None,
        "broken_since": account.broken_since and account.broken_since.astimezone().isoformat(),
        "broken_why": told_words(account.broken_why) or None,
    }


def _save(name, told):
    try:
        save_account(name, by=Actor.shell(), **told)
    except BadInput as bad:  # each sentence names what it is about
        raise BadInput("", bad.sentence) from None


def _is_known(name):
    return CarrierAccount.objects.filter(name=name).exists()
