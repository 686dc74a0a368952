"""The files of jobs: each is there wholly or not at all, and none stays of which no row knows.

They lie in one folder (`FOLDER_OF_JOBS` within `MEDIA_ROOT`). What is still arriving lies in Django's
`FILE_UPLOAD_TEMP_DIR`, on the same disk, so that it is moved and not copied.
"""

import math
import os
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path, PurePath

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from cards.choices import JobStatus
from cards.models import Job
from cards.models.job import FOLDER_OF_JOBS

UNKNOWN_KEPT_FOR = timedelta(hours=24)  # longer than anything takes from its first byte to its row
DELETED_AT_ONCE = 100


def path_of(name):
    """Where a job's file of this name is, or is to be."""
    return Path(default_storage.path(FOLDER_OF_JOBS + name))


def flush(path):
    """Returns once the file is on the disk: after a power cut it is there wholly, or its row is not there either."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


@contextmanager
def kept_wholly():
    """Yields what keeps an upload as the file of a job. If the block ends badly, a full disk say, no file stays."""
    names = []

    def keep(job, file):
        name = f"{job.key}{PurePath(file.name).suffix.lower()[:8]}"
        names.append(FOLDER_OF_JOBS + name)
        default_storage.delete(names[-1])  # whoever wrote it was killed before its row was there
        job.file.save(name, file)
        flush(job.file.path)

    try:
        yield keep
    except BaseException:
        for name in names:
            default_storage.delete(name)
        raise


def delete_old_files():
    """Delete some files of jobs whose time is over, and a day later what no job knows of.

    How many files, and whether there may be more of jobs.
    """
    over = Job.objects.filter(kept_until__lte=timezone.now()).exclude(file="").exclude(status=JobStatus.PREPARING)
    jobs, unknown = list(over.order_by("pk")[:DELETED_AT_ONCE]), _unknown_files()
    for job in jobs:
        job.file.delete(save=False)
        Job.objects.filter(pk=job.pk).update(file="")
    for path in unknown:
        path.unlink(missing_ok=True)
    return len(jobs) + len(unknown), len(jobs) == DELETED_AT_ONCE


def _unknown_files():
    """Old files without a row: whoever wrote them was killed, or their row is gone."""
    old = _old_files(path_of(""))
    known = set(Job.objects.exclude(file="").values_list("file", flat=True)) if old else ()
    unknown = [path for path in old if FOLDER_OF_JOBS + path.name not in known]
    return unknown + _old_files(Path(settings.FILE_UPLOAD_TEMP_DIR))


def _old_files(folder):
    before = time.time() - UNKNOWN_KEPT_FOR.total_seconds()
    return [path for path in folder.glob("*") if _written_at(path) < before]


def _written_at(path):
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # somebody else has just deleted it
        return math.inf
