"""/metrics: who reads it, what it says of rows and of processes, and what it says while the database is away."""

import re
import shutil
import subprocess
import sys
import urllib.request
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from cards.models import Job, JobChunk, SweptDay
from simportal import (
    __version__,
    figures,
    health,
    metrics,
    request_times,  # noqa: F401 -- counts in the same registry
)
from simportal.figures import Figure
from simportal.models import Tick
from simportal.schedule import BEAT_SCHEDULE
from tests.billing.build import credit, financier, fleet, placed, price
from tests.build import attempt, card_in_use, do, member, on_day, open_card
from tests.console.pages import logged_in
from tests.processes import free_port, listens, wait_until
from tests.test_settings import IN_SERVICE

TOKEN = "a-long-and-random-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
DAY = date(2026, 3, 10)


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def told(client):
    """What stands in an answer: {(name, value of its labels …): value}."""
    return read(client.get("/metrics", headers=BEARER).text)


def read(text):
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def rise(before, after, name):
    """What rose between two answers, of one counter."""
    rises = {key[1:]: value - before.get(key, 0) for key, value in after.items() if key[0] == name}
    return {labels: value for labels, value in rises.items() if value}


# who reads it


@pytest.mark.parametrize(("is_set", "headers", "status"), [(False, BEARER, 404), (True, {}, 401), (True, BEARER, 200)])
def test_who_has_the_token_reads_it_and_where_none_is_set_nobody(client, db, settings, is_set, headers, status):
    settings.METRICS_TOKEN = TOKEN if is_set else ""
    assert client.get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize("said", ["Bearer another", TOKEN, f"Basic {TOKEN}", "Bearer "])
def test_another_token_is_refused_in_a_sentence_and_the_database_is_not_asked(client, token, said):
    answer = client.get("/metrics", headers={"Authorization": said})
    assert (answer.status_code, answer.text, answer.headers["WWW-Authenticate"]) == (401, metrics.NO_TOKEN, "Bearer")


# what it says of rows


@on_day(DAY)
def test_an_empty_portal(client, db, token):
    Tick.record("simportal.heartbeat")
    said = told(client)
    empty = {figure.name for figure in figures.OF_ROWS}
    assert {key: value for key, value in said.items() if key[0] in empty and value} == {}
    assert {key: said.get(key) for key in AS_IN_READYZ} == AS_IN_READYZ


AS_IN_READYZ = {
    ("simportal_build_info", __version__): 1,
    ("simportal_database_up",): 1,
    ("simportal_broker_up",): 1,
    ("simportal_part_ok", "tick"): 1,
    ("simportal_part_ok", "bells"): 0,
    ("simportal_part_ok", "jobs"): 1,
    ("simportal_heartbeat_age_seconds",): 0,
    ("simportal_bell_age_seconds", "simportal.heartbeat"): 0,
    ("simportal_bell_age_seconds", "cards.jobs"): None,
    ("simportal_swept_day_age_seconds",): 0,
    ("simportal_proof_problems",): None,
    ("simportal_backup_age_seconds",): None,
    ("simportal_figures_read",): 1,
}


def test_each_part_of_the_full_answer_is_told_as_it_is_there(client, db, token):
    for entry in BEAT_SCHEDULE.values():
        Tick.record(entry["task"])
    SweptDay.objects.create(day=health.civil_today() - timedelta(days=2), finished_at=timezone.now())
    parts, said = health.state(is_full=True), told(client)
    assert parts.pop("ready") is False
    up = {name: said[f"simportal_{name}_up",] == 1 for name in figures.MACHINERY}
    part_ok = {key[1]: value == 1 for key, value in said.items() if key[0] == "simportal_part_ok"}
    assert up | part_ok == {name: part["ok"] for name, part in parts.items()}
    assert (said["simportal_part_ok", "sweep"], said["simportal_swept_day_age_seconds",]) == (0, 2 * 86400)


@on_day(DAY)
def test_cards_jobs_and_money(client, db, token):
    price("Y1-30", 100)
    credit(10_000)
    user = financier()
    fleet(3, DAY - timedelta(days=30))
    do("suspend", card_in_use(since=DAY, customer="Acme"), DAY)
    open_card()
    placed(cards=list(figures.Card.objects.order_by("pk")[:2]), user=user)
    job = Job.objects.create(kind="export", status="running")
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=1))
    JobChunk.objects.create(job=job, number=1, size=1, payload={}, done_at=timezone.now())
    JobChunk.objects.create(job=job, number=2, size=1, payload={})
    said = told(client)
    assert round(said.pop(("simportal_oldest_job_seconds",)), -1) == 3600
    names = {figure.name for figure in figures.OF_ROWS} | {"simportal_jobs_at_work"}
    assert {key: value for key, value in said.items() if key[0] in names and value} == {
        ("simportal_cards", "in_use"): 3,
        ("simportal_cards", "suspended"): 1,
        ("simportal_cards", "unused"): 1,
        ("simportal_cards_held", "voluntary"): 1,
        ("simportal_jobs_at_work",): 1,
        ("simportal_chunks_waiting",): 1,
        ("simportal_money_waiting", "order"): 1,
        ("simportal_money_waiting_yuan", "order"): 200,
    }


