"""What a Sentry is told of: mistakes, once each, and nothing of people's."""

import contextlib
import gzip
import http.server
import json
import threading

import pytest

from tests.own_portal import python
from tests.test_settings import IN_SERVICE

pytestmark = pytest.mark.processes

SECRETS = {"query": "q-3301061990", "form": "f-3301061990", "cookie": "c-3301061990", "header": "h-3301061990"}
SECRETS |= {"password": "p-3301061990", "local": "l-3301061990", "raised": "r-3301061990", "name": "n-3301061990"}
WORK = f"""
import logging
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from tests.console.pages import logged_in
from simportal.sentry import sentry_sdk

def mistaken(*_):
    local = {SECRETS["local"]!r}
    raise ValueError({SECRETS["raised"]!r})

def away(*_):
    raise OperationalError("the connection is closed")

user = User.objects.create_superuser({SECRETS["name"]!r}, password={SECRETS["password"]!r})
client = logged_in(user, Client(raise_request_exception=False, HTTP_HOST="sim.example.cn", REMOTE_ADDR="198.51.100.7"))
client.cookies["c"] = {SECRETS["cookie"]!r}
how = {{"secure": True, "headers": {{"X-Secret": {SECRETS["header"]!r}, "Accept": "application/json"}}}}
for broken in (away, mistaken):
    with connection.execute_wrapper(broken):
        answer = client.post("/console/jobs/7/start/?q={SECRETS["query"]}", {{"name": {SECRETS["form"]!r}}}, **how)
    print(answer.status_code, answer.headers["X-Request-ID"])
logging.getLogger("cards.actions.jobs.worker").error("Job %s met a mistake", {SECRETS["raised"]!r})
logging.getLogger("celery.beat").error("beat: Connection error")
for _time in range(3):
    try:
        mistaken()
    except ValueError:
        logging.getLogger("cards.x").exception("A bell met a mistake")
sentry_sdk.flush(10)
"""


@contextlib.contextmanager
def a_sentry():
    """A server on this machine, and what it is sent."""
    sent = []

    class Envelopes(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.append(gzip.decompress(body).decode() if self.headers["Content-Encoding"] == "gzip" else body.decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Envelopes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://0a1b2c3d@127.0.0.1:{server.server_port}/7", sent
        server.shutdown()


def test_a_mistake_arrives_once_with_its_number_and_no_data(new_portal):
    with a_sentry() as (dsn, sent):
        printed = python(new_portal(**IN_SERVICE, SENTRY_DSN=dsn), WORK)
    (away, _number), (mistaken, number) = map(str.split, printed.splitlines())
    assert (away, mistaken) == ("503", "500")
    assert [
        secret for secret in (*SECRETS.values(), "198.51.100.7", IN_SERVICE["SECRET_KEY"]) if secret in str(sent)
    ] == []
    events = [json.loads(envelope.splitlines()[-1]) for envelope in sent]
    route = "/console/jobs/<int:pk>/start/"
    assert [event["tags"] for event in events] == [{"request": number, "route": route}, {}, {}]
    assert [event.get("message") for event in events] == [None, "Job %s met a mistake", "A bell met a mistake"]
    error = events[0]["exception"]["values"][-1]
    assert (error["type"], error["stacktrace"]["frames"][-1]["function"]) == ("ValueError", "mistaken")
    assert events[0]["transaction"] == route


def test_without_an_address_it_is_not_even_loaded(new_portal):
    assert python(new_portal(**IN_SERVICE), "import sys; print('sentry_sdk' in sys.modules)") == "False\n"
