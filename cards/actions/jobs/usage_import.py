"""Usage files as jobs: staged when they are read, and applied card by card when somebody has seen what would happen.

The `payload` of a chunk says which staged file, which range of its cards, if any is left for it, and has its share of
the rows that were refused. No chunk waits for another, so as many workers as there are share a file.
"""

from collections import Counter
from itertools import zip_longest

from django.db import transaction
from django.utils import timezone

from cards.actions.imports.told import Told
from cards.actions.imports.usage_applying import apply_range, begin_applying, ranges_of, refuse_lost
from cards.actions.imports.usage_file import USAGE_OUTCOMES
from cards.actions.imports.usage_staging import discard, open_file, stage
from cards.actions.imports.usage_table import open_usage
from cards.actions.imports.usage_totals import foreseen_outcome
from cards.actions.jobs.cards_import import refuse_none, refuse_too_many, refuse_unpermitted
from cards.actions.jobs.engine import NoLongerRead, add_chunk
from cards.actions.jobs.file_import import FileImport, file_of, no_longer_kept
from cards.choices import JobStatus
from cards.models import Job, RefusedRow, StagedFile, StagedReading

ERRORS_AT_ONCE = 10_000
TOLD_OF_A_ROW = ("number", "field", "message")
STOOD_AT = ("told_on", "kept_until")


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
        if chunk.payload.get("cards", True):
            refuse_lost(file)
        return _as_document(chunk, *foreseen_outcome(file))

    def begin(self, job, chunk):
        begin_applying(_staged(chunk))

    def apply(self, job, chunk):
        refuse_unpermitted(job)
        file = _staged(chunk)
        if "cards" not in chunk.payload:
            raise NoLongerRead("", "")  # made by version 0.14, whose chunks took whichever cards were next
        counts, refused = Counter(stale=chunk.payload.get("stale", 0)), []
        if chunk.payload["cards"]:
            taken = apply_range(file, chunk.payload["cards"])
            counts, refused = counts + taken.counts, taken.refused
        return _as_document(chunk, {name: counts[name] for name in USAGE_OUTCOMES}, refused)

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
        chunks = list(job.chunks.order_by("number"))
        if any("cards" not in chunk.payload for chunk in chunks):
            _share_out_what_is_left(file, lost, chunks)
        for chunk in chunks:
            chunk.payload["staged"] = file.pk
            chunk.save(update_fields=["payload"])
    discard(lost)


def _share_out_what_is_left(file, lost, chunks):
    """Give each chunk of version 0.14 that is not done its own cards; `lost` says how far those that are done went."""
    undone = [chunk for chunk in chunks if not chunk.done_at]
    left = max(StagedReading.objects.filter(file_id=file.pk, card_id__gt=lost.taken_through).count(), 1)
    ranges = ranges_of(file, -(-left // len(undone)), after=lost.taken_through)
    for chunk, cards in zip_longest(undone, ranges):
        chunk.payload["cards"] = cards


def _divide(job, file):
    """A chunk for each range of cards, and for each list of refused rows that is long enough."""
    rows = RefusedRow.objects.filter(file=file).order_by("number").values_list(*TOLD_OF_A_ROW)
    refused, warned = rows.filter(is_warning=False), rows.filter(is_warning=True)
    errors, ranges = refused.count(), ranges_of(file)
    count = max(len(ranges), -(-errors // ERRORS_AT_ONCE), 1)
    job.chunks.all().delete()
    for place in range(count):
        share = refused[place * errors // count : (place + 1) * errors // count]
        size = (place + 1) * file.rows // count - place * file.rows // count
        of_all = {"warnings": _report(warned[:ERRORS_AT_ONCE]), "stale": file.stale} if place == 0 else {}
        cards = ranges[place] if place < len(ranges) else None
        add_chunk(job, place + 1, size, {"staged": file.pk, "cards": cards, "errors": _report(share), **of_all})


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


def _staged(chunk):
    """The chunk's staged file; `BadInput` when it is no longer kept."""
    file = StagedFile.objects.filter(pk=chunk.payload["staged"]).first()
    if file is None:
        raise no_longer_kept()
    return file


def _files(job):
    return set(job.chunks.values_list("payload__staged", flat=True)[:1])
