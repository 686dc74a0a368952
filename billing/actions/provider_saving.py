"""Accounts at payment providers, made and changed: what they are told is held to what their providers ask for."""

import re

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from billing.actions.providers import reach_account
from billing.models import ProviderAccount
from billing.payments import PROVIDERS
from cards.actions.accounts_elsewhere import (
    base_url_of,
    changes_between,
    keep_secrets,
    put,
    record_account,
    secrets_of,
)
from cards.errors import BadInput, Lacking
from cards.phrases import listed

LAST_RANK = 99

_NAMES = re.compile(r"[a-z0-9-]{1,16}", re.ASCII)


def save_provider_account(name, *, by, **told):
    """Make the account of this name, or change what is told of it; the account.

    It is told its `protocol`, its `base_url` (empty: where its provider is) and its `rank` among the others. `values`
    are fields by name, `secrets` the fields that are kept enciphered; an empty one is taken away. A new account is on
    unless `is_on` says otherwise. What a trial has shown counts no more once the account is reached in another way.
    Raises `BadInput`.
    """
    try:
        with transaction.atomic():
            return _saved(name, by, **told)
    except IntegrityError:  # somebody made it at this very moment
        raise BadInput("name", _("There is an account of this name already.")) from None


def provider_account_named(name):
    """The account of this name. Raises `BadInput` with those that there are."""
    account = ProviderAccount.objects.filter(name=name).first()
    if account is None:
        sentence = _("There is no account {name}; there are: {known}.")
        known = listed(ProviderAccount.objects.values_list("name", flat=True)) or _("none")
        raise BadInput("", sentence.format(name=name, known=known))
    return account


def account_protocols():
    """The providers that need an account, by the names of their protocols."""
    return {name: provider for name, provider in PROVIDERS.items() if provider.needs_account}


def lacking_of(account):
    """The fields that the provider needs and nobody has told. Raises `BadInput` where no key opens the secrets."""
    known = {*account.fields, *secrets_of(account)}
    fields = PROVIDERS[account.protocol].fields
    return [field for field in fields if not field.is_optional and field.name not in known]


def account_complaint(account):
    """What keeps the account from taking payments, in a sentence; empty where nothing does that can be seen here."""
    try:
        if lacking := lacking_of(account):
            return _("Still missing: {names}.").format(names=listed(field.label for field in lacking))
        return str(PROVIDERS[account.protocol].complaint(reach_account(account).merchant))
    except BadInput as bad:
        return str(bad.sentence)


def _saved(name, by, protocol="", base_url=None, values=None, secrets=None, is_on=None, rank=None):
    account = ProviderAccount.objects.select_for_update().filter(name=name).first()
    is_new = account is None
    if is_new:
        account = _new(name, protocol)
    before = {} if is_new else _what_is_told(account)
    _require_the_same(account, protocol)
    if base_url is not None:
        account.base_url = base_url and base_url_of(base_url)
    if rank is not None:
        account.rank = _rank(rank)
    for field, text in (values or {}).items():
        _set(account, field, _tidied(text))
    has_new_secrets = _set_secrets(account, {field: _tidied(text) for field, text in (secrets or {}).items()})
    account.is_on = is_on if is_on is not None else account.is_on or is_new
    changed = changes_between(before, _what_is_told(account))
    is_reached_otherwise = has_new_secrets or not changed["after"].keys() <= {"is_on", "rank"}
    if is_reached_otherwise:
        account.tried_at = None
    if account.is_on or is_reached_otherwise:
        _require_sense(account)
    account.save()
    record_account(account, changed, by=by, is_new=is_new, has_new_secrets=has_new_secrets)
    return account


def _new(name, protocol):
    if not _NAMES.fullmatch(name) or name in PROVIDERS.keys() - account_protocols().keys():
        sentence = _("A name has 1 to 16 small letters, digits and hyphens, and is not “local”.")
        raise BadInput("name", sentence)
    if not protocol:
        sentence = _("There is no account {name}; to make it, say its provider.")
        raise BadInput("protocol", sentence.format(name=name))
    if protocol not in account_protocols():
        sentence = _("There is no provider {name}; there are: {known}.")
        raise BadInput("protocol", sentence.format(name=protocol, known=listed(account_protocols())))
    last = ProviderAccount.objects.aggregate(Max("rank"))["rank__max"]
    return ProviderAccount(name=name, protocol=protocol, rank=0 if last is None else min(last + 1, LAST_RANK))


def _require_the_same(account, protocol):
    """Payments that went through it are that provider's."""
    if protocol not in ("", account.protocol):
        sentence = _("The account {name} stays with {protocol}: make another one.")
        raise BadInput("protocol", sentence.format(name=account.name, protocol=account.protocol))


def _what_is_told(account):
    """What is told of an account, without its secrets: plain values by name."""
    return {"is_on": account.is_on, "rank": account.rank, "base_url": account.base_url, **account.fields}


def _rank(number):
    if not 0 <= number <= LAST_RANK:
        raise BadInput(
            "rank", _("The position among the providers is a number from 0 to {most}.").format(most=LAST_RANK)
        )
    return number


def _set(account, name, text):
    fields = {field.name: field for field in PROVIDERS[account.protocol].fields}
    if name not in fields:
        open_ones = [each.name for each in fields.values() if not each.is_secret]
        sentence = _("This provider has no field {name}; it has: {known}.")
        raise BadInput(name, sentence.format(name=name, known=listed(open_ones) or _("none")))
    if fields[name].is_secret:
        raise BadInput(name, _("{name} is a secret: give it as one.").format(name=name))
    put(account.fields, name, _address(name, text) if fields[name].is_address else text)


def _address(name, text):
    try:
        return text and base_url_of(text)
    except BadInput as bad:
        raise BadInput(name, bad.sentence) from None


def _set_secrets(account, told):
    """Take over what was told; whether any secret is another one now."""
    names = [field.name for field in PROVIDERS[account.protocol].fields if field.is_secret]
    for name in told:
        if name not in names:
            sentence = _("This provider has no secret {name}; it has: {known}.")
            raise BadInput(name, sentence.format(name=name, known=listed(names) or _("none")))
    return keep_secrets(account, names, told)


def _tidied(text):
    """Keys come from files and pages of every system: of their lines the words count, not how the lines end."""
    return "\n".join(text.strip().splitlines())


def _require_sense(account):
    """What is there makes sense; and of one that is on, nothing is missing."""
    lacking = lacking_of(account)
    if lacking and account.is_on:
        raise Lacking([field.name for field in lacking], _("An account that is on needs these too: {names}."))
    if not lacking and (complaint := PROVIDERS[account.protocol].complaint(reach_account(account).merchant)):
        raise BadInput("secrets", complaint)
    if not lacking:
        _require_own_door(account)


def _require_own_door(account):
    """Two accounts of the same merchant would believe each other's notifications, and money would come twice."""
    told = {f"fields__{name}": account.fields[name] for name in PROVIDERS[account.protocol].identity}
    twin = told and ProviderAccount.objects.filter(protocol=account.protocol, **told).exclude(pk=account.pk).first()
    if twin:
        sentence = _("The account {name} is of the same merchant and application: change that one.")
        raise BadInput(PROVIDERS[account.protocol].identity[0], sentence.format(name=twin.name))
