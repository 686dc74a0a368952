from pathlib import Path

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.actions.provider_saving import (
    account_protocols,
    provider_account_named,
    save_provider_account,
)
from billing.actions.providers import notify_url
from billing.models import ProviderAccount
from billing.payments import PROVIDERS
from cards.actions.accounts_elsewhere import secrets_of
from cards.errors import BadInput
from cards.management.base import PortalCommand
from cards.management.told import name_and_secret, name_and_value
from cards.permissions import Actor
from cards.phrases import pair

KEY_FILE_UP_TO = 20_000  # characters


class Command(PortalCommand):
    help = "Makes or changes an account at a payment provider, and shows it without its secrets. A new account is on."
    paths = ("files",)

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="1 to 16 small letters, digits and hyphens")
        parser.add_argument("--protocol", default="", help=", ".join(account_protocols()))
        parser.add_argument("--base-url", metavar="URL", help="scheme, host and port; empty = where the provider is")
        parser.add_argument("--rank", type=int, metavar="N", help="payers see the account with the lowest one first")
        pairs = {"metavar": "name=value", "nargs": "+", "action": "extend", "default": []}
        parser.add_argument("--set", **pairs, dest="values", help="fields; nothing behind = takes it away")
        parser.add_argument("--secret", **pairs, dest="secrets", help="name=- reads the next line of standard input")
        told = "a field or a secret of several lines out of a file"
        parser.add_argument("--file", **pairs | {"metavar": "name=PATH"}, dest="files", help=told)
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--on", action="store_true", default=None, dest="is_on")
        switch.add_argument(
            "--off", action="store_false", default=None, dest="is_on", help="nobody pays through it any more"
        )

    def carry_out(self, name, protocol, base_url, rank, values, secrets, files, is_on, json, **options):
        told = {"protocol": protocol, "base_url": base_url, "rank": rank, "is_on": is_on}
        told |= {"values": dict(map(name_and_value, values)), "secrets": dict(map(name_and_secret, secrets))}
        for field, text in map(_of_file, files):
            told["secrets" if field in _secret_names(name, protocol) else "values"][field] = text
        if any(value not in ("", {}, None) for value in told.values()) or base_url == "" or not _is_known(name):
            _save(name, told)
        document = payment_account_document(provider_account_named(name))
        if json:
            self.give(document)
        else:
            for fact, value in document.items():
                self.stdout.write(pair(fact, value))


def payment_account_document(account):
    """The account as `--json` has it."""
    return {
        "name": account.name,
        "protocol": account.protocol,
        "is_on": account.is_on,
        "base_url": account.base_url or PROVIDERS[account.protocol].base_url,
        "rank": account.rank,
        "fields": account.fields,
        "secrets": secrets_of(account),
        "notify_path": reverse("pay:notify", args=[account.name]),
        "notify_url": notify_url(account.name) or None,
        "tried_at": account.tried_at and account.tried_at.astimezone().isoformat(),
    }


def _save(name, told):
    try:
        save_provider_account(name, by=Actor.shell(), **told)
    except BadInput as bad:  # each sentence names what it is about
        raise BadInput("", bad.sentence) from None


def _is_known(name):
    return ProviderAccount.objects.filter(name=name).exists()


def _secret_names(name, protocol):
    known = ProviderAccount.objects.filter(name=name).values_list("protocol", flat=True).first()
    provider = account_protocols().get(known or protocol)
    return {field.name for field in provider.fields if field.is_secret} if provider else set()


def _of_file(told):
    """The field and the text of a file; the complaint names the file, and nothing of what is in it."""
    field, path = name_and_value(told)
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(KEY_FILE_UP_TO + 1)
    except OSError as error:
        raise BadInput("", _("{file} cannot be read: {reason}.").format(file=path, reason=error.strerror)) from None
    except ValueError:
        text = ""
    if not 0 < len(text) <= KEY_FILE_UP_TO:
        raise BadInput("", _("{file} is no file with keys.").format(file=path))
    return field, text
