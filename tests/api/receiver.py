"""A customer's server, as far as tests need one: it keeps what comes, and answers as it is told to."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Received(NamedTuple):
    """A request as it came: its headers by lower-case names, and its body."""

    path: str
    headers: dict
    body: bytes

    @property
    def document(self):
        return json.loads(self.body)

    @property
    def number(self):
        return self.headers["webhook-id"]


class Receiver:
    """`answers` are taken one after the other, the last one again and again: a status, (status, headers, body), or
    "drop" and "silence"."""

    def __init__(self, answers):
        self.answers, self.received = list(answers), []
        self.at_once = self.most_at_once = 0
        self.slowly_s = 0
        self._lock, self._over = threading.Lock(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/sim?from=portal"

    @property
    def numbers(self):
        return [each.number for each in self.received]

    @property
    def documents(self):
        return [each.document for each in self.received]

    def close(self):
        self._over.set()
        self.server.shutdown()
        self.server.server_close()

    def _next(self):
        with self._lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                with receiver._lock:
                    receiver.at_once += 1
                    receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body))
                time.sleep(receiver.slowly_s)
                answer = receiver._next()
                with receiver._lock:
                    receiver.at_once -= 1
                self._answer(answer)

            def _answer(self, answer):
                self.close_connection = True
                if answer == "drop":
                    self.connection.close()
                elif answer == "silence":
                    receiver._over.wait(30)
                elif answer == "drip":
                    with contextlib.suppress(OSError):
                        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
                            if receiver._over.wait(0.02):
                                break
                            self.wfile.write(bytes([byte]))
                else:
                    status, headers, body = answer if isinstance(answer, tuple) else (answer, {}, b"ok")
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": str(len(body))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_args):
                pass

        return Handler


@contextlib.contextmanager
def receiving(*answers):
    """A server on this machine that answers so; 200 if nothing is said."""
    receiver = Receiver(answers or (200,))
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        thread.join()
