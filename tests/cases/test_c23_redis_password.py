"""C23: an address of Redis that cannot be read is refused at the start, as one of the database is."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from kombu import Connection
from redis import Redis

from simportal.addresses import BadSetting, read_redis

pytestmark = pytest.mark.once

REFUSAL = (
    "REDIS_URL cannot be read: write redis://user:password@host:port/number, and in the password"
    " %23 for #, %3F for ?, %2F for /, %25 for %, %5B and %5D for brackets."
)


@pytest.mark.parametrize("password", ["p#w", "p?w", "p/w", "p%w", "p%4", "p w", "p[w", "p]w"])
def test_a_password_that_an_address_cannot_hold(password):
    with pytest.raises(BadSetting) as refusal:
        read_redis(f"redis://:{password}@127.0.0.1:6379/7")
    assert str(refusal.value) == REFUSAL


@pytest.mark.parametrize(
    "place",
    [
        *("", "/0", ":6379/0", "host:port/0", "host:0/0", "host:65536/0", "[::x]:6379/0", "[:::::]/0", "::1/0"),
        *("host/abc", "host/-1", "host/1/2", "host/0?db=1", "host/0#1", "a b/0", "a,b/0"),
    ],
)
def test_a_place_that_is_none(place):
    with pytest.raises(BadSetting) as refusal:
        read_redis(f"redis://:secret@{place}")
    assert str(refusal.value) == REFUSAL


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("redis://host", ("host", 6379, None, None, 0)),
        ("redis://host/", ("host", 6379, None, None, 0)),
        ("redis://[2001:db8::1]:6380/15", ("2001:db8::1", 6380, None, None, 15)),
        ("redis://:p%23%3F%2F%25%5B%5Dw@127.0.0.1:6379/7", ("127.0.0.1", 6379, None, "p#?/%[]w", 7)),
        ("redis://portal:p@s:s@my_redis/0", ("my_redis", 6379, "portal", "p@s:s", 0)),
        ("rediss://host:6379/1", ("host", 6379, None, None, 1)),
    ],
)
def test_what_is_taken_the_worker_and_the_readiness_read_alike(url, read):
    assert read_redis(url) == url
    pool = Redis.from_url(url).connection_pool.connection_kwargs
    assert tuple(map(pool.get, ("host", "port", "username", "password", "db"), (*read[:2], *[None] * 2, 0))) == read
    broker = Connection(url).info()
    number = broker["virtual_host"].strip("/") or "0"
    assert (*map(broker.get, ("hostname", "port", "userid", "password")), int(number)) == read


@pytest.mark.processes
@pytest.mark.parametrize(
    "door", [["manage.py", "check"], *(["-m", "celery", "-A", "simportal", name] for name in ("worker", "beat"))]
)
def test_every_door_refuses_it_in_one_sentence(door):
    done = subprocess.run(
        [sys.executable, *door],
        env=os.environ | {"REDIS_URL": "redis://:p#w@127.0.0.1:6379/7"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{REFUSAL}\n")
