"""How a carrier is called: nothing secret is kept of it."""

import json
import time
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape

from cards.calling import WALL_S
from cards.calling import exchange as http_exchange
from cards.carriers.results import LONGEST_WORDS, Answer, LoginRefused
from cards.errors import NothingHeard

_SECRET_NAMES = ("authorization", "sign", "password")  # of headers and parameters, in small letters
_MASK = "***"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


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
        self._is_plain, self._exchange = is_plain, exchange or http_exchange
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
            status, heard, content = self._exchange(self.access.base_url, method, address, body, sent, began + WALL_S)
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
