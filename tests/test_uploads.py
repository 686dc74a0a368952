"""What is too large is refused at the door, in words, and nothing of it is read."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from cards.actions import throttle
from cards.actions.jobs import control
from cards.choices import JobStatus
from cards.models import Job
from cards.views.console.imports import LARGEST_FORM
from tests.build import files_end_at, member
from tests.console.pages import logged_in, of_role, text

pytestmark = [pytest.mark.django_db, pytest.mark.once]

OF_FORMS = 2_621_440  # Django's own limit, 2.5 MB
IMPORTS = "/console/imports/"
ENGLISH = {"accept-language": "en"}


class Unread:
    """A request of which nothing may be read."""

    def read(self, *size):
        raise AssertionError("the request was read")

    readline = read


def posted(client, page, size):
    """The answer to a form of so many bytes, announced and never sent."""
    body = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(size)}
    return client.post(page, content_type="multipart/form-data; boundary=x", headers=ENGLISH, **body)


def sent(client, content, key=None):
    """The answer to the form of an import."""
    form = {"key": key or str(uuid.uuid4()), "what": "cards", "file": SimpleUploadedFile("cards.csv", content)}
    return client.post(IMPORTS, form, headers=ENGLISH)


def test_a_page_that_takes_files_takes_them_up_to_its_limit_and_says_so_beyond(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client = of_role("operations")
    answer = posted(client, IMPORTS, LARGEST_FORM + 1)
    assert answer.status_code == 413
    assert "You sent 520.0\xa0MB, but this page takes at most 520.0\xa0MB. Nothing was saved" in text(answer)
    with pytest.raises(AssertionError, match="was read"):
        posted(client, IMPORTS, LARGEST_FORM)
    assert (sent(client, b"iccid\n" * 500_000).status_code, Job.objects.count()) == (302, 1)


def test_other_pages_take_no_files_however_well_somebody_is_known():
    client = of_role("operations")
    assert posted(client, "/console/cards/export/", OF_FORMS + 1).status_code == 413
    with pytest.raises(AssertionError, match="was read"):
        posted(client, "/console/cards/export/", OF_FORMS)


def test_an_account_alone_sends_no_files():
    """Anybody can have one; nor does a role that brings nothing in."""
    for client in (logged_in(member("Acme")), of_role("auditor")):
        answer = posted(client, IMPORTS, OF_FORMS + 1)
        assert (answer.status_code, "2.5\xa0MB" in text(answer)) == (413, True)


def test_of_twenty_imports_that_wait_one_has_to_go_before_the_next(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(control, "MOST_UPLOADS_WAITING", 2)
    client, other = of_role("operations"), of_role("operations", "other")
    assert [sent(client, b"iccid\n").status_code for _file in range(3)] == [302, 302, 422]
    refused = sent(client, b"iccid\n")
    assert "2 of your imports are not finished: start or discard one, then upload the next." in text(refused)
    assert sent(other, b"iccid\n").status_code == 302
    job = Job.objects.filter(owner__username="operations").first()
    Job.objects.filter(pk=job.pk).update(status=JobStatus.STOPPED)
    assert sent(client, b"iccid\n").status_code == 302
    assert len(list((tmp_path / "jobs").iterdir())) == Job.objects.exclude(file="").count()


def test_a_person_uploads_a_hundred_files_a_day(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(throttle, "UPLOADS_OF_PERSON", throttle.UPLOADS_OF_PERSON._replace(most=1))
    client, key = of_role("operations"), str(uuid.uuid4())
    assert [sent(client, b"iccid\n", key).status_code for _time in range(2)] == [302, 302]  # the same form
    refused = sent(client, b"iccid\n")
    assert (refused.status_code, Job.objects.count()) == (422, 1)
    assert "You have uploaded 1 files today. Try again tomorrow." in text(refused)


def test_a_visitor_whom_nobody_knows_sends_no_files(client):
    assert "2.5\xa0MB" in text(posted(client, IMPORTS, OF_FORMS + 1))
    assert posted(client, "/admin/login/", OF_FORMS + 1).status_code == 413


def test_a_disk_without_room_is_said_in_words_and_nothing_is_left(settings, tmp_path):
    """Whether the file is still arriving or lies in memory until it is kept."""
    settings.MEDIA_ROOT, settings.FILE_UPLOAD_TEMP_DIR = tmp_path, tmp_path / "arriving"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    client = of_role("operations")
    for rows in (500_000, 50_000):
        with files_end_at(64 * 1024):
            answer = sent(client, b"iccid\n" * rows)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "the disk is full" in text(answer)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert Job.objects.count() == 0


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's disk is a server's own")
def test_a_database_without_room_is_said_in_words_and_no_file_is_left(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client = of_role("operations")
    with connection.cursor() as cursor:
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            answers = [sent(client, b"iccid\n") for _row in range(19)]
        finally:
            cursor.execute("PRAGMA max_page_count = 1000000000")
    assert {answer.status_code for answer in answers} == {302, 503}
    assert "the disk is full" in text(answers[-1])
    kept = {path.name for path in (tmp_path / "jobs").iterdir()}
    assert kept == {f"{key}.csv" for key in Job.objects.values_list("key", flat=True)}
