"""A payment provider of our own: a real HTTP server on loopback, with merchants, trades, refunds, bills, and all that
may go wrong.

Each protocol's fake is written from public documentation alone, and knows nothing of the portal's adapters. It checks
what it is sent strictly, answers what is wrong in the provider's own form, and keeps in `violations` what a real one
might let pass. It signs with keys that the tests make.
"""

import contextlib
import http.server
import itertools
import random
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlsplit

BEIJING = timezone(timedelta(hours=8))
CENT = Decimal("0.01")
FEE_RATE = Decimal("0.006")

BEGIN, ASK, CLOSE, REFUND, ASK_REFUND, BILL, DOCUMENT, OPENID, OTHER = (
    "begin", "ask", "close", "refund", "ask_refund", "bill", "document", "openid", "other",
)  # fmt: skip

# What may go wrong with a call. Those of the first line have no effect, those of the second have it.
BEFORE = ("500", "html", "garbage", "empty", "drop_before", "busy", "refuse")
AFTER = ("drop_after", "unsigned", "signed_by_another", "truncated")
HOLD = "hold"  # it has the effect, and is not answered until the test lets it go on
AS_IT_IS = {  # status, content type, body
    "500": (500, "text/plain", b"Internal Server Error"),
    "html": (200, "text/html", "<!DOCTYPE html><html><body>系统维护中</body></html>".encode()),
    "garbage": (200, "application/json", b"\x00\xff\xfe{]'; not JSON \x80"),
    "empty": (200, "application/json", b""),
}

OPEN, PAID, CLOSED = "open", "paid", "closed"
PROCESSING, DONE, FAILED = "processing", "done", "failed"
AT_ONCE, LATER, ABNORMAL = "at_once", "later", "abnormal"


@dataclass
class Refund:
    """Money on its way back. `number` is the merchant's number of it, `reference` ours."""

    number: str
    reference: str
    amount: Decimal
    at: datetime
    state: str = PROCESSING
    fails: bool = False


@dataclass
class Trade:
    """What a merchant wants to be paid. `number` is theirs (`out_trade_no`), `reference` ours."""

    number: str
    reference: str
    amount: Decimal
    notify_url: str = ""
    way: str = ""
    state: str = OPEN
    paid_at: datetime | None = None
    expires_at: datetime | None = None
    prepaid: str = ""
    return_url: str = ""
    refunds: list = field(default_factory=list)

    @property
    def refunded(self):
        return sum((refund.amount for refund in self.refunds if not refund.fails), Decimal(0))


@dataclass
class Message:
    """A notification as it goes over the wire."""

    url: str
    body: bytes
    headers: dict
    content_type: str


@dataclass
class Told:
    """What the merchant has answered; whether it is what the provider wants to hear."""

    status: int
    body: bytes
    is_taken: bool


@dataclass
class Heard:
    """A call as it came."""

    method: str
    target: str
    headers: dict
    body: bytes
    kind: str = OTHER
    fault: str = ""

    @property
    def path(self):
        return urlsplit(self.target).path


@dataclass
class Reply:
    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: dict = field(default_factory=dict)


class Dropped(Exception):
    """The connection breaks."""


class Refusal(Exception):
    """What the provider does not do, by its own code."""

    def __init__(self, code, words, status=400):
        super().__init__(code)
        self.code, self.words, self.status = code, words, status


