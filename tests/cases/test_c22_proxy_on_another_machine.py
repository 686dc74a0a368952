"""C22: behind a proxy on another machine, what came by https is not sent to https once more."""

import http.client
import sys

import pytest

from tests.processes import free_port, listens, wait_until
from tests.test_settings import IN_SERVICE

pytestmark = pytest.mark.once

BY_HTTPS = {"Host": "sim.example.cn", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
LET_IN, SENT_TO_HTTPS = (302, "/admin/login/?next=/"), (301, "https://sim.example.cn/")


def asked(address, port):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120, source_address=(address, 0))
    client.request("GET", "/", headers=BY_HTTPS)
    response = client.getresponse()
    client.close()
    return response.status, response.headers["Location"]


@pytest.mark.parametrize(
    ("settings", "answers"),
    [
        ({"PROXIES": "1"}, {"127.0.0.1": LET_IN, "127.0.0.2": LET_IN}),
        ({"PROXIES": "0"}, {"127.0.0.1": LET_IN, "127.0.0.2": SENT_TO_HTTPS}),
        (
            {"PROXIES": "1", "FORWARDED_ALLOW_IPS": "127.0.0.2"},
            {"127.0.0.1": SENT_TO_HTTPS, "127.0.0.2": LET_IN, "127.0.0.3": SENT_TO_HTTPS},
        ),
    ],
)
def test_whose_word_for_https_is_taken(new_portal, settings, answers):
    port = free_port()
    portal = new_portal(**IN_SERVICE | {"WEB_CONCURRENCY": "1"} | settings)
    with portal.started(sys.executable, "-m", "gunicorn", "simportal.wsgi", "--bind", f"127.0.0.1:{port}"):
        wait_until(lambda: listens(port), what="the web server")
        assert {address: asked(address, port) for address in answers} == answers
