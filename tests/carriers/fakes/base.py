"""A carrier of our own: a real HTTP server on loopback, with cards, an account, a clock, and all that may go wrong.

Each protocol's fake is written from `carrier-protocols.md` alone, and knows nothing of the portal's adapters. It checks
what it is sent strictly, and keeps what was wrong with it in `violations`. What public sources do not tell, a code of
an error say, it invents anew for each seed.
"""

import contextlib
import http.server
import json
import math
import os
import random
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

BEIJING = timezone(timedelta(hours=8))
CONTROL = "/__control__"
MB = 1024 * 1024

TOKEN, CHANGE, ASK, ORDER, USAGE, OTHER, ANY = "token", "change", "ask", "order", "usage", "other", "any"

# What may go wrong with a call. Those of the first line have no effect on the card, those of the second have it.
BEFORE = ("500", "503", "html", "garbage", "empty", "drop_before", "slow_before", "refuse", "busy")
AFTER = ("truncated", "broken_off", "drop_after", "slow_after", "lie_failed", "hold")
NEVER_DONE = ("lie_ok", "fail")  # accepted, and never done; accepted, and failed later with words
FAULTS = (*BEFORE, *AFTER, *NEVER_DONE)
AS_IT_IS = {  # status, content type, body
    "500": (500, "text/plain", b"Internal Server Error"),
    "503": (503, "text/html", b"<html><body><h1>503 Service Unavailable</h1></body></html>"),
    "html": (200, "text/html", "<!DOCTYPE html><html><body>系统维护中</body></html>".encode()),
    "garbage": (200, "application/json", b"\x00\xff\xfe{]'; not JSON \x80"),
    "empty": (200, "application/json", b""),
}
# What became of an order that reached a card.
DONE, ALREADY, GUARDED, REFUSED, BUSY, IMPOSSIBLE = "done", "already", "guarded", "refused", "busy", "impossible"


@dataclass
class Sim:
    """A card at the carrier. `effects` are the changes that took place, each with its instant and its new state."""

    iccid: str
    msisdn: str
    imsi: str
    state: str = "active"  # test stock silent active stopped pre_cancelled cancelled strange
    reasons: set = field(default_factory=set)  # why it is stopped: own device ended managed credit region forced
    is_named: bool = True
    is_data_on: bool = True
    imei: str = "861537040000019"
    since: float = 0
    changed_at: float = -math.inf  # when it was last ordered to change
    guarded_until: float = -math.inf  # somebody changed it on the carrier's own pages
    effects: list = field(default_factory=list)
    used: dict = field(default_factory=dict)  # bytes by day; None: the carrier says nothing
    style: int = 0  # which of two tables of codes it has, where the carrier has two

    @property
    def done(self):
        return [word for _, word in self.effects]


@dataclass
class Order:
    """What was accepted of one or more cards, and becomes so when its time comes."""

    number: str
    sims: list
    word: str
    due: float
    made_at: float
    failed: str = ""  # the carrier's words, where it comes to nothing
    is_done: bool = False


@dataclass
class Fault:
    kind: str
    times: float
    calls: str
    number: str
    seconds: float


@dataclass
class Heard:
    """A call as it came."""

    at: float
    method: str
    path: str
    query: list
    headers: dict
    body: bytes
    kind: str = OTHER
    numbers: tuple = ()
    fault: Fault | None = None
    connection: socket.socket | None = None

    def is_hung_up(self):
        """Whether the caller has gone away."""
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except (OSError, ValueError):
            return True

    @property
    def parameters(self):
        return dict(self.query)

    def json(self):
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError("not an object")
        return document


@dataclass
class Reply:
    status: int
    content_type: str
    body: bytes

    @classmethod
    def json(cls, document, status=200):
        return cls(status, "application/json;charset=UTF-8", json.dumps(document, ensure_ascii=False).encode())

    @classmethod
    def xml(cls, text):
        return cls(200, "text/xml;charset=UTF-8", f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode())

    @classmethod
    def plain(cls, text, status=200):
        return cls(status, "text/plain;charset=UTF-8", text.encode())


class Dropped(Exception):
    """The connection is cut, and no answer given."""


