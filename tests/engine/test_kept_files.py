"""The files of jobs: there wholly or not at all, and none that no row knows of for longer than a day."""

import os
import time
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from cards.actions.jobs.control import upload
from cards.actions.jobs.worker import work_off
from cards.actions.kept_files import delete_old_files, kept_wholly
from cards.choices import JobKind, JobStatus
from cards.models import Job
from tests.build import files_end_at, staff

pytestmark = pytest.mark.django_db

DAY = 86_400


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "arriving"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    (tmp_path / "jobs").mkdir()
    return tmp_path


def uploaded(user, size=6, **values):
    return upload(JobKind.IMPORT_CARDS, ContentFile(b"i" * size, name="cards.CSV"), user=user, **values)


def left(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def written_ago(path, seconds):
    path.write_text("x")
    os.utime(path, (time.time() - seconds,) * 2)


def test_an_upload_lies_under_its_key(files):
    job = uploaded(staff())
    assert (left(files), job.file.name) == ([f"jobs/{job.key}.csv"], f"jobs/{job.key}.csv")


def test_of_an_upload_that_the_disk_does_not_take_neither_file_nor_row_is_left(files):
    user = staff()
    with files_end_at(64 * 1024), pytest.raises(OSError, match="File too large"):
        uploaded(user, 128 * 1024)
    assert (left(files), Job.objects.count()) == ([], 0)
    assert uploaded(user, 128 * 1024).file.size == 128 * 1024


def test_of_an_upload_that_the_database_does_not_take_no_file_is_left(files):
    job = Job.objects.create(kind=JobKind.IMPORT_CARDS, owner=staff())

    @transaction.atomic
    def kept_beside_a_refused_row():
        with kept_wholly() as keep:
            keep(job, ContentFile(b"iccid", name="cards.csv"))
            assert left(files) == [f"jobs/{job.key}.csv"]
            Job.objects.create(kind=job.kind, owner=job.owner, key=job.key)

    with pytest.raises(IntegrityError):
        kept_beside_a_refused_row()
    assert left(files) == []


def test_the_same_form_again_after_a_crash_finds_what_the_crash_left_and_replaces_it(files):
    key = uuid.uuid4()
    (files / f"jobs/{key}.csv").write_text("half of a fi")
    job = uploaded(staff(), key=key)
    assert (left(files), job.file.size) == ([f"jobs/{key}.csv"], 6)
    assert uploaded(job.owner, key=key) == job
    assert left(files) == [f"jobs/{key}.csv"]


def test_what_no_row_knows_of_is_deleted_after_a_day_and_nothing_else(files):
    known = uploaded(staff())
    os.utime(known.file.path, (time.time() - 3 * DAY,) * 2)
    of_a_crash = ("jobs/export-1.0123.part", "jobs/export-2.csv", f"jobs/{uuid.uuid4()}.csv", "arriving/tmp1.upload")
    for name in of_a_crash:
        written_ago(files / name, DAY - 60)
    delete_old_files()
    assert left(files) == sorted([*of_a_crash, known.file.name])
    for name in of_a_crash:
        written_ago(files / name, DAY + 60)
    (files / "arriving/tmp2.upload").write_text("under way")
    delete_old_files()
    assert left(files) == ["arriving/tmp2.upload", known.file.name]


def test_the_file_of_a_row_that_is_gone_goes_too(files):
    job = uploaded(staff())
    os.utime(job.file.path, (time.time() - DAY - 60,) * 2)
    Job.objects.all().delete()
    delete_old_files()
    assert left(files) == []


def test_uploads_are_deleted_after_their_time_too(files):
    job = uploaded(staff())
    over = {"status": JobStatus.DONE, "kept_until": timezone.now() - timedelta(minutes=1)}
    Job.objects.filter(pk=job.pk).update(**over)
    delete_old_files()
    assert (Job.objects.get(pk=job.pk).file.name, left(files)) == ("", [])


def test_without_any_folder_there_is_nothing_to_delete(files):
    for name in ("jobs", "arriving"):
        (files / name).rmdir()
    delete_old_files()


def test_an_import_whose_file_is_gone_says_so():
    with translation.override("en"):
        job = uploaded(staff())
    os.unlink(job.file.path)
    job = work_off(job)
    assert (job.status, job.message) == (JobStatus.UNREAD, "The file is no longer kept: upload it again.")
