"""How secrets of accounts elsewhere are kept, at carriers and payment providers: enciphered with `CARRIER_KEY`. Its
first key writes, and each one reads.
"""

import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.errors import BadInput

NO_KEY = gettext_lazy(
    "No key of CARRIER_KEY opens this account's secrets: list the key of before, or enter them again."
)


def _fernet() -> MultiFernet:
    if not settings.CARRIER_KEY:
        raise BadInput(
            "", _("CARRIER_KEY is not set: accounts at carriers and payment providers keep their secrets under it.")
        )
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
        raise BadInput("", str(NO_KEY)) from None
    return secrets
