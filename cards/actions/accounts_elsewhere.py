"""Accounts elsewhere, at carriers and at payment providers: how what is told of one is taken, kept and written down."""

import ipaddress
import re
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from cards.actions import audit
from cards.choices import AuditAction
from cards.ciphers import deciphered, enciphered, key_number
from cards.errors import BadInput

BASE_URL = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?/?", re.ASCII | re.IGNORECASE
)


def base_url_of(text, *, is_plain_http=False):
    """Scheme, host and port. Paths are the protocol's, and a password in an address would stand in logs.

    Raises `BadInput`, also for http, which leads to this machine alone unless the protocol offers nothing else.
    """
    if not BASE_URL.fullmatch(text) or not _has_port(text):
        raise BadInput("base_url", _("An address is a scheme, a host and perhaps a port, as https://api.example.cn."))
    url = urlsplit(text.lower())
    if url.scheme == "http" and not (is_plain_http or _is_this_machine(url.hostname)):
        raise BadInput("base_url", _("This protocol is spoken over https, or http to this machine alone."))
    return text.lower().removesuffix("/")


def put(values, name, value):
    """Keep a value under its name; an empty one is taken away."""
    if value == "":
        values.pop(name, None)
    else:
        values[name] = value


def secrets_of(account):
    """The names of the secrets that are kept for an account. Raises `BadInput` where no key opens them."""
    return sorted(deciphered(account.secrets))


def kept_secrets(account):
    """The names of the secrets; none where no key that there is opens them, which whoever uses them is told."""
    try:
        return secrets_of(account)
    except BadInput:
        return []


def keep_secrets(account, names, told):
    """Take over what was told of the secrets of these `names`; whether any is another one now.

    Where all of them are told, those of before need not be readable any more.
    """
    if not told:
        return False
    kept = {} if set(names) <= told.keys() else deciphered(account.secrets)
    wanted = {name: text for name, text in {**kept, **told}.items() if text}
    if kept and wanted == kept:
        return False
    account.secrets = enciphered(wanted)
    return True


def encipher_anew(model, forgotten):
    """Bring the secrets of a model's accounts from the later keys of `CARRIER_KEY` under the first one. `forgotten` are
    the values of columns that hold something else under the same key, and do without it."""
    for account in model.objects.select_for_update().exclude(secrets=""):
        if key_number(account.secrets):
            account.secrets = enciphered(deciphered(account.secrets))
            for name, value in forgotten.items():
                setattr(account, name, value)
            account.save(update_fields=["secrets", *forgotten])


def changes_between(before, after):
    """What is otherwise after, by name: the values of before and of after; None is one that was taken away."""
    changed = {name: after.get(name) for name in {**before, **after} if before.get(name) != after.get(name)}
    return {"before": {name: before[name] for name in changed if name in before}, "after": changed}


def record_account(account, changed, *, by, is_new, has_new_secrets):
    """Write down who made or changed an account, and what of it; of secrets no more than that they were told."""
    if has_new_secrets:
        changed["after"]["secrets"] = "***"
    if changed["after"]:
        action = AuditAction.ADDED if is_new else AuditAction.CHANGED
        kind = {"kind": account._meta.label_lower, "key": account.pk}
        audit.record(action, by=by, about=account, **kind, **{name: of for name, of in changed.items() if of})


def _has_port(address):
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False


def _is_this_machine(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
