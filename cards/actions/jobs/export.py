"""An export that is too long to wait for: written to a file in the background, fetched by its owner, then deleted."""

import time
import uuid
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

from django.core.files.storage import default_storage
from django.utils import timezone, translation

from cards.actions.jobs.engine import Kind
from cards.choices import JobKind, JobStatus
from cards.columns.kinds import Format
from cards.exports.stream import dressed, row_blocks
from cards.exports.wanted import cards_of_list, cards_of_selection
from cards.files.writing import BLOCK
from cards.models import Job
from cards.scope import Scope

FOLDER = "jobs"
BEGINNING = "export-"
UNFINISHED = ".part"
KEPT_FOR = timedelta(hours=24)
DELETED_AT_ONCE = 100


def order_export(user, format, file_name, *, query="", selection=None):
    """The job that writes this file; the same export asked for again while it is being written is the same job."""
    params = {"format": Format(format).value} | ({"query": query} if query else {})
    wanted = {"kind": JobKind.EXPORT, "owner": user, "params": params, "selection": selection}
    wanted["language"] = translation.get_language()
    waiting = Job.objects.filter(**wanted, status=JobStatus.PREPARING).first()
    return waiting or Job.objects.create(**wanted, file_name=file_name)


class Export(Kind):
    """Its work is all in `prepare`: there is nothing to check, and nobody has to start it."""

    def prepare(self, job, alive):
        path = Path(default_storage.path(f"{FOLDER}/{BEGINNING}{job.key}.{suffix_of(job.params['format'])}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{path.stem}.*"):
            left.unlink(missing_ok=True)
        cards = cards_to_export(job)
        job.total = cards.count()
        Job.objects.filter(pk=job.pk).update(total=job.total)
        unfinished = path.with_suffix(f".{uuid.uuid4().hex}{UNFINISHED}")
        try:
            _write(unfinished, cards, job, alive)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        job.file.name = f"{FOLDER}/{path.name}"
        job.kept_until = timezone.now() + KEPT_FOR
        return JobStatus.DONE


def cards_to_export(job):
    """The cards to be exported, as its owner may see them at this moment."""
    if job.selection:
        return cards_of_selection(job.selection, job.owner)
    return cards_of_list(job.params.get("query", ""), job.owner)


def suffix_of(format):
    return "xlsx" if format == Format.XLSX else "csv"


def delete_old_files():
    """Delete the files of jobs whose time is over, and what killed workers left of exports."""
    over = Job.objects.filter(kept_until__lte=timezone.now()).exclude(file="").exclude(status=JobStatus.PREPARING)
    for job in over.order_by("pk")[:DELETED_AT_ONCE]:
        job.file.delete(save=False)
        Job.objects.filter(pk=job.pk).update(file="")
    begun_before = time.time() - KEPT_FOR.total_seconds()
    for path in Path(default_storage.path(FOLDER)).glob(f"{BEGINNING}*"):
        if path.stat().st_mtime < begun_before:
            path.unlink(missing_ok=True)


def _write(path, cards, job, alive):
    """First what the database says, as fast as it says it, for nobody can ask it for anything else meanwhile."""
    options = {"format": job.params["format"], "to_staff": Scope.of(job.owner).sees_all}
    with TemporaryFile(dir=path.parent) as rows, open(path, "wb") as file:
        for block in row_blocks(cards, **options):
            rows.write(block)
        alive()
        rows.seek(0)
        for block in dressed(_blocks(rows), **options):
            file.write(block)
            alive()


def _blocks(file):
    """The file again, in blocks of whole lines."""
    while block := file.read(BLOCK):
        yield block + file.readline()
