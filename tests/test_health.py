import os
import shutil
import socket
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from cards.calendar import civil_today
from cards.models import DaysAtWork, Job, StepOfDay, SweptDay
from simportal import health
from simportal.health import BACKUP_MARK, FREE_BYTES_NEEDED, FULL, OF_MACHINE
from simportal.models import Tick
from simportal.schedule import BEAT_SCHEDULE

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
    status, answer = readyz(client)
    assert 0 <= answer["tick"].pop("seconds_ago") < 10  # a first answer may take a second
    assert (status, answer) == (
        200,
        {
            "ready": True,
            "database": {"ok": True, "vendor": connection.vendor},
            "tick": {"ok": True},
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


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_gone(client, error):
    def refuse(*_):
        raise error("the connection is closed")

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


# all of it, for whoever has the token


TOKEN = "a-long-and-random-token"


@pytest.fixture
def all_bells_rung(settings, tmp_path):
    """And a backup made just now."""
    for entry in BEAT_SCHEDULE.values():
        Tick.record(entry["task"])
    settings.VAR_DIR = tmp_path
    (tmp_path / BACKUP_MARK).touch()


def full(client, token=TOKEN):
    response = client.get("/readyz?full", headers={"Authorization": f"Bearer {token}"})
    return response.status_code, response.json()


@pytest.mark.parametrize("said", [{}, {"Authorization": "Bearer another"}, {"Authorization": TOKEN}])
def test_without_the_token_all_is_the_public_part(client, ready, settings, said):
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/readyz?full", headers=said).json() == client.get("/readyz").json()


def test_where_no_token_is_set_nobody_has_it(client, ready):
    assert list(full(client, "")[1]) == ["ready", "database", "tick", "sweep", "broker"]


def test_all_of_it(client, all_bells_rung, settings):
    settings.METRICS_TOKEN = TOKEN
    status, answer = full(client)
    assert (status, list(answer)) == (200, ["ready", "database", "tick", "sweep", *FULL, "broker", *OF_MACHINE])
    names = [entry["task"] for entry in BEAT_SCHEDULE.values()]
    bells = answer["bells"]
    assert (bells["ok"], bells["late"], list(bells["seconds_ago"])) == (True, [], names)
    assert max(bells["seconds_ago"].values()) < 30  # a machine with much to do takes a while to ask
    assert answer["jobs"] == {"ok": True, "waiting": 0, "seconds_still": 0}


def test_a_bell_that_nobody_answers_is_late(client, all_bells_rung, settings):
    settings.METRICS_TOKEN = TOKEN
    Tick.objects.filter(name="simportal.days").update(finished_at=timezone.now() - timedelta(seconds=60 + 120 + 1))
    Tick.objects.filter(name="billing.expiry").update(finished_at=timezone.now() - timedelta(seconds=60 + 119))
    Tick.objects.filter(name="billing.mail").delete()
    status, answer = full(client)
    assert (status, answer["bells"]["ok"], answer["bells"]["late"]) == (503, False, ["simportal.days", "billing.mail"])
    assert readyz(client)[0] == 200


@pytest.mark.parametrize(("minutes", "is_well"), [(9, True), (11, False)])
def test_jobs_that_stand_still(client, all_bells_rung, settings, minutes, is_well):
    settings.METRICS_TOKEN = TOKEN
    job = Job.objects.create(kind="export")
    Job.objects.create(kind="export", status="done")
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=minutes))
    jobs = full(client)[1]["jobs"]
    assert jobs == {"ok": is_well, "waiting": 1, "seconds_still": pytest.approx(minutes * 60, abs=30)}
    Job.objects.filter(pk=job.pk).update(worker="w", leased_until=timezone.now() + timedelta(seconds=80))
    assert full(client)[1]["jobs"] == {"ok": True, "waiting": 1, "seconds_still": 0}


def test_a_brake_that_waits_for_somebody(client, all_bells_rung, settings):
    settings.METRICS_TOKEN = TOKEN
    today = civil_today()
    braked = SweptDay.objects.create(day=today, braked_at=timezone.now())
    assert full(client)[1]["brake"] == {"ok": False, "days": [today.isoformat()], "too_many_days": False}
    SweptDay.objects.filter(pk=braked.pk).update(released_by="ops")
    assert full(client)[1]["brake"] == {"ok": True, "days": [], "too_many_days": False}


@pytest.mark.parametrize(("days", "is_well"), [(60, True), (61, False)])
def test_more_days_left_than_are_made_up_for_unasked(client, all_bells_rung, settings, days, is_well):
    settings.METRICS_TOKEN = TOKEN
    DaysAtWork.objects.create(pk=1, first_day=civil_today() - timedelta(days=days))
    assert full(client)[1]["brake"] == {"ok": is_well, "days": [], "too_many_days": not is_well}


