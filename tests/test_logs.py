"""What stands in the log: whole lines, and of an outage one a minute."""

import io
import json
import logging

import psycopg
import pytest
from celery import Celery
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from redis.exceptions import ConnectionError as RedisGone

from cards.actions.jobs import control
from cards.actions.jobs.worker import work_off
from cards.actions.selections import freeze_ids
from cards.actions.sweep import sweep
from cards.faults import Fault
from cards.log_context import forget_facts, log_facts, logged_with, note
from cards.models import Card
from simportal.logs import OneObject, Stderr, hide_secrets
from simportal.outage_lines import OutageLines
from tests.build import OPENED_ON, card_in_use, on_day, open_card, staff
from tests.console.pages import superuser


@pytest.fixture
def lines():
    """What is written meanwhile in service, as objects; without the time, the number of the request and how long."""
    (stderr,) = (handler for handler in logging.getLogger().handlers if isinstance(handler, Stderr))
    requests, before, written = logging.getLogger("simportal.request_lines"), stderr.formatter, io.StringIO()
    stream = stderr.setStream(written)
    stderr.setFormatter(OneObject())
    requests.setLevel(logging.INFO)
    yield lambda: [
        {name: line[name] for name in line if name not in ("time", "request", "ms")}
        for line in map(json.loads, written.getvalue().splitlines())
    ]
    requests.setLevel(logging.WARNING)
    stderr.setFormatter(before)
    stderr.setStream(stream)


def a_line(message, **facts):
    return {"level": "INFO", "logger": "simportal.request_lines", "message": message} | facts


@pytest.mark.django_db
def test_a_request_is_a_line_without_what_was_asked(client, lines):
    by_staff, card = superuser(), card_in_use()
    pages = [
        (by_staff, "/console/cards/?search=secret-search", 400),
        (by_staff, f"/console/cards/{card.iccid}/", 200),
        (by_staff, "/console/cards/8986secret/", 404),
        (client, "/my/join/secret-of-a-link/", 404),
        (client, "/nowhere/secret-of-a-link/", 404),
        (client, "/console/cards/", 302),
        *((client, path, 200) for path in ("/healthz", "/static/simportal/my.css")),
    ]
    user = {"user": User.objects.get().pk}
    for who, path, status in pages:
        answer = who.get(path)
        answer.getvalue()  # what is streamed ends with its last piece
        assert (answer.status_code, len(answer.headers["X-Request-ID"])) == (status, 32)
    of_card, of_join, of_list = "/console/cards/<str:iccid>/", "/my/join/<str:token>/", "/console/cards/"
    facts = {"method": "GET", "status": 404}
    not_found = facts | {"refused": "not_found"}
    assert lines() == [
        a_line(f"GET {of_list} 400", route=of_list, **facts | user | {"status": 400}),
        a_line(f"GET {of_card} 200", route=of_card, card=card.iccid, **facts | user | {"status": 200}),
        a_line(f"GET {of_card} 404", route=of_card, **facts | user),
        a_line(f"GET {of_join} 404", route=of_join, **facts),
        a_line("GET ? 404", **not_found),
        a_line(f"GET {of_list} 302", route=of_list, **facts | {"status": 302}),
    ]
    assert log_facts() == {}


@pytest.mark.parametrize(
    ("proxies", "said", "is_taken"),
    [
        (1, "0123456789abcdef0123456789abcdef", True),
        (1, "6f1c3a52-3f0e-4a58-9d0a-1f2e3d4c5b6a", True),
        (0, "0123456789abcdef0123456789abcdef", False),
        *((1, said, False) for said in ("short", "a" * 65, "with space", '"quoted"', "zwölfzwölf", "")),
    ],
)
def test_the_proxy_may_number_requests(client, settings, proxies, said, is_taken):
    settings.PROXIES = proxies
    number = client.get("/healthz", headers={"X-Request-ID": said}).headers["X-Request-ID"]
    assert (number == said, len(number) >= 32) == (is_taken, True)


