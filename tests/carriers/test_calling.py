"""Calls over HTTP to a server that misbehaves: what is heard, what is not, and that nothing secret stays behind."""

import contextlib
import json
import re
import socket
import threading
import time

import pytest

from cards import calling as transport
from cards.carriers import calling
from cards.carriers.actions.answers import answers_to
from cards.carriers.actions.slots import REAL
from cards.carriers.calling import CarrierCall
from cards.carriers.results import Access, LoginRefused, NoAmount, Sim
from cards.errors import NothingHeard

pytestmark = pytest.mark.once

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def whole_request(connection):
    """Head and body, which may come one after the other."""
    got = b""
    while piece := connection.recv(65_536):
        got += piece
        head, ends, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if ends and len(body) >= int(length[1] if length else 0):
            break
    return got


@contextlib.contextmanager
def server(*pieces, pause=0.0, hangs=False):
    """Answers each connection with these pieces of bytes, one after the other; what it was sent, and its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    heard, over = [], threading.Event()

    def answer(connection):
        with connection, contextlib.suppress(OSError):
            heard.append(whole_request(connection))
            for piece in pieces:
                connection.sendall(piece)
                if over.wait(pause):
                    return
            if hangs:
                over.wait(30)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield heard, f"http://127.0.0.1:{listening.getsockname()[1]}"
    over.set()
    listening.close()


def call_to(base_url, **secrets):
    access = Access("trial", base_url, {}, secrets or {"password": "sesame"}, {})
    return CarrierCall(access, "me", REAL, lambda: None, tokens=None)


def impatient(monkeypatch, read_s=0.3, wall_s=0.6):
    monkeypatch.setattr(transport, "_READ_S", read_s)
    monkeypatch.setattr(calling, "WALL_S", wall_s)


def test_no_words_of_an_answer_hold_a_secret():
    sim = Sim(1, "89860000000000000001")
    (told,) = answers_to(lambda: [NoAmount(sim, "no sesame today")], call_to("https://x.example"), 1)
    assert told == NoAmount(sim, "no *** today")


def test_a_secret_is_known_however_an_answer_spells_it():
    call, secret = call_to("https://x.example", password='a"b&卡'), 'a"b&卡'
    said = [secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), 'a"b&amp;卡', "a%22b%26%E5%8D%A1"]
    assert [call.masked(each) for each in said] == ["***", '"***"', '"***"', "***", "***"]


def test_what_stands_in_a_header_is_known_without_its_scheme():
    with server(OK) as (_heard, url):
        call = call_to(url)
        call("GET", "/", headers={"Authorization": "Basic dXNlcjprZXk="})
    assert call.masked("no user dXNlcjprZXk= here") == "no user *** here"


def test_an_answer_is_given_as_it_came_whatever_its_status():
    with server(b"HTTP/1.1 503 Busy\r\nX-One: 1\r\nContent-Length: 5\r\n\r\n\xff<p>!") as (heard, url):
        call = call_to(url)
        answer = call("POST", "api/x", query=[("a", "1 2"), ("b", "卡")], document={"x": "卡"}, headers={"AppKey": "k"})
    assert (answer.status, answer.headers["x-one"], answer.body) == (503, "1", b"\xff<p>!")
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/x?a=1%202&b=%E5%8D%A1 HTTP/1.1\r\n")
    assert {b"AppKey: k", b"Accept-Encoding: identity"} <= set(head.split(b"\r\n"))
    assert body == '{"x":"卡"}'.encode()


def test_a_redirect_is_an_answer_and_is_not_followed():
    with server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as (heard, url):
        assert call_to(url)("GET", "/").status == 302
    assert len(heard) == 1


def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with server(OK) as (_heard, url):
        assert call_to(url)("GET", "/").body == b"ok"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"],
        [b"nonsense\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", b"x" * 1_048_577],
    ],
    ids=["hung up", "cut short", "cut in chunks", "no HTTP", "too long"],
)
def test_no_whole_answer_is_nothing_heard(pieces):
    with server(*pieces) as (_heard, url), pytest.raises(NothingHeard):
        call_to(url)("GET", "/")


def test_as_much_as_is_allowed_is_heard():
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", b"x" * 1_048_576) as (_heard, url):
        assert len(call_to(url)("GET", "/").body) == 1_048_576


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"HTTP/1.1 200 OK\r\n", *[b"X: 1\r\n"] * 100],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *[b"x"] * 99],
    ],
    ids=["says nothing", "a head in drops", "a body in drops"],
)
def test_whoever_is_slow_is_given_up(monkeypatch, pieces):
    impatient(monkeypatch)
    began = time.monotonic()
    with server(*pieces, pause=0.1, hangs=True) as (_heard, url), pytest.raises(NothingHeard):
        call_to(url)("GET", "/")
    assert time.monotonic() - began < 3


def test_nobody_there_is_nothing_heard():
    with pytest.raises(NothingHeard):
        call_to("http://127.0.0.1:1")("GET", "/")


def test_plain_http_goes_to_this_machine_alone_or_where_there_is_nothing_else():
    with pytest.raises(LoginRefused):
        call_to("http://carrier.example")("GET", "/")


def test_what_is_kept_of_a_call_has_no_secret():
    said = b"password=sesame&again=a%2Fb and c2VzYW1l, token T-1, Basic dXNlcg=="
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)) as (_heard, url):
        call = call_to(url, password="sesame", key="a/b")
        call._known("T-1")
        call("GET", "/", headers={"Authorization": "Basic dXNlcg=="}, request_id="R" * 99)
    (kept,) = call.exchanges
    assert (kept.text, kept.request_id, kept.is_heard) == (
        "password=***&again=*** and ***, token ***, ***",
        "R" * 64,
        True,
    )


def test_a_call_that_got_no_answer_is_kept_without_its_address():
    call = call_to("http://127.0.0.1:1")
    with pytest.raises(NothingHeard):
        call("GET", "/", query=[("token", "sesame")])
    (kept,) = call.exchanges
    assert (kept.text, kept.is_heard) == ("NewConnectionError", False)
