"""Keyed hashes, and the secret keys that they are made with: the present one, and those before it that are listed.

What was hashed with a key cannot be hashed anew, for nobody kept it. So after a change of `SECRET_KEY` what was known
is looked for under each key of `SECRET_KEY_FALLBACKS` as well, and a row says which key it was made with.
"""

import hashlib
import hmac

from django.conf import settings
from django.utils.crypto import salted_hmac


def listed_keys() -> list[str]:
    """The present key, and the others in their order."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def key_id(key: str | None = None) -> str:
    """What tells one key, the present one by default, from another; nobody learns the key from it."""
    return salted_hmac("cards.key_id", "", key, algorithm="sha256").hexdigest()[:12]


def id_number_hash(number: str, key: str | None = None) -> str:
    """What tells that two real-name checks are of one person without saying of whom."""
    return hmac.new((key or settings.SECRET_KEY).encode(), number.upper().encode(), hashlib.sha256).hexdigest()


def id_number_hashes(number: str) -> list[str]:
    """Under each listed key."""
    return [id_number_hash(number, key) for key in listed_keys()]


def recovery_hash(code: str, key: str | None = None) -> str:
    return salted_hmac("cards.recovery_code", code, key, algorithm="sha256").hexdigest()


def recovery_hashes(code: str) -> list[str]:
    """Under each listed key."""
    return [recovery_hash(code, key) for key in listed_keys()]
