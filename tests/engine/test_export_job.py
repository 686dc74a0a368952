"""Exports in the background: written by a worker, fetched by whoever asked, taken over when a worker dies, deleted."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone, translation

from cards.actions.jobs import engine
from cards.actions.jobs.control import upload
from cards.actions.jobs.export import Export, order_export
from cards.actions.jobs.worker import name_of_worker, tick, work_off
from cards.actions.kept_files import delete_old_files
from cards.actions.selections import freeze
from cards.choices import JobKind, JobStatus
from cards.exports.stream import file_blocks
from cards.models import Card, Job
from cards.pages import exporting
from tests.build import card_in_use, on_day, open_card, staff
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "jobs"


@pytest.fixture
def long_lists(monkeypatch):
    """Two cards are a long list."""
    monkeypatch.setattr(exporting, "MOST_AT_ONCE", 1)


def written(user, format="codes", **what):
    """A job whose file is written."""
    job = work_off(order_export(user, format, "cards.csv", **what))
    assert (job.status, job.message) == (JobStatus.DONE, "")
    return job


def numbers(content):
    return [line.split(",")[0] for line in content.decode().splitlines()[1:]]


def test_a_long_list_becomes_a_job_with_the_same_file(long_lists):
    user = staff()
    client = logged_in(user)
    open_card(), open_card(), card_in_use()
    response = client.get("/console/cards/export/?state=unused&after=9&format=csv", headers=ENGLISH)
    job = Job.objects.get()
    assert response.headers["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.kind, job.owner, job.language) == (JobKind.EXPORT, user, "en")
    assert job.params == {"format": "csv", "query": "state=unused"}
    job = work_off(job)
    assert (job.status, job.total, job.kept_until > timezone.now() + timedelta(hours=23)) == (JobStatus.DONE, 2, True)
    response = client.get(f"/console/jobs/{job.pk}/file/")
    with translation.override("en"):
        at_once = b"".join(file_blocks(Card.objects.filter(state="unused").order_by("-pk"), "csv"))
    assert b"".join(response.streaming_content) == at_once
    assert response.headers["Content-Disposition"] == f'attachment; filename="{job.file_name}"'
    assert response.headers["Cache-Control"] == "no-store"


def test_a_job_writes_the_columns_that_were_shown(long_lists):
    client = logged_in(staff())
    cards = [open_card(), open_card()]
    asked = "/console/cards/export/?format=csv&columns=shown&cols=state"
    where = [client.get(asked, headers=ENGLISH).headers["Location"] for _ in range(2)]
    job = Job.objects.get()
    assert where == [f"/console/jobs/{job.pk}/"] * 2
    assert job.params == {"format": "csv", "query": "cols=state", "shown": ["state"]}
    work_off(job)
    response = client.get(f"/console/jobs/{job.pk}/file/")
    assert b"".join(response.streaming_content).decode() == "\ufeffICCID,State\n" + "".join(
        f'"=""{card.iccid}""",Unused\n' for card in reversed(cards)
    )
    assert "as shown in the list" in text(client.get(f"/console/jobs/{job.pk}/", headers=ENGLISH))


def test_a_short_list_becomes_no_job(long_lists):
    open_card()
    assert logged_in(staff()).get("/console/cards/export/?format=csv").streaming
    assert not Job.objects.exists()


def test_the_same_export_twice_is_one_job_while_it_is_written(long_lists):
    user = staff()
    client = logged_in(user)
    open_card(), open_card()
    first, second = (client.get("/console/cards/export/?format=csv").headers["Location"] for _ in range(2))
    assert first == second
    work_off(Job.objects.get())
    assert client.get("/console/cards/export/?format=csv").headers["Location"] != first
    assert client.get("/console/cards/export/?format=codes").headers["Location"] != first
    assert Job.objects.count() == 3


@pytest.mark.parametrize("format", ["csv", "codes", "xlsx"])
def test_each_format_comes_with_its_suffix_in_the_language_it_was_asked_for_in(format):
    open_card()
    with translation.override("en"):
        job = order_export(staff(), format, "cards")
    job = work_off(job)
    content = Path(job.file.path).read_bytes()
    assert Path(job.file.path).suffix == (".xlsx" if format == "xlsx" else ".csv")
    assert content[:3] == {"csv": b"\xef\xbb\xbf", "codes": b"icc", "xlsx": b"PK\x03"}[format]
    assert (b"China Mobile" in content) == (format == "csv")


