"""Where a visitor comes from, as far as limits on guessing are concerned."""

import ipaddress
import logging
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

HOUSEHOLD = 64  # bits of an IPv6 address that a whole household or server shares
# What proxies write: an address, or with the port behind it `192.0.2.1:4711` and `[2001:db8::1]:4711`.
WITH_PORT = re.compile(r"\[(?P<v6>[0-9A-Fa-f:.]+)\](:\d+)?|(?P<v4>[0-9.]+):\d+")


def visitor_address(meta: Mapping[str, Any]) -> str:
    """The visitor's address in a request's `META`; of IPv6 the network, because its owner has all the rest.

    What a visitor writes into `X-Forwarded-For` is not believed: the last `PROXIES` entries are those of our proxies.
    """
    said = _said_by_proxies(meta.get("HTTP_X_FORWARDED_FOR", ""))
    return (said and _counted(said)) or _counted(meta.get("REMOTE_ADDR", ""))


def warn_of_proxies(meta: Mapping[str, Any]) -> None:
    """Tell whoever runs the portal, once, when a proxy speaks and nobody has said that there is one."""
    if not settings.PROXIES and "HTTP_X_FORWARDED_FOR" in meta:
        tell_of_proxies()


@cache
def tell_of_proxies() -> None:
    """Once in the life of a process."""
    logger.warning(
        "A request came with X-Forwarded-For, and PROXIES is 0: if a proxy of yours stands before the portal, set"
        " PROXIES=1, or all visitors share one address and its 50 wrong passwords."
    )


def _said_by_proxies(header: str) -> str:
    forwarded = [part.strip() for part in header.split(",") if part.strip()]
    return forwarded[-settings.PROXIES] if settings.PROXIES and len(forwarded) >= settings.PROXIES else ""


def _counted(text: str) -> str:
    """Under which address a visitor counts; "" for what is none."""
    port = WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(port["v6"] or port["v4"] if port else text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), HOUSEHOLD), strict=False))
