"""Imports in the browser: uploaded, checked, looked at, applied, reported. Nothing is written before that is said."""

import csv
import io
import uuid
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from cards.actions.imports.card_rows import CARD_FILE_COLUMNS
from cards.actions.imports.card_table import EXAMPLE_CARD
from cards.actions.jobs import cards_import as kind
from cards.actions.jobs import engine, worker
from cards.choices import JobKind, JobStatus
from cards.errors import InvariantBroken
from cards.models import Card, CardEvent, Customer, Job, StagedFile, UsageDay
from tests.build import OPENED_ON, card_in_use, fresh, on_day, open_card, spoil, staff, story
from tests.commands.calls import card_row, csv_file, iccid, usage_row
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 22)
ENGLISH = {"accept-language": "en"}
PAGE = "/console/imports/"
IN_USE = {"opened_on": "2025-01-15", "state": "in_use", "activated_on": "2025-06-20", "service_until": "2026-06-01"}


@pytest.fixture(autouse=True)
def _folder(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with on_day(DAY):
        yield


@pytest.fixture
def ops():
    return of_role("operations")


def uploaded(client, content, what="cards", name="fleet.csv", **posted):
    """The job of a file that was uploaded, not yet looked at by any worker."""
    form = {"key": str(uuid.uuid4()), "what": what, "file": SimpleUploadedFile(name, content), **posted}
    response = client.post(PAGE, form, headers=ENGLISH)
    assert response.status_code == 302
    return Job.objects.get(pk=response.url.split("/")[-2])


def table(tmp_path, rows):
    return csv_file(tmp_path / "rows.csv", rows).read_bytes()


def checked(client, content, **posted):
    return worker.work_off(uploaded(client, content, **posted))


def apply(client, job):
    client.post(f"/console/jobs/{job.pk}/start/", headers=ENGLISH)
    return worker.work_off(job)


def page(client, job):
    return client.get(f"/console/jobs/{job.pk}/", headers=ENGLISH)


def report(client, job):
    """The report's lines without the headings."""
    response = client.get(f"{PAGE}{job.pk}/report.csv", headers=ENGLISH)
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeffRow,ICCID,Result,Column,Message\n")
    return list(csv.reader(io.StringIO(content)))[1:]


def wrong(response):
    return [(row.row, row.field, row.message, row.differs) for row in response.context["wrong"]]


def counts_shown(response):
    return {str(label): count for label, _tone, count in response.context["counts_shown"]}


def cards():
    return list(Card.objects.order_by("iccid").values_list("iccid", "state"))


MIXED = [
    card_row(1, customer="Acme"),
    card_row(2, **IN_USE),
    card_row(3, carrier="vodafone"),
    card_row(4, customer="=HYPERLINK"),
    card_row(1, customer="Acme"),
    card_row(5, state="in_use"),
]


def test_cards_are_checked_looked_at_applied_and_reported(ops, tmp_path):
    card_in_use(iccid=iccid(4))
    job = checked(ops, table(tmp_path, MIXED))
    assert (job.status, job.total, cards(), Customer.objects.count()) == ("ready", 6, [(iccid(4), "in_use")], 0)
    preview = page(ops, job)
    assert counts_shown(preview) == {
        "would be new": 2,
        "of these, taken over": 1,
        "are already known": 1,
        "conflict with an existing card": 1,
        "have errors": 2,
    }
    bad = [
        (4, "carrier", "“vodafone” is not one of cmcc, cucc, ctcc, cbn", ""),
        (5, "customer", "the card already exists with other data", "customer: portal “”, file “=HYPERLINK”"),
        (7, "activated_on", "a card in the state “In use” needs a value here", ""),
        (7, "service_until", "a card in the state “In use” needs a value here", ""),
    ]
    assert wrong(preview) == bad
    assert [line[0] for line in report(ops, job)] == ["4", "5", "7", "7"]

    done = apply(ops, job)
    assert (done.status, engine.totals(done).counts["created"]) == ("done", 2)
    assert cards() == [(iccid(1), "unused"), (iccid(2), "in_use"), (iccid(4), "in_use")]
    event = CardEvent.objects.get(action="adopt")
    assert (event.job_id, event.evidence["source"], event.actor_name) == (job.pk, "fleet.csv", "operations")
    assert wrong(page(ops, job)) == bad
    lines = [(row, number.strip('="'), result, field) for row, number, result, field, _message in report(ops, job)]
    assert lines == [
        ("2", iccid(1), "new", ""),
        ("3", iccid(2), "new", ""),
        ("4", iccid(3), "skipped", "carrier"),
        ("5", iccid(4), "skipped", "customer"),
        ("6", iccid(1), "unchanged", ""),
        ("7", iccid(5), "skipped", "activated_on"),
        ("7", iccid(5), "skipped", "service_until"),
    ]
    assert (Job.objects.get(pk=job.pk).file.name, list((tmp_path / "files" / "jobs").iterdir())) == ("", [])


def test_cards_that_exist_are_corrected_where_that_was_asked_for(ops, tmp_path):
    content = table(tmp_path, [card_row(1, msisdn="13800000001")])
    card_in_use(iccid=iccid(1))
    refused = page(ops, checked(ops, content))
    assert (counts_shown(refused), refused.context["changes"]) == ({"conflict with an existing card": 1}, 0)
    assert "Nothing in this file can be applied: the skipped rows say why." in text(refused)
    apply(ops, checked(ops, table(tmp_path, [card_row(2)])))
    known = page(ops, checked(ops, table(tmp_path, [card_row(2)])))
    assert "Nothing in this file is new, so there is nothing to apply." in text(known)
    correcting = checked(ops, content, update="on")
    assert page(ops, correcting).context["parameters"] == [
        ("Existing cards", "are corrected where they differ from the file")
    ]
    apply(ops, correcting)
    assert Card.objects.get(iccid=iccid(1)).msisdn == "13800000001"


def test_who_may_import_and_not_assign_moves_no_card_and_corrects_the_others(tmp_path):
    importer = logged_in(staff("import", username="importer"))
    for number in (1, 2):
        open_card(iccid=iccid(number), customer="Acme")
    moving = card_row(1, customer="Newcomer", msisdn="13800000001")
    rows = [moving, card_row(2, customer="Acme", msisdn="13800000002"), card_row(3, customer="Acme")]
    job = checked(importer, table(tmp_path, rows), update="on")
    preview = page(importer, job)
    assert counts_shown(preview) == {"would be new": 1, "would be corrected": 1, "conflict with an existing card": 1}
    sentence = "importer is not allowed to do this: Assign to customer. Ask someone whose role allows it."
    differs = "msisdn: portal “”, file “13800000001”; customer: portal “Acme”, file “Newcomer”"
    assert wrong(preview) == [(2, "customer", sentence, differs)]
    done = page(importer, apply(importer, job))
    assert counts_shown(done) == {"new": 1, "corrected": 1, "conflict with an existing card": 1}
    assert wrong(done) == wrong(preview)
    cards_now = Card.objects.order_by("iccid").values_list("customer__name", "msisdn", "version")
    assert list(cards_now) == [("Acme", "", 1), ("Acme", "13800000002", 2), ("Acme", "", 1)]
    assert not Customer.objects.filter(name="Newcomer").exists()


def test_who_may_assign_moves_cards_by_correcting_after_what_was_due(ops, tmp_path):
    card = card_in_use(iccid=iccid(1), plan="M1-100", customer="Acme")
    rows = [card_row(1, plan="M1-100", customer="Newcomer", msisdn="13800000001")]
    job = checked(ops, table(tmp_path, rows), update="on")
    assert (counts_shown(page(ops, job)), Customer.objects.count()) == ({"would be corrected": 1}, 1)
    assert counts_shown(page(ops, apply(ops, job))) == {"corrected": 1}
    assert story(card)[2:] == [
        ("expire", "expire", "shut_down", date(2026, 2, 1)),
        ("assign", "", "shut_down", DAY),
        ("update", "", "shut_down", DAY),
    ]
    assert (fresh(card).customer.name, fresh(card).msisdn, fresh(card).owned_from_seq) == ("Newcomer", "13800000001", 4)
    assert set(CardEvent.objects.filter(seq__gte=4).values_list("actor_name", "job")) == {("operations", job.pk)}


def test_a_parked_card_is_not_moved_by_correcting(ops, tmp_path):
    card = card_in_use(iccid=iccid(1), customer="Acme")
    spoil(card, parked=InvariantBroken("no_cycle").written())
    job = checked(ops, table(tmp_path, [card_row(1, customer="Newcomer")]), update="on")
    ((row, field, message, _differs),) = wrong(page(ops, job))
    assert (row, field) == (2, "customer")
    assert message.startswith("The card is parked because its data is inconsistent: a term is running")
    assert Customer.objects.count() == 1


def test_a_card_that_turns_out_broken_is_parked_and_its_row_says_so(ops, tmp_path):
    card = card_in_use(iccid=iccid(1))
    Card.objects.filter(pk=card.pk).update(cycle_until=None)
    job = apply(ops, checked(ops, table(tmp_path, [card_row(1, msisdn="13800000001"), card_row(2)]), update="on"))
    (line, _new) = report(ops, job)
    assert (line[2:4], line[4].startswith("The card is parked")) == (["skipped", "msisdn"], True)
    assert (fresh(card).msisdn, fresh(card).parked_because) == ("", "a term is running, but no cycle is metered")


def test_the_same_form_and_the_same_file_twice(ops, tmp_path):
    content, key = table(tmp_path, [card_row(1)]), str(uuid.uuid4())
    first, second = (uploaded(ops, content, key=key) for _ in range(2))
    assert (first.pk, Job.objects.count()) == (second.pk, 1)
    apply(ops, worker.work_off(first))
    again = checked(ops, content)
    assert counts_shown(page(ops, again)) == {"are already known": 1}
    assert ops.post(f"/console/jobs/{first.pk}/start/").status_code == 302
    assert (Card.objects.count(), CardEvent.objects.count()) == (1, 1)


def test_a_card_that_somebody_brought_in_meanwhile_is_an_outcome(ops, tmp_path):
    job = checked(ops, table(tmp_path, [card_row(1), card_row(2)]))
    card_in_use(iccid=iccid(1), plan="M1-100")
    apply(ops, job)
    assert [line[2:4] for line in report(ops, job)] == [["skipped", "plan"], ["new", ""]]


def test_a_worker_that_dies_half_way_leaves_nothing_undone_and_nothing_done_twice(ops, tmp_path, monkeypatch):
    monkeypatch.setattr(kind, "CARDS_AT_ONCE", 2)
    job = checked(ops, table(tmp_path, [card_row(number) for number in range(1, 6)]))
    ops.post(f"/console/jobs/{job.pk}/start/")
    dead = engine.claim_chunk("dead", job)
    worker._work_once("alive", job)
    assert (Card.objects.count(), worker.work_off(job).status) == (2, "running")
    engine.JobChunk.objects.filter(pk=dead.pk).update(leased_until="2026-01-01T00:00Z")
    assert worker.work_off(job).status == "done"
    assert (Card.objects.count(), CardEvent.objects.count()) == (5, 5)
    assert [line[0] for line in report(ops, job)] == ["2", "3", "4", "5", "6"]


def test_reading_that_was_broken_off_begins_anew(ops, tmp_path):
    job = uploaded(ops, table(tmp_path, [card_row(1), card_row(2)]))
    engine.add_chunk(job, 1, 2_000, {"rows": []})  # what a worker that died has left
    job = worker.work_off(job)
    assert (job.status, job.total, job.chunks.count()) == ("ready", 2, 1)


HEADER = ",".join(card_row())
WRONG_FILES = [
    (b"\x7fELF\x00\x00\xff\xff", "The file is neither UTF-8 nor GB18030"),
    (b"iccid,colour\n", "The file has unknown columns: “colour”."),
    (f"{HEADER}\n".encode(), "The file has no rows below its header."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "The file has a password or is in the old .xls format"),
    (b"PK\x03\x04 and no more", "The file is not an XLSX workbook, or it is damaged."),
]


@pytest.mark.parametrize("what", ["cards", "usage"])
@pytest.mark.parametrize(("content", "sentence"), WRONG_FILES, ids=["image", "column", "header", "xls", "zip"])
def test_a_wrong_file_says_what_is_wrong_with_it(ops, what, content, sentence):
    content = content.replace(HEADER.encode(), b"iccid,day,bytes,read_at") if what == "usage" else content
    job = checked(ops, content, what=what)
    response = page(ops, job)
    assert (job.status, job.message.startswith(sentence)) == ("unread", True), job.message
    assert (f"{PAGE}?what={what}" in text(response), Card.objects.count()) == (True, 0)


def test_too_many_rows_are_refused_before_they_are_all_read(ops, tmp_path, monkeypatch):
    monkeypatch.setattr(kind, "MOST_ROWS", 2)
    job = checked(ops, table(tmp_path, [card_row(number) for number in range(3)]))
    assert (job.status, job.message) == ("unread", "The file has more than 2 rows: split it.")


def test_an_empty_file_is_said_at_once(ops):
    response = ops.post(
        PAGE, {"key": str(uuid.uuid4()), "what": "cards", "file": SimpleUploadedFile("a.csv", b"")}, headers=ENGLISH
    )
    assert (response.status_code, Job.objects.count()) == (422, 0)
    assert "The file is empty." in text(response)


def test_usage_is_checked_looked_at_and_applied_once(ops, tmp_path):
    card = card_in_use(OPENED_ON, iccid=iccid(1))
    rows = [usage_row(1), usage_row(1, day="2026-03-21", bytes=31 * 2**20), usage_row(7), usage_row(1, day="soon")]
    job = checked(ops, table(tmp_path, rows), what="usage")
    assert (job.status, job.total, UsageDay.objects.count()) == ("ready", 4, 0)
    preview = page(ops, job)
    assert counts_shown(preview) == {"would be new": 2, "have errors": 2}
    assert wrong(preview) == [
        (4, "iccid", "there is no card with this ICCID", ""),
        (5, "day", "“soon” is not a date; write it as 2026-03-02", ""),
    ]
    done = apply(ops, job)
    assert (done.status, counts_shown(page(ops, done))) == ("done", {"new": 2, "rows with errors": 2})
    assert (UsageDay.objects.count(), fresh(card).holds, StagedFile.objects.count()) == (2, "credit", 0)
    assert [line[0] for line in report(ops, job)] == ["4", "5"]
    again = checked(ops, table(tmp_path, rows), what="usage")
    assert counts_shown(page(ops, again)) == {"are out of date": 2, "have errors": 2}


@pytest.mark.parametrize("what", ["cards", "usage"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_template_can_be_filled_in_and_brought_in(ops, what, suffix):
    if what == "usage":
        card_in_use(iccid="89860000000000000001")
    content = ops.get(f"{PAGE}{what}.{suffix}").content
    if suffix == "xlsx":
        sheet = load_workbook(io.BytesIO(content)).active
        assert sheet["A2"].value == "89860000000000000001"
    if what == "cards":
        empty = checked(ops, content, what=what, name=f"{what}.{suffix}")
        assert (empty.status, empty.message) == ("unread", "The file has no rows below its header.")
        content = filled_in(content, suffix)
    job = checked(ops, content, what=what, name=f"{what}.{suffix}")
    assert (job.status, counts_shown(page(ops, job))) == ("ready", {"would be new": 1})


def filled_in(template, suffix):
    """The template of cards with a row below its example, which is no card itself."""
    cells = [EXAMPLE_CARD.get(column, "") for column in CARD_FILE_COLUMNS]
    cells[:3] = [iccid(2), "", ""]
    if suffix == "csv":
        return template + ",".join(cells).encode() + b"\n"
    workbook, saved = load_workbook(io.BytesIO(template)), io.BytesIO()
    workbook.active.append(cells)
    workbook.save(saved)
    return saved.getvalue()


def test_the_report_speaks_the_readers_language(ops, tmp_path):
    job = apply(ops, checked(ops, table(tmp_path, [card_row(1)])))
    response = ops.get(f"{PAGE}{job.pk}/report.csv", headers={"accept-language": "zh-hans"})
    assert b"".join(response.streaming_content).decode().startswith("\ufeff行,ICCID,结果,列,说明\n")


def test_who_may_not_import_may_look(ops, tmp_path):
    job = checked(ops, table(tmp_path, MIXED))
    auditor = of_role("auditor")
    refused = [auditor.get(PAGE), auditor.post(PAGE), auditor.get(f"{PAGE}cards.csv")]
    refused.append(auditor.post(f"/console/jobs/{job.pk}/start/"))
    assert [response.status_code for response in refused] == [403] * 4
    assert (page(auditor, job).status_code, len(report(auditor, job))) == (200, 3)
    assert Job.objects.get(pk=job.pk).status == JobStatus.READY
    assert PAGE not in text(auditor.get("/console/jobs/"))
    assert PAGE in text(ops.get("/console/jobs/"))


@pytest.mark.parametrize("path", ["cards.doc", "people.csv", "999/report.csv"])
def test_there_is_no_other_file(ops, path):
    assert ops.get(PAGE + path).status_code == 404


def test_only_imports_have_such_a_report(ops, django_user_model):
    owner = django_user_model.objects.get(username="operations")
    job = Job.objects.create(kind=JobKind.ACTION, action="suspend", owner=owner)
    assert ops.get(f"{PAGE}{job.pk}/report.csv").status_code == 404
