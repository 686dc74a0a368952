"""Accounts at carriers, made and changed: what they are told is held to what their protocols ask for."""

import secrets as unguessable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions.accounts_elsewhere import base_url_of, changes_between, keep_secrets, put, record_account
from cards.carriers.actions.accounts import missing_of, what_is_told
from cards.carriers.actions.hearing import bring_some_cards
from cards.carriers.models import CarrierAccount, Slot
from cards.carriers.protocols import PROTOCOLS, protocol_of, setting_of, settings_of
from cards.choices import Carrier
from cards.ciphers import deciphered
from cards.errors import BadInput, Lacking
from cards.phrases import listed

USE = {"is_on", "stop_by", "cap", "binding"}  # what decides how cards should be there


def save_account(name, *, by, **told):
    """Make the account of this name, or change what is told of it; the account.

    It is told its `carrier`, `protocol` and `base_url`. `values` are fields and settings by name, `secrets` the fields
    that are kept enciphered; an empty one is taken away. A new account is on unless `is_on` says otherwise. Cards that
    belong on it come into step with it. Raises `BadInput`.
    """
    with transaction.atomic():
        account, changed = _saved(name, by, **told)
        if changed & USE:
            account.bring_after = 0
            account.save(update_fields=["bring_after"])
    if changed & USE:
        bring_some_cards(account, timezone.now())  # at once what is no work; the workers go on with the rest
    return account


def _saved(name, by, carrier="", protocol="", base_url="", values=None, secrets=None, is_on=None):
    """The account, written, and the names of what is otherwise now."""
    account = CarrierAccount.objects.select_for_update().filter(name=name).first()
    is_new = account is None
    if is_new:
        account = _new(name, carrier, protocol)
    before = {} if is_new else what_is_told(account)
    _require_the_same(account, carrier, protocol)
    if base_url:
        account.base_url = base_url_of(base_url, is_plain_http=protocol_of(account).IS_PLAIN_HTTP)
    for setting, text in (values or {}).items():
        _set(account, setting, text)
    has_new_secrets = _set_secrets(account, secrets or {})
    account.is_on = is_on if is_on is not None else account.is_on or is_new
    if account.is_on:
        _require_complete(account)
    changed = changes_between(before, what_is_told(account))
    if has_new_secrets or {"base_url", *account.fields} & changed["after"].keys():
        _begin_anew(account)
    account.save()
    _provide_slots(account)
    record_account(account, changed, by=by, is_new=is_new, has_new_secrets=has_new_secrets)
    return account, set(changed["after"])


def _new(name, carrier, protocol):
    most = CarrierAccount._meta.get_field("name").max_length
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > most:
        raise BadInput("name", _("A name has 1 to {most} characters.").format(most=most))
    if not protocol:
        sentence = _("There is no account {name}; to make it, say its carrier, protocol and address.")
        raise BadInput("protocol", sentence.format(name=name))
    if protocol not in PROTOCOLS:
        raise BadInput("protocol", _unknown("protocol", protocol, PROTOCOLS))
    carrier = carrier or PROTOCOLS[protocol].CARRIER
    if carrier not in Carrier.values:
        raise BadInput("carrier", _unknown("carrier", carrier, Carrier.values))
    if PROTOCOLS[protocol].CARRIER not in ("", carrier):
        sentence = _("{protocol} is a protocol of {carrier}.")
        carrier = Carrier(PROTOCOLS[protocol].CARRIER).label
        raise BadInput("carrier", sentence.format(protocol=protocol, carrier=carrier))
    return CarrierAccount(
        name=name, carrier=carrier, protocol=protocol, push_key=unguessable.token_urlsafe(32), is_on=False
    )


def _require_the_same(account, carrier, protocol):
    """Its orders and cards are that carrier's, in that protocol's words."""
    if carrier not in ("", account.carrier) or protocol not in ("", account.protocol):
        sentence = _("The account {name} stays with {carrier} and {protocol}: make another one, and assign its cards.")
        told = sentence.format(name=account.name, carrier=account.get_carrier_display(), protocol=account.protocol)
        raise BadInput("protocol", told)


def _set(account, name, text):
    protocol = protocol_of(account)
    fields = {field.name: field for field in protocol.FIELDS}
    if name in fields and fields[name].is_secret:
        raise BadInput(name, _("{name} is a secret: give it as one.").format(name=name))
    if name in fields:
        put(account.fields, name, text.strip())
    elif name in settings_of(protocol):
        put(account.settings, name, text.strip() and _value(settings_of(protocol)[name], text.strip()))
    else:
        open_fields = [field.name for field in protocol.FIELDS if not field.is_secret]
        raise BadInput(name, _unknown("setting", name, [*open_fields, *settings_of(protocol)]))


def _value(setting, text):
    """A setting's text as it is kept: one of its words, or a number within its bounds."""
    if setting.words:
        if text not in setting.words:
            raise BadInput(setting.name, _unknown("word", text, setting.words, setting.name))
        return text
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not setting.least <= number <= setting.most or (setting.is_whole and number % 1):
        sentence = _("{name} is a whole number from {least} to {most}, not “{text}”.")
        if not setting.is_whole:
            sentence = _("{name} is a number from {least} to {most}, not “{text}”.")
        told = sentence.format(name=setting.name, least=setting.least, most=setting.most, text=text)
        raise BadInput(setting.name, told)
    return number if number % 1 else int(number)


def _set_secrets(account, told):
    """Take over what was told; whether any secret is another one now."""
    names = [field.name for field in protocol_of(account).FIELDS if field.is_secret]
    for name in told:
        if name not in names:
            raise BadInput(name, _unknown("secret", name, names))
    return keep_secrets(account, names, told)


def _require_complete(account):
    if missing := missing_of(account):
        raise Lacking(missing, _("An account that is on needs these too: {names}."))
    if complaint := protocol_of(account).complaint(account.fields, deciphered(account.secrets)):
        raise BadInput("secrets", complaint)


def _begin_anew(account):
    """Whatever was wrong with it before need not be so any more, and nobody has a token there."""
    account.token, account.token_renew_at = "", None
    if account.broken_since:  # in which no order's patience ran
        account.broken_s += max(0, round((timezone.now() - account.broken_since).total_seconds()))
    account.broken_since, account.broken_why, account.probe_at, account.faults = None, "", None, 0


def _provide_slots(account):
    wanted = range(1, setting_of(account, "slots") + 1)
    account.slots.exclude(number__in=wanted).filter(owner="").delete()  # whoever has one makes its call to the end
    there = set(account.slots.values_list("number", flat=True))
    Slot.objects.bulk_create(Slot(account=account, number=number) for number in wanted if number not in there)


def _unknown(what, name, known, of=""):
    """There is no such thing, and these there are."""
    sentences = {
        "protocol": _("There is no protocol {name}; there are: {known}."),
        "carrier": _("There is no carrier {name}; there are: {known}."),
        "setting": _("This protocol has no field or setting {name}; it has: {known}."),
        "secret": _("This protocol has no secret {name}; it has: {known}."),
        "word": _("{of} is one of these: {known}; not “{name}”."),
    }
    told = listed(known) or _("none")
    return sentences[what].format(name=name, known=told, of=of)
