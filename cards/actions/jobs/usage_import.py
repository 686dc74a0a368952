"""Usage files as jobs: staged when they are read, and applied card by card when somebody has seen what would happen.

Each chunk takes the next range of the staged file, whichever that is; `payload` says which file, and has its share of
the rows that were refused.
"""

from collections import Counter

from django.db import connection
from django.utils import timezone

from cards.actions.imports.usage_applying import READINGS_AT_ONCE, apply_next
from cards.actions.imports.usage_file import USAGE_OUTCOMES
from cards.actions.imports.usage_staging import discard, discard_abandoned, open_file, stage
from cards.actions.imports.usage_table import open_usage
from cards.actions.imports.usage_totals import foreseen_counts
from cards.actions.jobs.cards_import import refuse_none, refuse_too_many, refuse_unpermitted
from cards.actions.jobs.engine import add_chunk
from cards.actions.jobs.file_import import FileImport
from cards.models import Job, RefusedRow, StagedFile

ERRORS_AT_ONCE = 10_000


class UsageImport(FileImport):
    def open(self, file, told):
        return open_usage(file, told)

    def read(self, job, source, told, alive):
        for left in StagedFile.objects.filter(pk__in=_files(job)):  # by a worker that died over this job
            discard(left)
        job.chunks.all().delete()
        discard_abandoned()
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
        counts = foreseen_counts(_staged(chunk)) if chunk.number == 1 else Counter()
        return _as_document(chunk, counts)

    def apply(self, job, chunk):
        refuse_unpermitted(job)
        before = StagedFile.objects.select_for_update().get(pk=chunk.payload["staged"])
        is_last = not job.chunks.filter(number__gt=chunk.number).exists()
        while apply_next(before) and is_last:
            pass
        after = _staged(chunk)
        return _as_document(chunk, {name: getattr(after, name) - getattr(before, name) for name in USAGE_OUTCOMES})

    def finish(self, job):
        for file in StagedFile.objects.filter(pk__in=_files(job)):
            discard(file)
        job.file.delete(save=False)
        Job.objects.filter(pk=job.pk).update(file="")


def _divide(job, file):
    """A chunk for each range of readings, and for each list of refused rows that is long enough."""
    refused = RefusedRow.objects.filter(file=file).order_by("number").values_list("number", "field", "message")
    errors = refused.count()
    ranges = -(-(file.rows - errors) // READINGS_AT_ONCE[connection.vendor])
    count = max(ranges, -(-errors // ERRORS_AT_ONCE), 1)
    job.chunks.all().delete()
    for place in range(count):
        share = refused[place * errors // count : (place + 1) * errors // count]
        report = [[number, "", field, message, None] for number, field, message in share]
        size = (place + 1) * file.rows // count - place * file.rows // count
        add_chunk(job, place + 1, size, {"staged": file.pk, "errors": report})


def _as_document(chunk, counts):
    errors = chunk.payload["errors"]
    return {"counts": {**counts, "refused": len(errors)}, "errors": errors}


def _staged(chunk):
    return StagedFile.objects.get(pk=chunk.payload["staged"])


def _files(job):
    return set(job.chunks.values_list("payload__staged", flat=True)[:1])
