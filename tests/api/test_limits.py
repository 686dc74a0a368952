"""How often a key may ask: so many a second and more after a pause, in one process and in all."""

import pytest

from simportal.api.actions import limits
from simportal.api.actions.limits import ACTING, READING, Rate
from tests.api.program import BASE
from tests.processes import free_port

pytestmark = pytest.mark.django_db
SLOW = Rate("slow", 1, 3)


@pytest.fixture(autouse=True)
def nobody_asked():
    limits._owed.clear()


def taken(rate, subject, now):
    return limits._share(rate, limits._in_this_process(rate, subject, now))


def test_so_many_at_once_and_then_as_many_as_time_gives():
    shares = [taken(SLOW, 7, 100.0) for _time in range(4)]
    assert [(share.is_open, share.left) for share in shares] == [(True, 2), (True, 1), (True, 0), (False, 0)]
    assert shares[3].headers() == {
        "RateLimit-Policy": '"slow";q=3;w=3',
        "RateLimit": '"slow";r=0;t=1',
        "Retry-After": "1",
    }
    assert taken(SLOW, 8, 100.0).is_open  # another's
    assert [taken(SLOW, 7, 100.9).is_open, taken(SLOW, 7, 101.0).is_open, taken(SLOW, 7, 101.0).is_open] == [
        *(False, True, False),
    ]
    assert [taken(SLOW, 7, 200.0).is_open for _time in range(4)] == [True, True, True, False]


def test_without_redis_a_process_lets_in_half():
    shares = [limits.take_share(READING, 7) for _time in range(READING.burst)]
    assert sum(share.is_open for share in shares) <= READING.burst // 2 + 1
    assert not shares[-1].is_open


def test_redis_that_is_away_opens_nothing(settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    if hasattr(limits._clients, "client"):
        del limits._clients.client
    shares = [limits.take_share(ACTING, 7) for _time in range(ACTING.burst)]
    del limits._clients.client
    assert not shares[-1].is_open


def test_redis_counts_for_all_processes(redis_url, settings):
    settings.REDIS_URL = redis_url
    if hasattr(limits._clients, "client"):
        del limits._clients.client
    shares = [limits.take_share(SLOW, 7) for _time in range(4)]
    del limits._clients.client
    assert [share.is_open for share in shares] == [True, True, True, False]


def test_a_program_is_told_and_turned_away(program):
    program.is_limited = True
    first = program.send("GET", f"{BASE}/me")
    assert first.headers["RateLimit-Policy"] == '"read";q=20;w=2'
    while limits.take_share(READING, program.row.pk).is_open:
        pass
    last = program.send("GET", f"{BASE}/me")
    assert (last.status_code, last.json()["code"], last.headers["Retry-After"]) == (429, "too_many_requests", "1")
    assert program.send("GET", f"{BASE}/me", authorization=None).status_code == 401
