"""The protocols, by the names that an account gives them; nothing else knows what a carrier calls things."""

from typing import Any

from cards.carriers.models import CarrierAccount
from cards.carriers.protocols.ctwing import CTWing
from cards.carriers.protocols.jasper import Jasper
from cards.carriers.protocols.m2m import M2M
from cards.carriers.protocols.onelink import OneLink
from cards.carriers.protocols.port import COMMON_SETTINGS, CarrierProtocol, Setting
from cards.carriers.protocols.simulated import Simulated
from cards.carriers.protocols.unicom import Unicom
from cards.carriers.results import Access
from cards.ciphers import deciphered

PROTOCOLS: dict[str, CarrierProtocol] = {
    protocol.NAME: protocol
    for protocol in (
        OneLink(),
        Unicom(),
        Jasper(),
        CTWing(),
        M2M(),
        Simulated(),
    )
}


def protocol_of(account: CarrierAccount) -> CarrierProtocol:
    return PROTOCOLS[account.protocol]


def is_worked(account: CarrierAccount) -> bool:
    """Whether anything is asked and ordered by this account: it is on, and its protocol is spoken here."""
    return account.is_on and account.protocol in PROTOCOLS


def settings_of(protocol: CarrierProtocol) -> dict[str, Setting]:
    """How an account of this protocol may be used, by name."""
    return {setting.name: setting for setting in COMMON_SETTINGS}


def setting_of(account: CarrierAccount, name: str) -> Any:
    """The value of a setting: the account's own, or its protocol's careful one, or else the common one."""
    protocol = protocol_of(account)
    usual = protocol.DEFAULTS.get(name, settings_of(protocol)[name].default)
    return account.settings.get(name, usual)


def access_of(account: CarrierAccount) -> Access:
    """The account as its protocol is given it. Raises `BadInput` where its secrets cannot be read."""
    values = {name: setting_of(account, name) for name in settings_of(protocol_of(account))}
    return Access(account.name, account.base_url, account.fields, deciphered(account.secrets), values)