@pytest.mark.django_db
def test_a_mistake_is_one_line_with_its_traceback_and_its_page_has_the_number(lines, settings):
    def mistaken(*_):
        raise ValueError("the mistake\nin two lines")

    client, route = superuser(), "/console/cards/<str:iccid>/"
    client.raise_request_exception = False
    with connection.execute_wrapper(mistaken):
        answer = client.get("/console/cards/secret-of-a-link/")
    error, request = lines()
    assert error.pop("exception").endswith("ValueError: the mistake\nin two lines")
    assert error == {
        "level": "ERROR",
        "logger": "django.request",
        "message": f"A mistake while answering {route}",
        "route": route,
    }
    assert (request["level"], request["status"]) == ("WARNING", 500)
    assert answer.headers["X-Request-ID"] in answer.text


def told(line, *names):
    return [line["message"], *(line.get(name) for name in names)]


@pytest.mark.django_db
def test_a_job_its_chunks_and_a_swept_day_are_a_line_each(lines):
    ops = staff("suspend", "resume")
    with on_day(OPENED_ON):
        cards = [card_in_use(), open_card()]
        selection = freeze_ids([card.pk for card in cards], owner=ops, asked={"from": "page"})
        job = work_off(control.start(control.draft(selection, "suspend", user=ops), user=ops))
        sweep(due := Card.objects.earliest("next_due_on").next_due_on)
    number, checked, done = job.pk, {"can": 1, "cannot": 1}, {"done": 1, "refused": 1, "parked": 0}
    assert [told(line, "user", "job", "chunk", "size", "counts") for line in lines() if "job" in line] == [
        [f"Chunk 1 of job {number} is checked", ops.pk, number, 1, 2, checked],
        [f"Job {number} (action): started", ops.pk, number, None, None, None],
        [f"Chunk 1 of job {number} is done", ops.pk, number, 1, 2, done],
        [f"Job {number} is done", ops.pk, number, 1, 2, done],
    ]
    assert [told(line, "day", "size", "counts") for line in lines() if "day" in line] == [
        [f"A chunk of {due} is swept", str(due), 1, {"force_activate": 1}],
        [f"{due} is swept", str(due), None, {"force_activate": 1}],
    ]


def test_what_is_noted_ends_with_its_block_or_its_request():
    note(request="1")
    with logged_with(job=2, day="2026-03-02"):
        note(chunk=3)
        assert log_facts() == {"request": "1", "job": 2, "day": "2026-03-02", "chunk": 3}
    assert log_facts() == {"request": "1"}
    forget_facts()
    assert log_facts() == {}


# outages


def a_record(level=logging.ERROR, name="cards.x", error=None, **extra):
    values = {"name": name, "levelno": level, "levelname": logging.getLevelName(level), "msg": "it failed"}
    return logging.makeLogRecord(values | {"exc_info": error and (type(error), error, None)} | extra)


def away():
    error = OperationalError("server closed\nDETAIL")
    error.__cause__ = psycopg.OperationalError("server closed")
    return error


def test_an_outage_is_a_line_a_minute_that_says_how_many_were_left_out():
    outage_lines, gone = OutageLines(), {"error": RedisGone("no route")}

    def written(now, **record):
        return [line.getMessage() for line in outage_lines.admitted(a_record(**record), now)]

    assert written(0, error=away()) == ["it failed: server closed"]
    assert written(1, outage=Fault.AWAY) == []
    assert written(2, error=away()) == []
    assert written(3, **gone) == ["it failed: no route"]
    assert written(4, name="celery.worker.consumer.consumer") == []
    assert written(5, error=ValueError("a mistake")) == ["it failed"]
    assert written(59.9, error=away()) == []
    assert written(60, error=away()) == ["it failed: server closed (3 more lines left out)"]
    assert written(61, error=away()) == []
    assert written(200, level=logging.INFO) == [
        "1 more lines left out of an outage: away",
        "1 more lines left out of an outage: broker",
        "it failed",
    ]
    assert written(201, **gone) == ["it failed: no route"]