@pytest.mark.parametrize(
    ("days_ago", "row", "rings"),
    [
        (0, {"tries": 2}, False),
        (0, {"tries": 3}, True),
        (1, {"tries": 3}, True),
        (1, {"tries": 3, "finished_at": timezone.now()}, False),
        (7, {"tries": 5, "gave_up": True, "finished_at": timezone.now()}, True),
        (8, {"tries": 5, "gave_up": True, "finished_at": timezone.now()}, False),
    ],
)
def test_a_step_that_fails_again_and_again(client, all_bells_rung, settings, days_ago, row, rings):
    settings.METRICS_TOKEN = TOKEN
    step = StepOfDay.objects.create(day=civil_today() - timedelta(days=days_ago), step="renewals", **row)
    assert full(client)[1]["steps"] == {"ok": not rings, "failing": [f"{step.day} renewals"] if rings else []}


# what is asked of the machine


@pytest.mark.parametrize(("free", "is_well"), [(FREE_BYTES_NEEDED, True), (FREE_BYTES_NEEDED - 1, False)])
def test_a_disk_that_fills(client, all_bells_rung, settings, monkeypatch, free, is_well):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, free))
    assert full(client)[1]["disk"] == {"ok": is_well, "free_bytes": free}


def test_a_disk_that_is_gone(client, all_bells_rung, settings):
    settings.METRICS_TOKEN, settings.MEDIA_ROOT = TOKEN, "/nowhere"
    assert full(client)[1]["disk"] == {"ok": False, "free_bytes": 0}


@pytest.mark.parametrize(("hours", "is_well"), [(25.9, True), (26.1, False)])
def test_a_backup_that_is_too_old(client, all_bells_rung, settings, hours, is_well):
    settings.METRICS_TOKEN = TOKEN
    made_at = time.time() - hours * 3600
    os.utime(settings.VAR_DIR / BACKUP_MARK, (made_at, made_at))
    assert full(client)[1]["backup"] == {"ok": is_well, "hours_ago": hours}


@pytest.mark.parametrize("is_demo", [True, False])
def test_a_backup_that_was_never_made(client, all_bells_rung, settings, is_demo):
    settings.METRICS_TOKEN, settings.ENV = TOKEN, replace(settings.ENV, debug=is_demo)
    (settings.VAR_DIR / BACKUP_MARK).unlink()
    assert full(client)[1]["backup"] == {"ok": is_demo, "hours_ago": None}


def test_the_machine_is_told_while_the_database_is_away(client, settings):
    settings.METRICS_TOKEN = TOKEN
    with connection.execute_wrapper(refuse):
        assert list(full(client)[1]) == ["ready", "database", "broker", *OF_MACHINE]


# a clock that was set back


def test_a_tick_of_the_future_is_not_well(client, ready):
    Tick.objects.update(finished_at=timezone.now() + timedelta(hours=1))
    status, answer = readyz(client)
    assert (status, answer["tick"]) == (
        503,
        {"ok": False, "seconds_ago": -3600, "why": "it lies in the future: was the clock set back?"},
    )


def test_clocks_of_two_machines_may_differ_a_little(client, ready):
    Tick.objects.update(finished_at=timezone.now() + timedelta(seconds=3))
    assert readyz(client)[1]["tick"] == {"ok": True, "seconds_ago": -3}


def test_a_day_swept_that_has_not_come_is_not_well(client, ready):
    day = swept(-1)
    status, answer = readyz(client)
    told = {"ok": False, "last_day": day, "days_behind": -1, "why": "it lies in the future: was the clock set back?"}
    assert (status, answer["sweep"]) == (503, told)


# never longer than two seconds


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite makes no reader wait")
def test_a_database_that_keeps_it_waiting(client, ready, monkeypatch):
    monkeypatch.setitem(health.PUBLIC, "tick", sleep_in_the_database)
    monkeypatch.setattr(health, "READY_SECONDS", 0.2)
    began = time.monotonic()
    with transaction.atomic():
        status, answer = readyz(client)
        transaction.set_rollback(True)
    assert (status, answer["database"]["ok"], time.monotonic() - began < 2) == (503, False, True)


def sleep_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(10)")


def test_a_broker_that_keeps_it_waiting(client, ready, settings, monkeypatch):
    monkeypatch.setattr(health, "READY_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings.REDIS_URL = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        began = time.monotonic()
        assert readyz(client)[1]["broker"] == {"ok": False, "kind": "redis"}
    assert time.monotonic() - began < 1
