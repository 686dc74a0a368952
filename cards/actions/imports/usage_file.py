"""Files of usage: staged, then applied; good rows go in, bad ones come back with their reason."""

from cards.actions.imports.cards_file import ERRORS_KEPT, Imported
from cards.actions.imports.usage_applying import apply_next
from cards.actions.imports.usage_staging import discard, discard_abandoned, open_file, stage
from cards.actions.imports.usage_uneventful import preview_counts
from cards.models import RefusedRow, StagedFile


def import_usage(source, *, dry_run=False, progress=None):
    """Record the readings of a file and apply what they cause; a dry run only says how many there are of each kind.

    `progress`, if given, is called with the number of rows expected (each counts twice: it is staged first and
    applied later) and of those done since.
    """

    def report(rows, done):
        if progress:
            progress(rows if dry_run else 2 * rows, done)

    discard_abandoned()
    file = open_file()
    try:
        stage(source, file, report)
        if dry_run:
            return _imported(file, preview_counts(file))
        while applied := apply_next(file):
            report(file.rows, applied)
        file = StagedFile.objects.get(pk=file.pk)
        return _imported(file, {"created": file.created, "updated": file.updated, "stale": file.stale})
    finally:
        discard(file)


def _imported(file, counts):
    refused = RefusedRow.objects.filter(file=file).order_by("number")
    errors = [
        {"row": number, "field": field or None, "message": message}
        for number, field, message in refused.values_list("number", "field", "message")[:ERRORS_KEPT]
    ]
    return Imported(rows=file.rows, **counts, errors=errors, errors_left_out=refused.count() - len(errors))
