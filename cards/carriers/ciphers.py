"""How an account's secrets are kept: enciphered with `CARRIER_KEY`. Its first key writes, and each one reads."""

import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from cards.carriers.choices import OwnWords
from cards.errors import BadInput


def _fernet() -> MultiFernet:
    if not settings.CARRIER_KEY:
        raise BadInput("", _("CARRIER_KEY is not set: carrier accounts keep their secrets under it."))
    return MultiFernet([Fernet(key) for key in settings.CARRIER_KEY])


def enciphered(secrets: Mapping[str, str]) -> str:
    """These secrets as text that is kept. Raises `BadInput` where there is no key."""
    return _fernet().encrypt(json.dumps(dict(secrets)).encode()).decode() if secrets else ""


def key_number(text: str) -> int | None:
    """Which of the keys wrote this, from 0 on; None where none of those there are did."""
    for number, key in enumerate(settings.CARRIER_KEY):
        try:
            Fernet(key).decrypt(text.encode())
        except InvalidToken:
            continue
        return number
    return None


def deciphered(text: str) -> dict[str, str]:
    """The secrets again. Raises `BadInput` where there is no key, or none of those there are wrote them."""
    if not text:
        return {}
    try:
        secrets: dict[str, str] = json.loads(_fernet().decrypt(text.encode()))
    except InvalidToken:
        raise BadInput("", OwnWords.NO_KEY.label) from None
    return secrets
