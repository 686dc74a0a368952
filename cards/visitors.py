"""Where a visitor comes from, as far as limits on guessing are concerned."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings

HOUSEHOLD = 64  # bits of an IPv6 address that a whole household or server shares


def visitor_address(meta: Mapping[str, Any]) -> str:
    """The visitor's address in a request's `META`; of IPv6 the network, because its owner has all the rest.

    What a visitor writes into `X-Forwarded-For` is not believed: the last `PROXIES` entries are those of our proxies.
    """
    forwarded = [part.strip() for part in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    is_behind_proxies = settings.PROXIES and len(forwarded) >= settings.PROXIES
    text: str = forwarded[-settings.PROXIES] if is_behind_proxies else meta.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    return str(ipaddress.ip_network((address, HOUSEHOLD), strict=False)) if address.version == 6 else text