# while the database is away, or slow


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_gone_is_told_and_the_counters_are(client, db, token, error):
    def refuse(*_):
        raise error("the connection is closed")

    client.get("/nowhere")
    with connection.execute_wrapper(refuse):
        response = client.get("/metrics", headers=BEARER)
    said = read(response.text)
    assert (response.status_code, said["simportal_database_up",], said["simportal_figures_read",]) == (200, 0, 0)
    assert {key[1] for key in said if key[0] == "simportal_part_ok"} == set(health.OF_MACHINE)
    assert said["simportal_http_responses_total", "404"] >= 1
    assert not any(key[0] == figure.name for key in said for figure in figures.OF_ROWS)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite makes no reader wait")
def test_a_figure_that_takes_too_long_is_left_out_with_those_behind_it(client, db, token, monkeypatch):
    first, *rest = figures.OF_ROWS
    slow = Figure("simportal_slow", "", sleep_in_the_database)
    monkeypatch.setattr(metrics, "OF_ROWS", (first, slow, *rest))
    monkeypatch.setattr(metrics, "READY_SECONDS", 0.2)
    with transaction.atomic():
        said = told(client)
        transaction.set_rollback(True)
    assert (said["simportal_database_up",], said["simportal_figures_read",]) == (1, 0)
    assert {key[0] for key in said} & {figure.name for figure in (slow, *rest)} == set()
    assert said[first.name, "in_use"] == 0


def sleep_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(10)")


# what each process counts


def test_answers_are_counted_by_pattern_and_nothing_that_a_visitor_chooses_is_a_label(db, token):
    card = card_in_use(customer="Acme")
    client = logged_in(member())
    before = told(client)
    client.get(f"/my/cards/{card.iccid}/?q=sesame")
    client.generic("BREW", "/nowhere/sesame")
    for watched in ("/healthz", "/readyz", "/static/simportal/my.css"):
        client.get(watched).close()
    after = told(client)
    assert rise(before, after, "simportal_http_responses_total") == {("200",): 1, ("404",): 1}
    counted = rise(before, after, "simportal_http_request_duration_seconds_count")
    assert counted == {("GET", "my/cards/<str:iccid>/", "2xx"): 1, ("other", "none", "4xx"): 1}
    assert not any(card.iccid in label or "sesame" in label or "BREW" in label for key in after for label in key)


@on_day(DAY)
def test_refusals_are_counted_by_code_and_wrong_passwords(client, db, token):
    card, _alice, before = card_in_use(customer="Acme"), member(), told(client)
    assert attempt("resume", card, DAY).refused.code == "nothing_to_resume"
    do("suspend", card, DAY)
    for password in ("wrong", "demo"):
        client.post("/admin/login/", {"username": "alice", "password": password})
    after = told(client)
    assert rise(before, after, "simportal_refused_total") == {("nothing_to_resume",): 1}
    assert rise(before, after, "simportal_logins_failed_total") == {(): 1}


@pytest.mark.once
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no memory that is a folder")
def test_all_processes_of_the_web_server_are_counted_together_and_its_folder_goes_with_it(new_portal):
    port = free_port()
    portal = new_portal(**IN_SERVICE | {"ALLOWED_HOSTS": "127.0.0.1", "METRICS_TOKEN": TOKEN, "WEB_CONCURRENCY": "2"})
    command = (sys.executable, "-m", "gunicorn", "simportal.wsgi", "--preload", "--bind", f"127.0.0.1:{port}")
    with portal.started(*command) as server:
        wait_until(lambda: listens(port), what="the web server")
        for _ in range(20):  # sent to https, whoever answers
            assert get_once(f"http://127.0.0.1:{port}/") == 301
        counted = read(scraped(port))["simportal_http_responses_total", "301"]
        folders = list(Path("/dev/shm").glob(f"simportal-metrics-{server.pid}-*"))
        server.terminate()
        server.wait(120)
        assert (counted, len(folders), [folder for folder in folders if folder.exists()]) == (20, 1, [])


def get_once(url):
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        return urllib.request.build_opener(Stay).open(url, timeout=60).status
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code


def scraped(port):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=BEARER)
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read().decode()


# what the page says


def described():
    """Each metric as the code has it: {name: (label names)}."""
    gauges = (*figures.OF_PARTS, *figures.OF_ROWS, metrics.WERE_READ)
    named = {figure.name: (figure.label,) if figure.label else () for figure in gauges}
    for family in metrics.IN_PROCESS._names_to_collectors.values():
        name = family._name + ("_total" if family._type == "counter" else "")
        named[name] = tuple(family._labelnames)
    return named


@pytest.mark.once
@pytest.mark.parametrize("page", ["operations.md", "zh/operations.md"])
def test_the_table_of_metrics_is_the_codes(page):
    text = (settings.BASE_DIR / "docs" / page).read_text()
    rows = re.findall(r"^\| `(simportal_\w+)` \| ([^|]*) \| [^|]+ \|$", text, re.MULTILINE)
    assert {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == described()


@pytest.mark.once
@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool: apt-get install prometheus")
def test_names_are_as_prometheus_wants_them(client, db, token):
    text = client.get("/metrics", headers=BEARER).content
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
