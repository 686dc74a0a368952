"""A delivery over the wire: to a checked address, within its time whatever the other side does, and nowhere else."""

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

import urllib3
from django.utils import timezone
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_match_hostname import CertificateError

from simportal.api.actions.public_addresses import NotReachable, addresses_of, target_of
from simportal.api.choices import DeliveryProblem

POST_WALL_S, _CONNECT_S = 10, 4
_READ_AT_MOST, _KEPT_OF_ANSWER = 4 * 1024, 1_000
_GONE = 410
_HEADERS = {"Content-Type": "application/json", "User-Agent": "simportal-webhooks/1", "Connection": "close"}


@dataclass(frozen=True)
class Posted:
    """What came of a try: no `problem` means that it was taken. `wait` is how long the other side wants to be left
    alone, if it says so."""

    problem: str = ""
    code: int | None = None
    answer: str = ""
    ms: int = 0
    wait: timedelta | None = None


class _Walled:
    """A connection that `cut` ends from another thread, whatever it is at: connected, shaking hands or reading."""

    _twin, is_connected, is_cut = None, False, False

    def _new_conn(self):
        sock = super()._new_conn()
        self._twin, self.is_connected = sock.dup(), True  # the handshake takes the socket itself away
        if self.is_cut:
            self.cut()
        return sock

    def cut(self):
        self.is_cut = True
        with suppress(OSError, AttributeError):
            self._twin.shutdown(socket.SHUT_RDWR)

    def close(self):
        super().close()
        twin, self._twin = self._twin, None
        if twin:
            twin.close()


class _Plain(_Walled, HTTPConnection):
    pass


class _Secure(_Walled, HTTPSConnection):
    pass


def post(url, body, headers, wall_s=POST_WALL_S):
    """Send it, and say what came of it. No redirect is followed, and no proxy of the environment asked."""
    began, target = time.monotonic(), target_of(url)
    try:
        addresses = addresses_of(target)
    except NotReachable as error:
        return Posted(error.problem, ms=_ms(began))
    problem = DeliveryProblem.NOT_CONNECTED
    for address in addresses:
        left = began + wall_s - time.monotonic()
        if left <= 0:
            problem = DeliveryProblem.TOO_LATE
            break
        posted = _post_to(address, target, body, headers, began, left)
        if posted.problem != DeliveryProblem.NOT_CONNECTED:
            return posted
    return Posted(problem, ms=_ms(began))


def _post_to(address, target, body, headers, began, left):
    connection = _connection(address, target, min(left, _CONNECT_S))
    wall = threading.Timer(left, connection.cut)
    wall.daemon = True
    wall.start()
    try:
        connection.connect()
        connection.timeout = left
        answer = _exchange(connection, target, body, headers)
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        return Posted(_problem_of(error, connection), ms=_ms(began))
    finally:
        wall.cancel()
        connection.close()
    code, content, said = answer
    if connection.is_cut:
        return Posted(DeliveryProblem.TOO_LATE, ms=_ms(began))
    text = content.decode(errors="replace").replace("\0", "\ufffd")[:_KEPT_OF_ANSWER]
    return Posted(_problem_with(code), code, text, _ms(began), _wait(said))


def _connection(address, target, timeout):
    if target.scheme == "http":
        return _Plain(address, target.port, timeout=timeout)
    checks = {"server_hostname": target.name, "assert_hostname": target.name, "cert_reqs": "CERT_REQUIRED"}
    return _Secure(address, target.port, timeout=timeout, **checks)


def _exchange(connection, target, body, headers):
    """(status, the beginning of the body, what `Retry-After` says)."""
    sent = _HEADERS | {"Host": target.host} | headers
    connection.request("POST", target.path, body=body, headers=sent, preload_content=False, decode_content=False)
    response = connection.getresponse()
    try:
        content = response.read(_READ_AT_MOST, decode_content=False)
    finally:
        response.close()
    return response.status, content, response.headers.get("Retry-After", "")


def _problem_of(error, connection):
    if not connection.is_connected:
        return DeliveryProblem.NOT_CONNECTED
    if connection.is_cut or isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return DeliveryProblem.TOO_LATE
    is_ssl = isinstance(error, ssl.SSLError | urllib3.exceptions.SSLError | CertificateError)
    return DeliveryProblem.NOT_SECURE if is_ssl else DeliveryProblem.NO_ANSWER


def _problem_with(code):
    if 200 <= code < 300:
        return ""
    if code == _GONE:
        return DeliveryProblem.GONE
    return DeliveryProblem.REDIRECT if 300 <= code < 400 else DeliveryProblem.STATUS


def _wait(said):
    """How long `Retry-After` wants us to wait, in seconds or until a date; None where it says nothing readable."""
    with suppress(ValueError, TypeError, OverflowError):
        if said.isascii() and said.strip().isdecimal():
            return timedelta(seconds=int(said))
        return max(parsedate_to_datetime(said) - timezone.now(), timedelta())
    return None


def _ms(began):
    return round((time.monotonic() - began) * 1000)
