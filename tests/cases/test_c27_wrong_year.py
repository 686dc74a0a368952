"""C27: opened 2016 for 2026. What the rules would end for good is told first, counted, and confirmed."""

import uuid
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation

from cards.actions.jobs import control, worker
from cards.choices import JobKind
from cards.errors import BadInput
from cards.models import Card, Customer, Job, SweptDay
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, run

pytestmark = pytest.mark.django_db

CASE = Path(__file__).parent / "C27-wrong-year"
TODAY = date(2026, 3, 10)
AT_ONCE = {"force_activate": 1, "expire": 1, "cancel": 1}
NOTHING_AT_ONCE = dict.fromkeys(AT_ONCE, 0)


@pytest.fixture(autouse=True)
def _today(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with build.on_day(TODAY), translation.override("en"):
        yield


def test_c27_is_refused_and_nothing_is_written():
    ended = run("import_cards", CASE / "cards.csv", "--json")
    assert (ended.code, ended.document["created"], ended.document["at_once"]) == (1, 0, AT_ONCE)
    assert ended.document["new_customers"] == []
    assert ended.err.startswith("By today the rules would shut down or cancel 1 of these cards: check the dates.")
    assert (Card.objects.count(), Customer.objects.count()) == (0, 0)


def test_c27_dry_run_only_tells():
    ended = run("import_cards", CASE / "cards.csv", "--dry-run", "--json")
    assert (ended.code, ended.document["created"], ended.document["at_once"]) == (0, 1, AT_ONCE)
    assert (ended.document["new_customers"], Card.objects.count()) == (["Acme"], 0)


def test_c27_is_imported_when_somebody_says_so():
    ended = run("import_cards", CASE / "cards.csv", "--yes", "--json")
    assert (ended.code, ended.document["created"], ended.document["at_once"]) == (0, 1, AT_ONCE)
    SweptDay.objects.create(day=TODAY - timedelta(days=1), started_at=timezone.now(), finished_at=timezone.now())
    card = build.swept(Card.objects.get(), TODAY)
    assert [(action, day) for action, _rule, _to, day in build.story(card)] == [
        ("open", date(2016, 3, 1)),
        ("force_activate", date(2016, 10, 1)),
        ("expire", date(2017, 10, 1)),
        ("cancel", date(2017, 12, 30)),
    ]


IN_USE = {"opened_on": "2024-01-15", "state": "in_use", "activated_on": "2024-06-20"}


@pytest.mark.parametrize(
    ("columns", "at_once", "asked"),
    [
        ({"opened_on": "2026-03-01"}, {}, False),
        ({"opened_on": "2025-07-01"}, {"force_activate": 1}, False),
        ({"opened_on": "2025-01-01", "plan": "M1-100"}, {"force_activate": 1, "expire": 1, "cancel": 1}, True),
        (IN_USE | {"service_until": "2026-06-01"}, {}, False),
        (IN_USE | {"service_until": "2026-02-01"}, {"expire": 1}, True),
        (IN_USE | {"service_until": "2025-02-01"}, {"expire": 1, "cancel": 1}, True),
        ({"state": "shut_down", "opened_on": "2024-01-15", "service_until": "2025-02-01"}, {"cancel": 1}, True),
        ({"state": "cancelled", "opened_on": "2024-01-15"}, {}, False),
        ({"state": "unused", "opened_on": "2025-06-15"}, {"force_activate": 1}, False),
    ],
)
def test_opened_or_taken_over(tmp_path, columns, at_once, asked):
    path = csv_file(tmp_path / "cards.csv", [card_row(1, **columns)])
    ended = run("import_cards", path, "--json")
    assert ended.document["at_once"] == NOTHING_AT_ONCE | at_once
    assert (ended.code, ended.document["created"]) == ((1, 0) if asked else (0, 1))
    assert ended.document["errors"] == []


def test_rows_that_are_refused_or_known_do_not_count(tmp_path):
    build.open_card(iccid=iccid(1), opened_on="2016-03-01")
    path = csv_file(
        tmp_path / "cards.csv",
        [card_row(1, opened_on="2016-03-01"), card_row(2, opened_on="2016-03-01", plan="NO-PLAN"), card_row(3)],
    )
    ended = run("import_cards", path, "--json").document
    assert (ended["created"], ended["unchanged"], ended["at_once"]) == (1, 1, NOTHING_AT_ONCE)


def checked(content, user):
    file = SimpleUploadedFile("cards.csv", content)
    return worker.work_off(control.upload(JobKind.IMPORT_CARDS, file, user=user, key=uuid.uuid4()))


def test_c27_in_the_browser(admin_client, admin_user):
    job = checked((CASE / "cards.csv").read_bytes(), admin_user)
    days = {"force_activate": "2016-10-01", "expire": "2017-10-01", "cancel": "2017-12-30"}
    assert job.params["foreseen"] == {
        "known_customers": {},
        "at_once": {"days": {action: [1, day, day] for action, day in days.items()}, "ended": 1},
        "new_customers": [["Acme", 2, []]],
    }
    url = f"/console/jobs/{job.pk}/"
    shown = admin_client.get(url, headers={"accept-language": "en"}).content.decode()
    assert all(day in shown for day in days.values())
    assert "1 customer would be new:" in shown
    assert "Acme" in shown
    for typed in ({}, {"count": "2"}):
        admin_client.post(f"{url}start/", typed, headers={"accept-language": "en"})
        assert (Job.objects.get().status, Card.objects.count(), Customer.objects.count()) == ("ready", 0, 0)
    admin_client.post(f"{url}start/", {"count": "1"})
    assert (worker.work_off(job).status, Card.objects.count()) == ("done", 1)


def test_without_the_count_nothing_starts(admin_user, tmp_path):
    job = checked((CASE / "cards.csv").read_bytes(), admin_user)
    with pytest.raises(BadInput, match="type the number of cards that will be shut down or cancelled: 1"):
        control.start(job, user=admin_user)
    fine = checked(csv_file(tmp_path / "b.csv", [card_row(1)]).read_bytes(), admin_user)
    assert control.start(fine, user=admin_user).is_running