class FakeCarrier:
    """What all of them have in common. A protocol says what a call is (`kind_of`), and what is answered (`answer`)."""

    NAME = CARRIER = ""
    CHANGES_AT_ONCE = 1
    HAS_TOKEN = HAS_ORDERS = HAS_PUSH = HAS_REASONS = False
    AT_ONCE = math.inf
    DAYS = True  # usage is told by day; else of the cycle so far

    def __init__(self, seed=None):
        self.seed = seed if seed is not None else int(os.environ.get("FAKE_SEED") or random.randrange(10**9))
        self.random = random.Random(self.seed)
        self.codes, self.sims, self.by_number, self.orders, self.pending, self.tokens = {}, {}, {}, {}, [], {}
        self.faults, self.often, self.calls, self.violations = [], {}, [], []
        self.lock, self.going_on = threading.RLock(), []
        self.ahead = 0.0
        self.days_ahead = 0  # its books are open at a later day than its clock says
        self.lag = 0.0
        self.guard_s = 0.0
        self.rate = math.inf
        self.is_address_refused = False
        self.logins, self.ever_given = 0, set()
        self.may_go_on = threading.Event()  # ends everything that is slow, or held
        self.is_waiting = threading.Event()  # somebody is kept waiting
        self.seen_before = set()
        self.server = _Server(self)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        self.begin()

    def begin(self):
        """What this protocol's account has beside: invented names, keys, figures."""

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.may_go_on.set()
        self.server.end()

    # The account, as `carrier_account` is told of it

    fields: dict = {}
    secrets: dict = {}

    @property
    def settings(self):
        """What this carrier's manager told us, beside the fields."""
        return {}

    # Cards

    def add(self, iccid, state="active", **columns):
        """A card of this account. `used` is {day: bytes}."""
        number = len(self.sims) + 1
        columns.setdefault("msisdn", f"149{self.seed % 1000:03d}{number:07d}")
        columns.setdefault("style", self.random.randrange(2))
        columns.setdefault("imsi", f"46004{self.seed % 1000:03d}{number:07d}")
        sim = Sim(str(iccid), state=state, since=self.now(), **columns)
        if state == "stopped" and not sim.reasons:
            sim.reasons = {"own"}
        self.sims[sim.iccid] = sim
        self.by_number |= dict.fromkeys((sim.iccid, sim.iccid[:19], sim.msisdn, sim.imsi), sim)
        return sim

    def find(self, number):
        self.tick()
        return self.by_number.get(number)

    def done(self, iccid):
        """The states that the card took by orders, in their order."""
        with self.lock:
            self.tick()
            return self.sims[str(iccid)].done

    # The clock

    def now(self):
        return time.time() + self.ahead

    def advance(self, seconds):
        with self.lock:
            self.ahead += seconds
            self.tick()

    def beijing(self, at=None):
        return datetime.fromtimestamp(self.now() if at is None else at, BEIJING)

    def today(self):
        return self.beijing().date() + timedelta(days=self.days_ahead)

    def is_recent(self, text, form, zone=BEIJING, minutes=10):
        """Whether this is an instant of about now."""
        try:
            told = datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            return False
        return abs((told - datetime.fromtimestamp(self.now(), UTC)).total_seconds()) <= minutes * 60

    # What goes wrong

    def spoil(self, kind, times=1, calls=CHANGE, number="", seconds=40):
        """The next `times` calls of this sort (about this card) go wrong so."""
        assert kind in FAULTS, kind
        with self.lock:
            self.faults.append(Fault(kind, times, calls, str(number), seconds))

    def spoil_often(self, **shares):
        """From here on, this share of all changes goes wrong so."""
        self.often = shares

    def heal(self):
        with self.lock:
            self.faults, self.often = [], {}

    def invented(self, meaning):
        """The code by which this carrier says so, which nobody has published."""
        if meaning not in self.codes:
            code = self.new_code()
            while code in self.codes.values():
                code = self.new_code()
            self.codes[meaning] = code
        return self.codes[meaning]

    def new_code(self):
        return f"E{self.random.randrange(10_000, 99_999)}"

    def violated(self, what):
        self.violations.append(what)

    def once(self, name, value):
        """What has to differ from call to call does."""
        if (name, value) in self.seen_before:
            self.violated(f"{name} {value} came twice")
        self.seen_before.add((name, value))

    def _fault_of(self, heard):
        for fault in self.faults:
            of_this = fault.calls in (ANY, heard.kind) and (not fault.number or self.is_about(heard, fault.number))
            if fault.times > 0 and of_this:
                fault.times -= 1
                return fault
        if heard.kind == CHANGE:
            lot = self.random.random()
            for kind, share in self.often.items():
                if lot < share:
                    return Fault(kind, 1, CHANGE, "", 0)
                lot -= share
        return None

    def is_about(self, heard, number):
        sim = self.find(number)
        return any(self.find(each) is sim for each in heard.numbers) if sim else number in heard.numbers

    # Orders

    def order(self, heard, sims, word, begins_in, number=""):
        """These cards shall become so, where they are in one of the states `begins_in`. What became of it, and where it
        was taken the order.

        One that is guarded, already so or impossible stops all of them.
        """
        self.tick()
        fault = heard.fault.kind if heard.fault else ""
        if fault in ("refuse", "busy"):
            return {"refuse": REFUSED, "busy": BUSY}[fault], None
        for sim in sims:
            if (outcome := self._allowed(sim, word, begins_in)) != DONE:
                return outcome, None
        made = Order(number or self.order_number(), list(sims), word, self.now() + self.lag, self.now())
        if fault in NEVER_DONE:
            made.due = math.inf  # nothing tells it from one that is on its way
            made.failed = "施工失败：" + self.invented("order failed") if fault == "fail" else ""
        for sim in sims:
            sim.changed_at = self.now()
        self.orders[made.number] = made
        self.pending.append(made)
        self.tick()
        return (REFUSED if fault == "lie_failed" else DONE), made

    def _allowed(self, sim, word, begins_in):
        now = self.now()
        if now < sim.guarded_until:
            return GUARDED
        if now < sim.changed_at + self.guard_s:
            self.violated(f"{sim.iccid} changed again after {now - sim.changed_at:.2f} s")
            return GUARDED
        if self.is_so(sim, word):
            return ALREADY
        return DONE if begins_in is None or sim.state in begins_in else IMPOSSIBLE

    @staticmethod
    def is_so(sim, word):
        if word in ("data_on", "data_off"):
            return sim.is_data_on == (word == "data_on")
        if word == "stopped":
            return "own" in sim.reasons
        return sim.state == word

    def order_number(self):
        return f"{self.beijing():%Y%m%d%H%M%S}{self.random.randrange(10**8):08d}"

    def tick(self):
        """What is due by now takes place."""
        with self.lock:
            now = self.now()
            due = [order for order in self.pending if order.due <= now]
            self.pending = [order for order in self.pending if order.due > now]
            for order in due:
                order.is_done = True
                for sim in order.sims:
                    self._take_place(sim, order.word, order.due)

    def _take_place(self, sim, word, at):
        sim.effects.append((at, word))
        if word in ("data_on", "data_off"):
            sim.is_data_on = word == "data_on"
            return
        if word == "stopped":
            sim.reasons.add("own")
        else:
            sim.reasons.discard("own")
            if sim.reasons and word == "active":
                return  # the carrier's own reason stands
        sim.state, sim.since = word, at

    # Usage

    def used_on(self, sim, day):
        """Bytes of a day; None where nothing is told."""
        return sim.used.get(day, 0)

    def used_between(self, sim, first, last):
        return sum(amount or 0 for day, amount in sim.used.items() if first <= day <= last)

    def cycle_began(self, day=None):
        """The first day of the cycle that `day` is in."""
        return (day or self.today()).replace(day=1)

    # HTTP

    def serve(self, heard):
        """What is answered, after everything that goes wrong on the way."""
        with self.lock:
            self.going_on.append(heard)
        try:
            return self._serve(heard)
        finally:
            with self.lock:
                self.going_on = [call for call in self.going_on if call is not heard]

    def _serve(self, heard):
        with self.lock:
            heard.at = self.now()
            try:
                heard.kind, heard.numbers = self.kind_of(heard)
            except (ValueError, KeyError, TypeError) as error:
                self.violated(f"{heard.path}: {error!r}")
            self.calls.append(heard)
            self._watch_the_rate(heard.at)
            fault = heard.fault = self._fault_of(heard)
        kind = fault.kind if fault else ""
        if self.is_address_refused:
            return Reply(403, "text/html", b"<html><body>403 Forbidden: IP not in white list</body></html>")
        if kind in AS_IT_IS:
            return Reply(*AS_IT_IS[kind])
        if kind == "slow_before":
            self._keep_waiting(heard)
            raise Dropped
        if kind == "drop_before":
            raise Dropped
        with self.lock:
            self.tick()
            try:
                reply = self.answer(heard)
            except (ValueError, KeyError, TypeError) as error:
                self.violated(f"{heard.method} {heard.path}: {error!r}")
                reply = Reply.plain("参数错误", 400)
        if kind in ("slow_after", "hold"):
            self._keep_waiting(heard)
        if kind in ("drop_after", "slow_after"):
            raise Dropped
        if kind == "truncated":
            reply.body = reply.body[: len(reply.body) // 2]
        return reply

    def _keep_waiting(self, heard):
        """Until it is released, its time is over, or nobody waits for the answer any more."""
        self.is_waiting.set()
        until = time.monotonic() + heard.fault.seconds
        while not self.may_go_on.wait(0.05) and time.monotonic() < until:
            if heard.is_hung_up():
                return

    def _watch_the_rate(self, now):
        """A little is forgiven: calls that start evenly may arrive unevenly."""
        lately = [call for call in self.calls[-1000:] if call.at > now - 0.85]
        if len(lately) > self.rate:
            self.violated(f"{len(lately)} calls within a second")
        at_once = sum(not call.is_hung_up() for call in self.going_on)
        if at_once > self.AT_ONCE:
            self.violated(f"{at_once} calls at once")

    def calls_of(self, *kinds):
        return [call for call in self.calls if call.kind in kinds]

    # For other processes

    def report(self):
        with self.lock:
            self.tick()
            return {
                "seed": self.seed,
                "cards": {sim.iccid: {"state": sim.state, "effects": sim.done} for sim in self.sims.values()},
                "calls": [[call.kind, list(call.numbers)] for call in self.calls],
                "violations": self.violations,
                "logins": self.logins,
            }

    def control(self, document):
        """{"do": a method's name, "with": {…}}, or {"set": {"lag": 5}}."""
        for name, value in document.get("set", {}).items():
            if name not in ("lag", "guard_s", "rate", "is_address_refused", "ahead"):
                raise ValueError(name)
            setattr(self, name, value)
        if name := document.get("do"):
            if name not in ("add", "spoil", "spoil_often", "heal", "advance", "expire_tokens", "use"):
                raise ValueError(name)
            getattr(self, name)(**document.get("with", {}))
        return self.report()

    def use(self, iccid, day, amount):
        """So many bytes on that day, whatever was said before; None, and nothing is said."""
        self.sims[str(iccid)].used[date.fromisoformat(str(day))] = amount

    def expire_tokens(self):
        with self.lock:
            self.tokens.clear()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, carrier):
        self.carrier, self.connections = carrier, set()
        super().__init__(("127.0.0.1", int(os.environ.get("FAKE_PORT") or 0)), _Handler)

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
        carrier = self.server.carrier
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if address.path == CONTROL:
            return self._send(Reply.json(carrier.control(json.loads(body or b"{}"))))
        heard = Heard(
            at=0,
            method=self.command,
            path=address.path,
            query=parse_qsl(address.query, keep_blank_values=True, strict_parsing=bool(address.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            connection=self.connection,
        )
        try:
            reply = carrier.serve(heard)
        except Dropped:
            return self._cut()
        self._send(reply, is_broken_off=bool(heard.fault) and heard.fault.kind == "broken_off")

    do_POST = do_PUT = do_DELETE = do_GET

    def _send(self, reply, is_broken_off=False):
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if not is_broken_off:
            self.wfile.write(reply.body)
            return
        self.wfile.write(reply.body[: len(reply.body) // 2])
        self._cut()

    def _cut(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        """Nothing: the tests look at `calls`."""