def test_a_selection_as_a_job(long_lists):
    user, cards = staff(), [open_card() for _ in range(3)]
    picked = freeze(Card.objects.filter(pk__in=[card.pk for card in cards[:2]]), owner=user, asked={"from": "page"})
    client = logged_in(user)
    response = client.get(f"/console/selections/{picked.pk}/export/?format=codes")
    job = work_off(Job.objects.get())
    assert response.headers["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.selection, job.total) == (picked, 2)
    assert numbers(Path(job.file.path).read_bytes()) == [cards[1].iccid, cards[0].iccid]
    assert client.get(f"/console/jobs/{job.pk}/").status_code == 200


def test_the_page_says_where_the_file_is_and_until_when():
    user = staff()
    open_card()
    client = logged_in(user)
    job = order_export(user, "csv", "cards-2026-03-10.csv", query="state=unused")
    page = f"/console/jobs/{job.pk}/"
    shown = text(client.get(page, headers=ENGLISH))
    assert "The file is being prepared" in shown
    assert "Writing file…" in shown
    assert "Writing file…" in text(client.get(f"{page}progress/?status=preparing", headers=ENGLISH))
    job = work_off(job)
    shown = text(client.get(page, headers=ENGLISH))
    until = timezone.localtime(job.kept_until).strftime("%Y-%m-%d %H:%M")
    assert f"The file is kept until {until}, then it is deleted." in shown
    assert f'href="{page}file/"' in shown
    assert "/console/cards/?state=unused" in shown
    others = text(of_role("auditor").get(page, headers=ENGLISH))
    assert "Only ops can download it." in others
    assert "file/" not in others


def test_only_who_asked_and_an_administrator_may_fetch_it():
    open_card()
    job = written(staff())
    url = f"/console/jobs/{job.pk}/file/"
    assert b"".join(logged_in(job.owner).get(url).streaming_content).startswith(b"iccid")
    assert b"".join(superuser().get(url).streaming_content).startswith(b"iccid")
    assert of_role("operations").get(url).status_code == 404
    assert of_role("auditor").get(url).status_code == 404


def test_the_page_of_a_file_that_is_missing_says_so():
    open_card()
    job = written(staff())
    Path(job.file.path).unlink()
    client = logged_in(job.owner)
    shown = text(client.get(f"/console/jobs/{job.pk}/", headers=ENGLISH))
    assert "The file is missing from the portal's disk. Export the list again." in shown
    assert "file/" not in shown
    assert client.get(f"/console/jobs/{job.pk}/file/").headers["Location"] == f"/console/jobs/{job.pk}/"


def test_the_files_of_other_jobs_are_not_handed_out():
    owner = staff()
    job = upload(JobKind.IMPORT_CARDS, ContentFile(b"iccid\n", name="cards.csv"), user=owner)
    assert logged_in(owner).get(f"/console/jobs/{job.pk}/file/").status_code == 404


def test_somebody_who_may_no_longer_look_exports_nothing():
    open_card()
    job = order_export(staff(), "codes", "cards.csv")
    User.objects.filter(pk=job.owner_id).update(is_active=False)
    job = work_off(job)
    assert (job.status, numbers(Path(job.file.path).read_bytes())) == (JobStatus.DONE, [])


def test_a_filter_that_means_nothing_any_more_ends_the_job_and_exports_nothing(files):
    open_card(customer="Acme")
    with translation.override("en"):
        job = work_off(order_export(staff(), "codes", "cards.csv", query="customer=Gone"))
    assert job.status == JobStatus.FAILED
    assert job.message.startswith("Customer: There is no customer with “Gone” in their name.")
    assert not list(files.glob("*"))


def test_a_stopped_job_leaves_no_file(files):
    open_card()
    job = order_export(staff(), "codes", "cards.csv")
    worker = name_of_worker()
    job = engine.claim_job(worker, job)

    def alive():
        engine.stop(job, job.owner)
        engine.extend_lease(job, worker)

    with pytest.raises(engine.Lost):
        Export().prepare(job, alive)
    assert not list(files.glob("*"))


def test_a_killed_worker_is_followed_by_another_that_begins_anew(files):
    card = open_card()
    job = order_export(staff(), "codes", "cards.csv")
    assert engine.claim_job("killed", job)
    files.mkdir()
    (files / f"export-{job.key}.0123.part").write_text("iccid,half of a fi")
    tick(1)
    assert Job.objects.get(pk=job.pk).status == JobStatus.PREPARING
    Job.objects.filter(pk=job.pk).update(leased_until=timezone.now())
    tick(5)
    job = Job.objects.get(pk=job.pk)
    assert (job.status, numbers(Path(job.file.path).read_bytes())) == (JobStatus.DONE, [card.iccid])
    assert [path.name for path in files.glob("*")] == [f"export-{job.key}.csv"]


def test_a_file_is_deleted_after_its_time_and_the_page_says_so(files):
    open_card()
    job = written(staff())
    delete_old_files()
    assert Path(job.file.path).exists()
    Job.objects.filter(pk=job.pk).update(kept_until=timezone.now() - timedelta(minutes=1))
    delete_old_files()
    assert not list(files.glob("*"))
    job = Job.objects.get(pk=job.pk)
    assert (job.status, job.file.name) == (JobStatus.DONE, "")
    client = logged_in(job.owner)
    page = text(client.get(f"/console/jobs/{job.pk}/", headers=ENGLISH))
    assert ("The file was deleted after " in page, "Export the list again." in page) == (True, True)
    gone = client.get(f"/console/jobs/{job.pk}/file/")
    assert gone.headers["Location"] == f"/console/jobs/{job.pk}/"


@on_day(DAY)
def test_the_list_is_that_of_the_moment_when_the_file_is_written():
    first = open_card()
    job = order_export(staff(), "codes", "cards.csv", query="state=unused")
    second = open_card()
    card_in_use()
    assert numbers(Path(work_off(job).file.path).read_bytes()) == [second.iccid, first.iccid]
