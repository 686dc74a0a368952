from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from cards.calendar import civil_today
from cards.models import SweptDay
from simportal.models import Tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready():
    Tick.record("simportal.heartbeat")


def readyz(client):
    response = client.get("/readyz")
    return response.status_code, response.json()


def swept(days_ago):
    day = civil_today() - timedelta(days=days_ago)
    SweptDay.objects.create(day=day, finished_at=timezone.now())
    return day.isoformat()


def test_alive_asks_nobody_else(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"alive": True}


def test_ready(client, ready):
    assert readyz(client) == (
        200,
        {
            "ready": True,
            "database": {"ok": True, "vendor": connection.vendor},
            "tick": {"ok": True, "seconds_ago": 0},
            "sweep": {"ok": True, "last_day": None, "days_behind": 0},
            "broker": {"ok": True, "kind": "embedded"},
        },
    )


def test_a_worker_that_never_ticked_is_not_ready(client):
    status, answer = readyz(client)
    assert (status, answer["tick"]) == (503, {"ok": False, "seconds_ago": None})


def test_a_deaf_worker_is_not_ready(client, ready):
    Tick.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
    status, answer = readyz(client)
    assert (status, answer["tick"]) == (503, {"ok": False, "seconds_ago": 300})


def test_yesterday_swept_is_in_time(client, ready):
    day = swept(1)
    assert readyz(client)[1]["sweep"] == {"ok": True, "last_day": day, "days_behind": 1}


def test_a_sweep_that_fell_behind_is_not_ready(client, ready):
    day = swept(2)
    status, answer = readyz(client)
    assert (status, answer["sweep"]) == (503, {"ok": False, "last_day": day, "days_behind": 2})


def test_a_day_begun_is_not_a_day_swept(client, ready):
    swept(2)
    SweptDay.objects.create(day=civil_today())
    assert readyz(client)[1]["sweep"]["days_behind"] == 2


def test_redis_that_answers(client, ready, settings, redis_url):
    settings.REDIS_URL = redis_url
    assert readyz(client)[1]["broker"] == {"ok": True, "kind": "redis"}


def test_redis_that_is_gone(client, ready, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    status, answer = readyz(client)
    assert (status, answer["broker"]) == (503, {"ok": False, "kind": "redis"})


def test_a_database_that_is_gone(client):
    with connection.execute_wrapper(refuse):
        status, answer = readyz(client)
    assert (status, answer) == (
        503,
        {
            "ready": False,
            "database": {"ok": False, "vendor": connection.vendor},
            "broker": {"ok": True, "kind": "embedded"},
        },
    )


def refuse(*_):
    raise OperationalError("the connection is closed")
