"""How a carrier is called over HTTP: within its time, to its own address alone, and nothing secret is kept of it."""

import http.client
import json
import socket
import threading
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from cards.carriers.results import LONGEST_WORDS, Answer, LoginRefused, NothingHeard

_CONNECT_S, _READ_S, _WALL_S = 5, 20, 30
_LONGEST_BODY = 1024 * 1024
_PIECE = 64 * 1024
_SECRET_NAMES = ("authorization", "sign", "password")  # of headers and parameters, in small letters
_MASK = "***"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _HasAWall:
    """A server that sends a byte now and then is never late for a read: the head of an answer has its time too."""

    def getresponse(self):
        self._is_late = False
        wall = threading.Timer(_READ_S, self._cut_off)
        wall.daemon = True
        wall.start()
        try:
            response = super().getresponse()
        finally:
            wall.cancel()
        if self._is_late:
            response.close()
            raise TimeoutError
        return response

    def _cut_off(self):
        self._is_late = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class _PlainConnection(_HasAWall, HTTPConnection):
    pass


class _SecureConnection(_HasAWall, HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@cache
def _pool(base_url):
    """The connections of this process to a carrier. Proxies of the environment are not asked: the carrier knows us by
    our address."""
    pools = urllib3.PoolManager(num_pools=1, maxsize=16, retries=False, cert_reqs="CERT_REQUIRED")
    pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return pools.connection_from_url(base_url)


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it, as an attempt keeps it."""

    ms: int
    request_id: str
    text: str
    is_heard: bool


class CarrierCall:
    """The `Call` that a protocol is given: one slot's way to an account's carrier, for one piece of work.

    `before` is waited for before each request (`actions/slots.py` paces by it), `tokens` keeps the account's token.
    `owner` is the name of the slot's worker. `exchange` reaches a carrier that is not reached over HTTP. `exchanges`
    are what was sent and heard, in order, without secrets.
    """

    def __init__(self, access, owner, clock, before, tokens, is_plain=False, exchange=None):
        self.access, self.owner, self._clock, self._before, self._tokens = access, owner, clock, before, tokens
        self._is_plain, self._exchange = is_plain, exchange or _exchange
        self._secrets = set(access.secrets.values())
        self.exchanges = []

    def __call__(self, method, path, *, query=(), document=None, body=None, headers=None, request_id=""):
        self._refuse_plain_http()
        sent = {"Accept-Encoding": "identity", "User-Agent": "simportal", **(headers or {})}
        secret = [value for name, value in (*sent.items(), *query) if name.lower() in _SECRET_NAMES]
        self._secrets.update(secret, (value.rpartition(" ")[2] for value in secret))  # of `Basic …` what stands behind
        if document is not None:
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            sent.setdefault("Content-Type", "application/json; charset=utf-8")
        address = "/" + path.lstrip("/") + ("?" + urlencode(query, quote_via=quote, safe="") if query else "")
        self._before()
        began = time.monotonic()
        try:
            status, heard, content = self._exchange(self.access.base_url, method, address, body, sent, began + _WALL_S)
        except NothingHeard as nothing:
            self._keep(began, request_id, str(nothing), is_heard=False)
            raise NothingHeard(self.masked(str(nothing))) from None
        ms = self._keep(began, request_id, content.decode("utf-8", "replace"))
        return Answer(status, heard, content, self.now(), ms)

    def token(self):
        return self._known(self._tokens.living(self))

    def renewed(self, refused):
        return self._known(self._tokens.renewed(self, refused))

    def now(self):
        return self._clock.now()

    def masked(self, text):
        """This text without any secret of the account, however an answer may repeat it, nor what no database takes; cut
        as words are kept."""
        for secret in sorted(filter(None, self._secrets), key=len, reverse=True):
            for form in _forms_of(secret):
                text = text.replace(form, _MASK)
        return text.encode("utf-8", "ignore").decode().replace("\0", "")[:LONGEST_WORDS]

    def _known(self, token):
        self._secrets.add(token)
        return token

    def _keep(self, began, request_id, text, is_heard=True):
        ms = round((time.monotonic() - began) * 1000)
        self.exchanges.append(Exchange(ms, request_id[:64], self.masked(text), is_heard))
        return ms

    def _refuse_plain_http(self):
        address = urlsplit(self.access.base_url)
        if address.scheme == "http" and address.hostname not in _LOOPBACK and not self._is_plain:
            raise LoginRefused("http")


def _forms_of(secret):
    """How an answer may repeat it: as it is, within an address, a header, JSON, or XML."""
    as_json = (json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False))
    return (secret, quote(secret, safe=""), b64encode(secret.encode()).decode(), *as_json, escape(secret))


def _exchange(base_url, method, address, body, headers, deadline):
    """Status, headers and body of the answer. Raises `NothingHeard` where no whole answer came in time."""
    timeout = urllib3.Timeout(connect=_CONNECT_S, read=_READ_S)
    try:
        response = _pool(base_url).request(
            method,
            address,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            timeout=timeout,
            preload_content=False,
            decode_content=False,
        )
        try:
            content = _body(response, deadline)
        except BaseException:
            response.close()
            raise
        response.release_conn()
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise NothingHeard(_said(error)) from error
    return response.status, {name.lower(): value for name, value in response.headers.items()}, content


def _body(response, deadline):
    content = b""
    while piece := response.read1(_PIECE, decode_content=False):
        content += piece
        if len(content) > _LONGEST_BODY:
            raise NothingHeard("the answer is longer than 1 MB")
        if time.monotonic() > deadline:
            raise NothingHeard(f"no whole answer within {_WALL_S} s")
    return content


def _said(error):
    """The error in a few words, without the address: parameters of requests are secret."""
    return type(error).__name__
