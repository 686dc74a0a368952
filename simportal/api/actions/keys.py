"""Keys of the open API: made, found and revoked. A key is shown to whoever makes it, once."""

import hashlib
import ipaddress
import secrets
import string
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions import audit
from cards.calendar import civil_today
from cards.choices import AuditAction, MemberRole
from cards.errors import BadInput
from cards.models import Customer, Membership
from cards.phrases import listed
from cards.visitors import HOUSEHOLD
from simportal.api.choices import ApiScope
from simportal.api.errors import KeyRefused
from simportal.api.models import ApiKey
from simportal.api.models.key import KEY_MARK

_LETTERS = string.ascii_letters + string.digits
PUBLIC_LENGTH, SECRET_LENGTH = 8, 32
MOST_KEYS = 10  # living ones of a customer
DAYS_GOOD = 365
MOST_ADDRESSES = 20
LONGEST_KEY_NAME = 60


def make_key(customer, *, by, name, scopes, addresses=(), expires_on=None):
    """A new key of a customer, and what it is: (the row, the key as it is shown once).

    `by` is a user, or the shell's `Actor`. Raises `BadInput` for a scope or address that cannot be read, and `Refused`
    for a customer who was merged or has ten living keys.
    """
    today = civil_today()
    name, scopes = _named(name), _known(scopes)
    addresses = [_network(text) for text in addresses]
    if len(addresses) > MOST_ADDRESSES:
        raise BadInput("addresses", _("Give at most {most} addresses.").format(most=MOST_ADDRESSES))
    expires_on = expires_on or today + timedelta(days=DAYS_GOOD)
    if expires_on <= today:
        raise BadInput("expires_on", _("Give a day in the future."))
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=customer.pk)
        if customer.merged_into_id:
            raise KeyRefused("merged_customer", customer=customer.name)
        if ApiKey.objects.filter(customer=customer).living(today).count() >= MOST_KEYS:
            raise KeyRefused("too_many_keys", most=MOST_KEYS)
        prefix, secret = _random(PUBLIC_LENGTH), _random(SECRET_LENGTH)
        shown = f"{KEY_MARK}_{prefix}_{secret}"
        row = ApiKey.objects.create(
            prefix=prefix,
            digest=_digest(shown),
            customer=customer,
            user=_account(customer, name, prefix),
            name=name,
            scopes=scopes,
            addresses=addresses,
            expires_on=expires_on,
            created_by=by if isinstance(by, User) else None,
        )
        told = {"key": prefix, "scopes": scopes, "addresses": addresses, "expires_on": str(expires_on)}
        audit.record(AuditAction.KEY_MADE, by=by, about=name, customer=customer, **told)
    return row, shown


def revoke_key(key, *, by):
    """The key opens nothing from now on, and what it has begun goes no further; False where that was so already."""
    with transaction.atomic():
        revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
        if revoked:
            User.objects.filter(pk=key.user_id).update(is_active=False)
            audit.record(AuditAction.KEY_REVOKED, by=by, about=key.name, customer=key.customer, key=key.prefix)
    return bool(revoked)


def shown_key(shown):
    """The row of the key that a program shows, whether it is living or not; None for what is no key."""
    mark, _sep, rest = shown.partition("_")
    prefix, _sep, secret = rest.partition("_")
    if mark != KEY_MARK or len(prefix) != PUBLIC_LENGTH or len(secret) != SECRET_LENGTH or not shown.isascii():
        return None
    # Without `first`, which has the database sort what is one: this is asked for every call.
    found = next(iter(ApiKey.objects.select_related("customer", "user").filter(prefix=prefix)), None)
    return found if found and secrets.compare_digest(found.digest, _digest(shown)) else None


def is_taken_from(key, address):
    """Whether the key is taken from a visitor of this address."""
    if not key.addresses:
        return True
    try:
        visitor = ipaddress.ip_network(address)
    except ValueError:
        return False
    networks = map(ipaddress.ip_network, key.addresses)
    return any(visitor.version == network.version and visitor.subnet_of(network) for network in networks)


def note_use(key):
    """Remember on which day it was used last: one write a day."""
    today = civil_today()
    if key.last_used_on != today:
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=today)


def _account(customer, name, prefix):
    """Who acts with the key. Nobody logs in as them: such a name is none that a form takes, and they have no password.

    Of two keys of one name, of whatever customers, the second account says its public part too.
    """
    username = f"key:{name}"
    if User.objects.filter(username=username).exists():
        username = f"key:{name}:{prefix}"
    user = User(username=username, is_active=True)
    user.set_unusable_password()
    user.save()
    Membership.objects.create(customer=customer, user=user, role=MemberRole.PROGRAM)
    return user


def _named(text):
    name = " ".join(text.split())
    if not name:
        raise BadInput("name", _("Give the key a name, such as the program that uses it."))
    if len(name) > LONGEST_KEY_NAME:
        raise BadInput("name", _("The name has at most {most} characters.").format(most=LONGEST_KEY_NAME))
    return name


def _known(scopes):
    unknown = [scope for scope in scopes if scope not in ApiScope]
    if unknown or not scopes:
        message = _("{unknown}: there is no such permission. There are: {known}.")
        raise BadInput("scopes", message.format(unknown=listed(unknown) or "–", known=listed(ApiScope.values)))
    return [scope.value for scope in ApiScope if scope in scopes]


def _network(text):
    """As it is kept; a bare address is a network of one, or of IPv6 of a household: visitors are known no closer."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        message = _("“{text}” is no IP address or network, such as 203.0.113.7 or 203.0.113.0/24.")
        raise BadInput("addresses", message.format(text=text)) from None
    is_closer = network.version == 6 and network.prefixlen > HOUSEHOLD
    return str(network.supernet(new_prefix=HOUSEHOLD) if is_closer else network)


def _random(length):
    return "".join(secrets.choice(_LETTERS) for _place in range(length))


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()
