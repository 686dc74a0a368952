"""More than a card can carry in a day: set aside, shown, and taken or dropped by somebody of operations."""

import uuid
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cards.actions.jobs import worker
from cards.actions.jobs.engine import totals
from cards.models import CarrierPolicy, Job, QuarantinedReading, UsageDay, UsageTally
from tests import build
from tests.commands.calls import csv_file, iccid, result, run, usage_row
from tests.console.pages import of_role as logged_in
from tests.console.pages import text

pytestmark = pytest.mark.django_db

TERABYTE, MB = 2**40, 2**20
PHONE, CAMERA = "861234567890123", "356938035643809"
EARLY, LATE, LATEST = "2026-03-06T06:00", "2026-03-06T07:00", "2026-03-06T08:00"
QUARANTINE = "/console/quarantine/"


@pytest.fixture(autouse=True)
def _today(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with build.on_day(date(2026, 3, 10)):
        yield


@pytest.fixture
def imported(tmp_path):
    def run_import(*rows, options=()):
        told = [usage_row(day="2026-03-05", read_at=read_at, bytes=bytes, imei=CAMERA) for read_at, bytes in rows]
        document = run("import_usage", csv_file(tmp_path / "usage.csv", told), *options, "--json").document
        counted = ("created", "updated", "stale", "quarantined")
        return {name: document[name] for name in counted if document[name]}, len(document["errors"])

    return run_import


def of_role(role):
    """Somebody of the staff who reads English."""
    client = logged_in(role)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def card():
    return build.card_in_use(binding="fixed", imei=PHONE, customer="Acme")


def both(imported, *rows):
    """What a preview says, which is what the work then does."""
    said = imported(*rows, options=["--dry-run"])
    assert imported(*rows) == said
    return said


def waiting():
    return list(QuarantinedReading.objects.waiting().values_list("bytes", flat=True))


def known():
    return list(UsageDay.objects.values_list("bytes", flat=True))


def decided(decision, client=None, follow=True):
    reading = QuarantinedReading.objects.get()
    return (client or of_role("operations")).post(f"{QUARANTINE}{reading.pk}/{decision}/", follow=follow)


@pytest.mark.parametrize(("bytes", "counted"), [(TERABYTE, "created"), (TERABYTE + 1, "quarantined")])
def test_more_than_a_card_can_carry_is_set_aside(imported, card, bytes, counted):
    assert both(imported, (EARLY, bytes)) == ({counted: 1}, 0)
    if counted == "quarantined":
        seen = build.fresh(card)
        assert (seen.state, seen.used_bytes, seen.seen_imei, seen.version) == ("in_use", 0, "", 2)
        assert (waiting(), known(), UsageTally.objects.count()) == ([bytes], [], 0)


def test_the_policy_of_the_day_says_how_much_that_is(imported, card):
    CarrierPolicy.objects.create(carrier="cmcc", valid_from=date(2026, 3, 1), most_bytes_a_day=5 * MB)
    CarrierPolicy.objects.create(carrier="cmcc", valid_from=date(2026, 3, 6), most_bytes_a_day=20 * MB)
    assert both(imported, (EARLY, 6 * MB)) == ({"quarantined": 1}, 0)


def test_the_same_file_again_changes_nothing(imported, card):
    both(imported, (EARLY, 2 * TERABYTE))
    assert both(imported, (EARLY, 2 * TERABYTE)) == ({"stale": 1}, 0)
    decided("drop")
    assert both(imported, (EARLY, 2 * TERABYTE)) == ({"stale": 1}, 0)
    assert (waiting(), known()) == ([], [])


def test_a_later_plausible_reading_ends_it_and_an_earlier_does_not(imported, card):
    imported((LATE, 2 * TERABYTE))
    assert both(imported, (EARLY, MB)) == ({"created": 1}, 0)
    assert waiting() == [2 * TERABYTE]
    assert both(imported, (LATEST, 2 * MB)) == ({"updated": 1}, 0)
    assert (waiting(), known(), build.fresh(card).used_bytes) == ([], [2 * MB], 2 * MB)
    assert QuarantinedReading.objects.get().status == "replaced"


def test_what_contradicts_it_is_refused_and_a_later_one_takes_its_place(imported, card):
    imported((LATE, 2 * TERABYTE))
    assert both(imported, (LATE, MB)) == ({}, 1)
    assert both(imported, (LATE, 3 * TERABYTE)) == ({}, 1)
    assert both(imported, (EARLY, 3 * TERABYTE)) == ({"stale": 1}, 0)
    assert both(imported, (LATEST, 3 * TERABYTE)) == ({"quarantined": 1}, 0)
    assert (waiting(), known()) == ([3 * TERABYTE], [])


@pytest.mark.parametrize(
    ("rows", "said", "waits", "counts"),
    [
        ([(EARLY, MB), (LATE, 2 * TERABYTE)], ({"created": 1, "quarantined": 1}, 0), [2 * TERABYTE], [MB]),
        ([(LATE, MB), (EARLY, 2 * TERABYTE)], ({"created": 1, "stale": 1}, 0), [], [MB]),
        ([(EARLY, 3 * TERABYTE), (LATE, 2 * TERABYTE)], ({"quarantined": 1, "stale": 1}, 0), [2 * TERABYTE], []),
        ([(LATE, MB), (LATE, 2 * TERABYTE)], ({}, 2), [], []),
    ],
)
def test_words_of_one_file(imported, card, rows, said, waits, counts):
    assert both(imported, *rows) == said
    assert (waiting(), known()) == (waits, counts)
    assert both(imported, *rows)[0].keys() <= {"stale"}


def test_a_reading_older_than_what_is_known_is_stale_and_one_told_with_it_is_refused(imported, card):
    imported((LATE, MB))
    assert both(imported, (EARLY, 2 * TERABYTE)) == ({"stale": 1}, 0)
    assert both(imported, (LATE, 2 * TERABYTE)) == ({}, 1)


# deciding


def test_taken_it_is_a_reading_like_any_other(imported, card):
    imported((EARLY, 2 * TERABYTE))
    page = text(decided("take"))
    assert "The reading was accepted and is metered now." in page
    seen = build.fresh(card)
    assert (seen.holds, seen.used_bytes, seen.seen_imei) == ("rebind,credit", 2 * TERABYTE, CAMERA)
    row = QuarantinedReading.objects.get()
    assert (row.status, row.decided_by.username, known()) == ("taken", "operations", [2 * TERABYTE])
    assert both(imported, (EARLY, 2 * TERABYTE)) == ({"stale": 1}, 0)
    assert result("verify")["problems"] == []


def test_dropped_nothing_comes_of_it(imported, card):
    imported((EARLY, 2 * TERABYTE))
    assert "The reading was dropped." in text(decided("drop"))
    assert (build.fresh(card).used_bytes, QuarantinedReading.objects.get().status) == (0, "dropped")
    assert both(imported, (EARLY, MB)) == ({"created": 1}, 0)


@pytest.mark.parametrize("decision", ["take", "drop"])
def test_it_is_decided_once(imported, card, decision):
    imported((EARLY, 2 * TERABYTE))
    client = of_role("operations")
    decided("drop", client)
    assert "This reading does not wait any more" in text(decided(decision, client))
    assert (QuarantinedReading.objects.get().status, known()) == ("dropped", [])


@pytest.mark.parametrize("role", ["support", "finance", "carrier_desk", "auditor"])
def test_others_look_and_decide_nothing(imported, card, role):
    imported((EARLY, 2 * TERABYTE))
    client = of_role(role)
    for address in (QUARANTINE, f"/console/cards/{card.iccid}/"):
        page = text(client.get(address))
        assert ("2,097,152" in page, "/take/" in page) == (True, False)
    assert [decided(decision, client).status_code for decision in ("take", "drop")] == [403, 403]
    assert waiting() == [2 * TERABYTE]


def test_whoever_is_no_staff_finds_nothing(imported, card, client):
    imported((EARLY, 2 * TERABYTE))
    client.force_login(build.member())
    assert client.get(QUARANTINE).status_code == 404
    assert decided("take", client).status_code == 404
    assert "2,097,152" not in text(client.get(f"/my/cards/{card.iccid}/"))


def test_the_pages_show_what_waits_and_lead_to_the_buttons(imported, card):
    imported((EARLY, 2 * TERABYTE))
    client = of_role("operations")
    card_url = f"/console/cards/{card.iccid}/"
    for language, accept in (("en", "Accept"), ("zh-hans", "采纳")):
        for address in (QUARANTINE, card_url):
            page = text(client.get(address, headers={"accept-language": language}))
            assert ("/take/" in page, "/drop/" in page, f">{accept}</button>" in page) == (True, True, True)
    queues = text(client.get("/console/queues/"))
    assert (card.iccid in queues, "2,097,152 MB" in queues, f'href="{QUARANTINE}"' in queues) == (True, True, True)
    reading = QuarantinedReading.objects.get()
    response = client.post(f"{QUARANTINE}{reading.pk}/drop/", {"next": card_url})
    assert response.url == card_url
    assert client.get(f"{QUARANTINE}?status=dropped").context["readings"] == [reading]
    assert client.get(f"{QUARANTINE}?status=lost").status_code == 404
    assert client.post(f"{QUARANTINE}{reading.pk}/lose/").status_code == 404
    elsewhere = client.post(f"{QUARANTINE}{reading.pk}/drop/", {"next": "https://elsewhere.example/console/"})
    assert (elsewhere.status_code, elsewhere.headers.get("Location")) == (400, None)


def test_a_file_of_nothing_else_can_be_started_in_the_browser(tmp_path, card):
    client = of_role("operations")
    file = csv_file(tmp_path / "u.csv", [usage_row(day="2026-03-05", read_at=EARLY, bytes=2 * TERABYTE)])
    form = {"key": str(uuid.uuid4()), "what": "usage", "file": SimpleUploadedFile("u.csv", file.read_bytes())}
    job = Job.objects.get(pk=client.post("/console/imports/", form).url.split("/")[-2])
    worker.work_off(job)
    assert "would be quarantined" in text(client.get(f"/console/jobs/{job.pk}/", headers={"accept-language": "en"}))
    client.post(f"/console/jobs/{job.pk}/start/")
    job = worker.work_off(Job.objects.get(pk=job.pk))
    assert (totals(job).counts["quarantined"], waiting()) == (1, [2 * TERABYTE])


def test_the_command_says_how_many(tmp_path, card):
    ended = run(
        "import_usage", csv_file(tmp_path / "u.csv", [usage_row(day="2026-03-05", read_at=EARLY, bytes=2 * TERABYTE)])
    )
    assert (ended.code, "Quarantined: 1" in ended.out, result("card", iccid(1))["cycle"]["used_bytes"]) == (0, True, 0)
