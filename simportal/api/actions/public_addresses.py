"""Where the portal sends events: to public addresses alone, whatever a name leads to.

A name is looked up once, each of its addresses has to be public, and the connection is made to one of these: nobody
asks the name again. On the machine itself nothing is called, but where `WEBHOOK_LOOPBACK` allows it for trials.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from cards.errors import BadInput
from simportal.api.choices import DeliveryProblem

PORTS = {"https": 443, "http": 80}
PORTS_OPEN = (443, 8443)
LONGEST_URL = 500
PRINTABLE = re.compile(r"[!-~]+")
# Addresses of IPv6 that are given out; what leads to IPv4 in some way (mapped, NAT64, 6to4) is refused.
GIVEN_OUT = ipaddress.ip_network("2000::/3")
TO_IPV4 = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))


class NotReachable(Exception):
    """Nothing is sent there: `problem` says why."""

    def __init__(self, problem):
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True)
class Target:
    """What a URL says: where to, in which words the name stands in `Host`, and what is asked there."""

    scheme: str
    name: str
    port: int
    path: str

    @property
    def host(self):
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


def read_url(text):
    """A URL as it is kept. Raises `BadInput` for one that nothing is sent to."""
    text = text.strip()
    try:
        url = urlsplit(text)
        name, port = (url.hostname or "").encode("idna").decode(), url.port
    except (ValueError, UnicodeError):
        raise BadInput("url", _("This is no URL, such as https://erp.example.cn/sim.")) from None
    if url.scheme not in PORTS or not name:
        raise BadInput("url", _("This is no URL, such as https://erp.example.cn/sim."))
    if url.username is not None or url.password is not None or url.fragment:
        raise BadInput("url", _("Give the URL without a user, a password and “#”."))
    netloc = f"[{name}]" if ":" in name else name
    kept = url._replace(netloc=f"{netloc}:{port}" if port else netloc).geturl()
    if len(kept) > LONGEST_URL or not PRINTABLE.fullmatch(kept):
        raise BadInput("url", _("A URL has at most {most} printable ASCII characters.").format(most=LONGEST_URL))
    _check_allowed(target_of(kept))
    return kept


def target_of(url):
    """The parts of a URL that is kept."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme], path)


def addresses_of(target):
    """The addresses of its name, each of which may be called. Raises `NotReachable` if one may not."""
    try:
        found = socket.getaddrinfo(target.name, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReachable(DeliveryProblem.NO_SUCH_NAME) from None
    addresses = list(dict.fromkeys(address[0] for *_rest, address in found))
    if settings.WEBHOOK_LOOPBACK and addresses and all(map(_is_this_machine, addresses)):
        return addresses
    if not addresses or not all(map(is_public, addresses)) or not _is_safe(target):
        raise NotReachable(DeliveryProblem.NOT_PUBLIC)
    return addresses


def is_public(address):
    """Whether this is an address of the internet, and no other's way to one that is not."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6 and (ip not in GIVEN_OUT or any(ip in network for network in TO_IPV4)):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _check_allowed(target):
    if settings.WEBHOOK_LOOPBACK and _may_be_this_machine(target.name):
        return
    if not _is_safe(target):
        raise BadInput("url", _("Webhooks are sent by https, to port 443 or 8443."))
    try:
        is_refused = not is_public(target.name)
    except ValueError:  # a name: what it leads to is looked at each time
        is_refused = target.name == "localhost" or target.name.endswith(".localhost")
    if is_refused:
        raise BadInput("url", _("Webhooks are sent to public addresses only."))


def _is_safe(target):
    return target.scheme == "https" and target.port in PORTS_OPEN


def _is_this_machine(address):
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _may_be_this_machine(name):
    try:
        return _is_this_machine(name)
    except ValueError:
        return name == "localhost"