@pytest.mark.parametrize(
    ("record", "is_outage"),
    [
        ({"error": away()}, True),
        ({"error": OSError(28, "No space left on device")}, True),
        ({"outage": Fault.FULL}, True),
        ({"outage": "broker"}, True),
        ({"name": "celery.beat"}, True),
        ({"name": "celery.beat", "level": logging.INFO}, False),
        ({"outage": Fault.HELD}, False),
        ({"name": "celery.app.trace", "error": KeyError("x")}, False),
        ({"error": ValueError("x")}, False),
    ],
)
def test_what_passes_by_itself_and_is_told_once_a_minute(record, is_outage):
    outage_lines = OutageLines()
    first, second = (outage_lines.admitted(a_record(**record), now) for now in (0, 1))
    assert (len(first), len(second)) == (1, 0 if is_outage else 1)


def raised(value):
    try:
        int(value)
    except ValueError as error:
        return error


@pytest.mark.parametrize(
    ("facts", "second"), [({"task": "cards.jobs"}, 0), ({}, 0), ({"task": "cards.jobs", "request": "1"}, 1)]
)
def test_a_mistake_comes_whole_once_a_minute_and_each_time_in_a_page(facts, second):
    outage_lines = OutageLines()
    with logged_with(**facts):
        first, *rest = (outage_lines.admitted(a_record(error=raised("x")), now) for now in (0, 1, 60))
    assert [(line.getMessage(), line.exc_info[0]) for line in first] == [("it failed", ValueError)]
    assert [len(lines) for lines in rest] == [second, 1]
    assert rest[1][0].getMessage() == "it failed" + ("" if second else " (1 more lines left out)")


def test_another_task_or_another_place_makes_another_mistake():
    outage_lines = OutageLines()
    for task, error in (("a", raised("x")), ("b", raised("x")), ("b", KeyError("x").with_traceback(None))):
        with logged_with(task=task):
            assert len(outage_lines.admitted(a_record(error=error), 0)) == 1
    left = [outage_lines.admitted(a_record(error=raised("x")), now) for now in (0, 1, 1)]
    last = outage_lines.admitted(a_record(), 100)
    assert [len(lines) for lines in left] == [1, 0, 0]
    assert [line.getMessage().rpartition(":")[0] for line in last] == [
        "2 more lines left out of a mistake: no task, ValueError, tests.test_logs",
        "",
    ]


def a_failing_task():
    raise ValueError("the mistake")


def test_what_celery_says_of_a_task_that_fails_again_and_again_is_one_line(lines):
    task = Celery(set_as_current=False).task(a_failing_task, name="tests.failing")
    for _time in range(3):
        task.apply()
    (line,) = (line for line in lines() if line["logger"] == "celery.app.trace")
    assert line["exception"].endswith("ValueError: the mistake")


def test_a_line_that_cannot_be_written_stops_nobody(capsys):
    record = a_record(outage=Fault.AWAY)
    record.msg, record.args = "%d", ("no number",)
    Stderr().handle(record)
    assert "--- Logging error ---" in capsys.readouterr().err


# secrets


def test_no_row_of_the_database_and_no_secret_of_the_settings_is_in_a_line(settings):
    form = OneObject()
    rows = 'duplicate key\nDETAIL:  Key (phone)=(13800138000) exists.\nCONTEXT:  COPY x, line 1: "13800138000"'
    try:
        raise ValueError(rows) from KeyError("first")
    except ValueError as error:
        written = form.format(a_record(exc_info=(ValueError, error, error.__traceback__)))
    assert json.loads(written)["exception"].endswith("ValueError: duplicate key")
    celerys = form.format(a_record(msg=f"Task x raised {ValueError(rows)!r}"))
    assert json.loads(celerys)["message"] == "Task x raised ValueError('duplicate key"
    assert "13800138000" not in written + celerys
    assert hide_secrets(f"redis://:{settings.SECRET_KEY}@cache") == "redis://:***@cache"
    assert hide_secrets("no secret") == "no secret"
