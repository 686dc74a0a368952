"""C04: of two words told at one instant about one card and day nobody can say which is meant."""

import uuid
from datetime import date, datetime
from itertools import permutations
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cards.actions.jobs import worker
from cards.actions.jobs.engine import totals
from cards.models import Job, StagedReading, UsageDay
from tests import build
from tests.commands.calls import csv_file, iccid, result, run, usage_row
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

CASE = Path(__file__).parent / "C04-two-rows-one-day"
NOTHING = {"rows": 2, "created": 0, "updated": 0, "unchanged": 0, "stale": 0, "quarantined": 0, "warnings": []}
EARLY, LATE, LATEST = "2026-03-06T06:00", "2026-03-06T07:00", "2026-03-06T08:00"
KNOWN = "the portal already has another figure for this day, read at the same time"


@pytest.fixture(autouse=True)
def _today(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with build.on_day(date(2026, 3, 10)):
        yield


@pytest.fixture
def imported(tmp_path):
    def run_import(*rows, options=()):
        told = [usage_row(day="2026-03-05", read_at=read_at, bytes=bytes) for read_at, bytes in rows]
        return run("import_usage", csv_file(tmp_path / "usage.csv", told), *options, "--json").document

    return run_import


def contradiction(row, other):
    message = f"row {other} gives another figure for this day, read at the same time"
    return {"row": row, "field": "bytes", "message": message}


def counts(document):
    refused = {error["row"]: error["message"] for error in document["errors"]}
    return {name: document[name] for name in ("created", "updated", "stale") if document[name]}, refused


def known_of(day=date(2026, 3, 5)):
    return list(UsageDay.objects.filter(day=day).values_list("bytes", flat=True))


@pytest.mark.parametrize("name", ["usage-2.csv", "usage-3.csv"])
def test_c04_both_rows_are_refused_in_either_order(name):
    result("import_cards", CASE / "cards.csv")
    result("import_usage", CASE / "usage-1.csv")
    expected = 1, NOTHING | {"errors": [contradiction(2, 3), contradiction(3, 2)]}
    for options in (["--dry-run"], []):
        ended = run("import_usage", CASE / name, *options, "--json")
        assert (ended.code, ended.document) == expected
    card = result("card", "89860412300000000001")
    assert (card["state"], card["holds"], card["cycle"]["used_bytes"]) == ("in_use", [], 1000)
    assert UsageDay.objects.count() == 1


def test_the_preview_in_the_browser_says_so_too():
    result("import_cards", CASE / "cards.csv")
    client = of_role("operations")
    file = SimpleUploadedFile("usage.csv", (CASE / "usage-2.csv").read_bytes())
    form = {"key": str(uuid.uuid4()), "what": "usage", "file": file}
    response = client.post("/console/imports/", form, headers={"accept-language": "en"})
    job = worker.work_off(Job.objects.get(pk=response.url.split("/")[-2]))
    page = text(client.get(f"/console/jobs/{job.pk}/", headers={"accept-language": "en"}))
    for row in (2, 3):
        assert f"row {row} gives another figure for this day, read at the same time" in page
    assert f"/console/jobs/{job.pk}/start/" not in page


def test_a_contradiction_that_comes_up_between_preview_and_work_is_in_the_report(tmp_path):
    card, client = build.card_in_use(), of_role("operations")
    told = csv_file(tmp_path / "usage.csv", [usage_row(day="2026-03-05", read_at=LATE, bytes=5)])
    form = {"key": str(uuid.uuid4()), "what": "usage", "file": SimpleUploadedFile("u.csv", told.read_bytes())}
    response = client.post("/console/imports/", form, headers={"accept-language": "en"})
    job = worker.work_off(Job.objects.get(pk=response.url.split("/")[-2]))
    assert totals(job).check_counts["created"] == 1
    build.use(card, date(2026, 3, 5), 1, read_at=datetime.fromisoformat(f"{LATE}+08:00"))
    client.post(f"/console/jobs/{job.pk}/start/")
    job = worker.work_off(Job.objects.get(pk=job.pk))
    assert (totals(job).counts["created"], totals(job).counts["refused"]) == (0, 1)
    assert (
        KNOWN
        in b"".join(
            client.get(f"/console/imports/{job.pk}/report.csv", headers={"accept-language": "en"}).streaming_content
        ).decode()
    )
    assert known_of() == [2**20]


@pytest.mark.parametrize("order", list(permutations([(EARLY, 5), (LATE, 7), (LATE, 9), (LATE, 7)])))
def test_all_that_contradict_are_refused_and_the_last_of_the_others_counts(imported, order):
    build.card_in_use()
    expected = dict(enumerate(order, start=2))
    firsts = {bytes: min(row for row, told in expected.items() if told == (LATE, bytes)) for bytes in (7, 9)}
    refused = {
        row: contradiction(row, firsts[9 if bytes == 7 else 7])["message"]
        for row, (read_at, bytes) in expected.items()
        if read_at == LATE
    }
    assert counts(imported(*order, options=["--dry-run"])) == ({"created": 1}, refused)
    assert counts(imported(*order)) == ({"created": 1}, refused)
    assert known_of() == [5]


@pytest.mark.parametrize("order", list(permutations([(EARLY, 5), (LATE, 7), (LATEST, 3), (LATEST, 3)])))
def test_only_the_last_word_of_a_file_counts(imported, order):
    """A file that told 45 MB first and 2 MB later says 2 MB: no hold is placed in between."""
    build.card_in_use()
    rows = [(read_at, bytes * 15 * 2**20) for read_at, bytes in order]
    assert counts(imported(*rows, options=["--dry-run"])) == ({"created": 1, "stale": 3}, {})
    assert counts(imported(*rows)) == ({"created": 1, "stale": 3}, {})
    assert known_of() == [45 * 2**20]
    assert counts(imported(*rows)) == ({"stale": 4}, {})


def test_what_the_file_replaces_causes_nothing(imported):
    build.card_in_use()
    assert counts(imported((LATE, 2 * 2**20), (EARLY, 45 * 2**20))) == ({"created": 1, "stale": 1}, {})
    card = result("card", iccid(1))
    assert (card["holds"], card["cycle"]["used_bytes"], card["version"]) == ([], 2 * 2**20, 2)


def test_a_later_file_that_contradicts_is_refused_and_the_same_again_is_stale(imported):
    build.card_in_use()
    assert counts(imported((LATE, 7))) == ({"created": 1}, {})
    for options in (["--dry-run"], []):
        assert counts(imported((LATE, 9), options=options)) == ({}, {2: KNOWN})
        assert counts(imported((LATE, 7), options=options)) == ({"stale": 1}, {})
        assert counts(imported((LATE, 9), (EARLY, 5), options=options)) == ({"stale": 1}, {2: KNOWN})
    assert known_of() == [7]
    assert counts(imported((LATEST, 9))) == ({"updated": 1}, {})
    assert StagedReading.objects.count() == 0


def test_the_same_instant_in_another_zone_is_the_same_instant(imported):
    build.card_in_use()
    _counted, refused = counts(imported(("2026-03-06T06:00", 5), ("2026-03-05T22:00Z", 6)))
    assert list(refused) == [2, 3]
    assert known_of() == []


def test_other_days_of_a_card_and_other_cards_go_in(imported, tmp_path):
    build.card_in_use(), build.card_in_use()
    rows = [
        usage_row(1, day="2026-03-05", bytes=1, read_at=LATE),
        usage_row(2, day="2026-03-05", bytes=3, read_at=LATE),
        usage_row(1, day="2026-03-05", bytes=2, read_at=LATE),
        usage_row(1, day="2026-03-06", bytes=4, read_at=LATE),
    ]
    ended = run("import_usage", csv_file(tmp_path / "usage.csv", rows), "--json")
    assert counts(ended.document)[0] == {"created": 2}
    assert list(counts(ended.document)[1]) == [2, 4]
    assert sorted(UsageDay.objects.values_list("bytes", flat=True)) == [3, 4]
