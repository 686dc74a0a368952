"""Files of usage: staged, then applied; good rows go in, bad ones come back with their reason."""

from collections import Counter
from contextlib import closing
from functools import partial

from cards.actions.imports.cards_file import ERRORS_KEPT, Imported
from cards.actions.imports.told import AS_IT_STANDS
from cards.actions.imports.usage_applying import apply_range, begin_applying, ranges_of
from cards.actions.imports.usage_staging import discard, open_file, stage
from cards.actions.imports.usage_totals import foreseen_outcome
from cards.actions.lanes import in_lanes
from cards.models import RefusedRow

USAGE_OUTCOMES = ("created", "updated", "unchanged", "stale", "quarantined")


def import_usage(source, *, told=AS_IT_STANDS, dry_run=False, progress=None):
    """Record the readings of a file, read as `told`, and apply what they cause; a dry run only says how many there are
    of each kind.

    `progress`, if given, is called with the number of rows expected (each counts twice: it is staged first and
    applied later) and of those done since.
    """

    def report(rows, done):
        if progress:
            progress(rows if dry_run else 2 * rows, done)

    file = open_file()
    try:
        table = stage(source, file, report, told)
        if dry_run:
            return _imported(file, *foreseen_outcome(file), table)
        counts, refused, file.told_on = Counter(stale=file.stale), [], begin_applying(file)
        with closing(in_lanes(partial(apply_range, file), ranges_of(file), at_hand=1)) as ranges:
            for taken in ranges:
                counts += taken.counts
                refused += taken.refused
                report(file.rows, taken.readings)
        return _imported(file, counts, refused, table)
    finally:
        discard(file)


def _imported(file, counts, refusals, table):
    rows = RefusedRow.objects.filter(file=file).order_by("number").values_list("number", "field", "message")
    refused, warned = rows.filter(is_warning=False), rows.filter(is_warning=True)
    imported = Imported(rows=file.rows, **{name: counts[name] for name in USAGE_OUTCOMES})
    imported.add_errors(list(map(_as_error, [*refused[:ERRORS_KEPT], *refusals])))
    imported.errors_left_out += max(refused.count() - ERRORS_KEPT, 0)
    imported.add_remarks(table)
    imported.warnings += map(_as_error, warned[:ERRORS_KEPT])
    return imported


def _as_error(row):
    number, field, message = row
    return {"row": number, "field": field or None, "message": message}
