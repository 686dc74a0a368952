"""The payment providers as they stand: which accounts take payments, and how each is reached.

An account's name is what payments and the address of notifications call it. The portal's own payment page has no
account; it is there where nobody pays real money (`LOCAL_PAYMENTS`).
"""

from contextlib import suppress
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse

from billing.models import ProviderAccount
from billing.payments import PROVIDERS, local
from billing.payments.port import Merchant, Provider
from billing.payments.wire import ProviderCall
from cards.ciphers import deciphered
from cards.errors import BadInput


class Reached(NamedTuple):
    """A provider with the account by which it is asked."""

    provider: Provider
    merchant: Merchant
    call: ProviderCall


def provider_names():
    """The names of those that take payments now, in the order in which payers see them; where nobody does, no button
    may lead to one."""
    accounts = ProviderAccount.objects.filter(is_on=True, protocol__in=PROVIDERS).values_list("name", flat=True)
    return [*accounts, *([local.NAME] if settings.LOCAL_PAYMENTS else [])]


def reach(name):
    """The provider of this name, `Reached`; also of an account that takes no payments any more.

    Raises `LookupError` where there is none, and `BadInput` where its secrets cannot be read.
    """
    if name == local.NAME and settings.LOCAL_PAYMENTS:
        merchant = Merchant(local.NAME, "", {})
        return Reached(local.PROVIDER, merchant, ProviderCall(merchant))
    account = ProviderAccount.objects.filter(name=name, protocol__in=PROVIDERS).first()
    if account is None:
        raise LookupError(name)
    return reach_account(account)


def reach_account(account):
    """The provider of an account, `Reached`. Raises `BadInput` where its secrets cannot be read."""
    provider = PROVIDERS[account.protocol]
    address = account.base_url or provider.base_url
    merchant = Merchant(account.name, address, account.fields, deciphered(account.secrets), notify_url(account.name))
    return Reached(provider, merchant, ProviderCall(merchant))


def can_give_back(name):
    """Whether money that came through this account can be given back by it."""
    with suppress(LookupError, BadInput):
        return bool(reach(name))
    return False


def notify_url(name):
    """Where the provider tells us of payments; empty where the portal does not know its own address."""
    return settings.PORTAL_URL and f"{settings.PORTAL_URL}{reverse('pay:notify', args=[name])}"


def provider_label(name):
    """What people call a provider by the name of its account; one that is no longer here keeps its bare name."""
    if name in PROVIDERS and not PROVIDERS[name].needs_account:
        return PROVIDERS[name].label
    protocol = ProviderAccount.objects.filter(name=name).values_list("protocol", flat=True).first()
    return PROVIDERS[protocol].label if protocol in PROVIDERS else name