class ProviderFake:
    """What both have in common. `deliver(message)` brings a notification to the merchant: (status, body)."""

    NAME = ""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        self.numbers = itertools.count(1)
        self.lock = threading.RLock()
        self.trades, self.calls, self.violations, self.faults = {}, [], [], []
        self.mixed_up = None  # the trade or the refund that is answered about, whatever was asked
        self.refunds_are, self.meanwhile = AT_ONCE, {}  # what happens as a call of this kind comes in, once
        self.deliver, self.sent = None, []
        self.is_waiting, self.may_go_on = threading.Event(), threading.Event()
        self.bill_without, self.bill_says, self.bill_extras, self.payouts = set(), {}, [], []
        self.ahead = timedelta(0)
        self.fields, self.secrets = {}, {}

    def __enter__(self):
        self.server = _Server(self)
        self.base_url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.end()

    # What a protocol's fake says

    def kind_of(self, heard):
        raise NotImplementedError

    def answer(self, heard):
        """The `Reply`, signed. Raises `Refusal`."""
        raise NotImplementedError

    def refused(self, heard, refusal):
        """The `Reply` that says so, signed."""
        raise NotImplementedError

    def busy(self, heard):
        """The `Reply` that it is the provider's own fault, and the call may come again."""
        raise NotImplementedError

    def message(self, number, key=None, **told):
        """The notification of this trade as it stands, or of what is told otherwise."""
        raise NotImplementedError

    def is_taken(self, status, body):
        raise NotImplementedError

    # What a test has happen

    def now(self):
        return datetime.now(UTC) + self.ahead

    def trade(self, key):
        """The trade of the portal's payment of this key."""
        return self.trades[key.hex if hasattr(key, "hex") else key]

    def spoil(self, kind, calls="", times=1):
        """The next calls, or those of one kind, go wrong in this way."""
        assert kind in (*BEFORE, *AFTER, HOLD), kind
        self.faults += [(kind, calls)] * times

    def pay(self, key):
        """The payer pays."""
        with self.lock:
            trade = self.trade(key)
            assert trade.state == OPEN, trade.state
            assert trade.expires_at is None or self.now() < trade.expires_at, "too late"
            trade.state, trade.paid_at = PAID, self.now()
            return trade

    def tell(self, key, **told):
        """Tell the merchant of a trade; what they say to it."""
        return self.send(self.message(self.trade(key).number, **told))

    def send(self, message):
        status, body = self.deliver(message)
        self.sent.append(message)
        return Told(status, body, self.is_taken(status, body))

    def finish_refunds(self):
        """What is on its way back arrives, or comes to nothing."""
        with self.lock:
            for trade in self.trades.values():
                for refund in trade.refunds:
                    if refund.state == PROCESSING:
                        refund.state = FAILED if refund.fails else DONE

    def kinds(self):
        """The calls so far, by kind, in order."""
        return [call.kind for call in self.calls]

    def gave_back(self):
        """What has gone back to payers in all."""
        refunds = [refund for trade in self.trades.values() for refund in trade.refunds if refund.state == DONE]
        return sum((refund.amount for refund in refunds), Decimal(0))

    def pay_out(self, amount, at):
        """Send the merchant's money to their bank."""
        self.payouts.append((self.new_reference(), Decimal(amount), at))

    # What protocols share

    def new_reference(self):
        return f"42000{self.random.randrange(10**12):012d}{next(self.numbers):06d}"

    def violated(self, what):
        self.violations.append(what)

    def begin_refund(self, trade, number, amount):
        """A refund of this number: the one that there is, or a new one. Its amount must be the same."""
        known = next((refund for refund in trade.refunds if refund.number == number), None)
        if known:
            return known, False
        refund = Refund(number, f"50{self.new_reference()}", amount, self.now())
        refund.fails = self.refunds_are == ABNORMAL
        if self.refunds_are == AT_ONCE:
            refund.state = DONE
        trade.refunds.append(refund)
        return refund, True

    def billed(self, day):
        """What the bill of a civil day has: (kind, trade, refund, amount, fee, at); without what a test takes out."""
        rows = []
        for trade in self.trades.values():
            if trade.paid_at:
                rows.append(("payment", trade, None, trade.amount, trade.paid_at))
            rows += [("refund", trade, back, back.amount, back.at) for back in trade.refunds if back.state == DONE]
        rows += self.bill_extras
        told = []
        for kind, trade, back, amount, at in rows:
            number = back.number if back else trade.number
            if number not in self.bill_without and at.astimezone(BEIJING).date() == day:
                amount = self.bill_says.get(number, amount)
                told.append((kind, trade, back, amount, fee_of(amount), at.astimezone(BEIJING)))
        return told

    def add_to_bill(self, number, amount, at):
        """A payment that the bill has and nobody was told of."""
        trade = Trade(number, self.new_reference(), Decimal(amount), state=PAID, paid_at=at)
        self.bill_extras.append(("payment", trade, None, trade.amount, at))
        return trade

    def serve(self, heard):
        reply = self._served(heard)
        if heard.fault == HOLD:
            self.is_waiting.set()
            self.may_go_on.wait(60)
        return reply

    def _served(self, heard):
        with self.lock:
            heard.kind = self.kind_of(heard)
            heard.fault = self._fault_of(heard.kind)
            self.calls.append(heard)
            self.meanwhile.pop(heard.kind, lambda: None)()
            if heard.fault in AS_IT_IS:
                status, content_type, body = AS_IT_IS[heard.fault]
                return Reply(status, body, content_type)
            if heard.fault == "drop_before":
                raise Dropped
            if heard.fault == "busy":
                return self.busy(heard)
            try:
                if heard.fault == "refuse":
                    raise Refusal(*self.REFUSAL)
                reply = self.answer(heard)
            except Refusal as refusal:
                reply = self.refused(heard, refusal)
            if heard.fault == "drop_after":
                raise Dropped
            if heard.fault == "truncated":
                reply.body = reply.body[: len(reply.body) // 2]
            return reply

    def _fault_of(self, kind):
        for fault in self.faults:
            if fault[1] in ("", kind):
                self.faults.remove(fault)
                return fault[0]
        return ""


def fee_of(amount):
    return (amount * FEE_RATE).quantize(CENT, ROUND_HALF_UP)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, provider):
        self.provider, self.connections = provider, set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self):
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def end(self):
        self.shutdown()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request, client_address):
        """A client that went away is nothing to print."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.server.provider.serve(Heard(self.command, self.path, headers, body))
        except Dropped:
            return self._cut()
        except Exception as error:  # what it cannot read is the merchant's fault, or ours
            self.server.provider.violated(f"{self.command} {self.path}: {error!r}")
            reply = Reply(400, b"bad request", "text/plain")
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_GET

    def _cut(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        """Nothing: the tests look at `calls`."""
