"""Usage files as jobs: staged when they are read, and applied card by card when somebody has seen what would happen.

Each chunk takes the next range of the staged file, whichever that is; `payload` says which file, and has its share of
the rows that were refused.
"""

from collections import Counter

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from cards.actions.imports.told import Told
from cards.actions.imports.usage_applying import READINGS_AT_ONCE, apply_next, refuse_lost
from cards.actions.imports.usage_file import USAGE_OUTCOMES
from cards.actions.imports.usage_staging import discard, open_file, stage
from cards.actions.imports.usage_table import open_usage
from cards.actions.imports.usage_totals import foreseen_outcome
from cards.actions.jobs.cards_import import refuse_none, refuse_too_many, refuse_unpermitted
from cards.actions.jobs.engine import add_chunk
from cards.actions.jobs.file_import import FileImport, file_of, no_longer_kept
from cards.choices import JobStatus
from cards.models import Job, RefusedRow, StagedFile

ERRORS_AT_ONCE = 10_000
TOLD_OF_A_ROW = ("number", "field", "message")
STOOD_AT = ("taken_through", "told_on", "kept_until", *USAGE_OUTCOMES)


class UsageImport(FileImport):
    def prepare(self, job, alive):
        """Also of a file that was read already, when the database has lost what was read: then its work goes on."""
        if not job.started_at:
            return super().prepare(job, alive)
        _stage_again(job, alive)
        return JobStatus.RUNNING

    def open(self, file, told):
        return open_usage(file, told)

    def read(self, job, source, told, alive):
        for left in StagedFile.objects.filter(pk__in=_files(job)):  # by a worker that died over this job
            discard(left)
        job.chunks.all().delete()
        file = open_file(job.kept_until - timezone.now())
        add_chunk(job, 1, 0, {"staged": file.pk, "errors": []})  # by which another worker finds what this one leaves

        def progress(_expected, _done):
            refuse_too_many(file.rows)
            alive()

        table = stage(source, file, progress, told)
        refuse_none(file.rows)
        job.total = file.rows
        _divide(job, file)
        return table

    def check(self, job, chunk):
        """What the whole file comes to is one question, asked for its first chunk."""
        refuse_unpermitted(job)
        if chunk.number > 1:
            return _as_document(chunk, Counter())
        file = _staged(chunk)
        refuse_lost(file)
        return _as_document(chunk, *foreseen_outcome(file))

    def apply(self, job, chunk):
        refuse_unpermitted(job)
        before = _staged(chunk, StagedFile.objects.select_for_update())
        known = _last_refused(before)
        is_last = not job.chunks.filter(number__gt=chunk.number).exists()
        while apply_next(before) and is_last:
            pass
        after, refused = _staged(chunk), RefusedRow.objects.filter(file=before, pk__gt=known)
        counts = {name: getattr(after, name) - getattr(before, name) for name in USAGE_OUTCOMES}
        if chunk.number == 1:  # what the file itself has replaced
            counts["stale"] += chunk.payload.get("stale", before.stale)
        return _as_document(chunk, counts, refused.order_by("number").values_list(*TOLD_OF_A_ROW))

    def finish(self, job):
        for file in StagedFile.objects.filter(pk__in=_files(job)):
            discard(file)
        job.file.delete(save=False)
        Job.objects.filter(pk=job.pk).update(file="")


def _stage_again(job, alive):
    """Stage the file once more, and go on with it where the one that was lost stood."""
    file = open_file()
    with file_of(job) as source:
        stage(source, file, lambda _expected, _done: alive(), Told.read(job.params["told"]))
    with transaction.atomic():
        lost = StagedFile.objects.select_for_update().get(pk__in=_files(job))
        StagedFile.objects.filter(pk=file.pk).update(**{name: getattr(lost, name) for name in STOOD_AT})
        for chunk in job.chunks.all():
            chunk.payload["staged"] = file.pk
            chunk.save(update_fields=["payload"])
    discard(lost)


def _divide(job, file):
    """A chunk for each range of readings, and for each list of refused rows that is long enough."""
    rows = RefusedRow.objects.filter(file=file).order_by("number").values_list(*TOLD_OF_A_ROW)
    refused, warned = rows.filter(is_warning=False), rows.filter(is_warning=True)
    errors = refused.count()
    ranges = -(-(file.rows - errors) // READINGS_AT_ONCE[connection.vendor])
    count = max(ranges, -(-errors // ERRORS_AT_ONCE), 1)
    job.chunks.all().delete()
    for place in range(count):
        share = refused[place * errors // count : (place + 1) * errors // count]
        size = (place + 1) * file.rows // count - place * file.rows // count
        of_all = {"warnings": _report(warned[:ERRORS_AT_ONCE]), "stale": file.stale} if place == 0 else {}
        add_chunk(job, place + 1, size, {"staged": file.pk, "errors": _report(share), **of_all})


def _report(rows):
    return [[number, "", field, message, None] for number, field, message in rows]


def _as_document(chunk, counts, refused_since=()):
    errors = sorted(chunk.payload["errors"] + _report(refused_since))
    warnings = chunk.payload.get("warnings", [])
    return {
        "counts": {**counts, "refused": len(errors), "warned": len(warnings)},
        "errors": errors,
        "warnings": warnings,
    }


def _last_refused(file):
    return RefusedRow.objects.filter(file=file).aggregate(last=Max("pk"))["last"] or 0


def _staged(chunk, files=StagedFile.objects):
    """The chunk's staged file; `BadInput` when it is no longer kept."""
    file = files.filter(pk=chunk.payload["staged"]).first()
    if file is None:
        raise no_longer_kept()
    return file


def _files(job):
    return set(job.chunks.values_list("payload__staged", flat=True)[:1])
