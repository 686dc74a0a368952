"""The page of an import: what would happen with the rows of the file, and what became of each."""

from dataclasses import dataclass
from itertools import islice

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cards.choices import JobKind
from cards.files.writing import as_text
from cards.lookup import names_of
from cards.models import Customer
from cards.pages.file_told import ColumnsForm, columns_read, whole_file_facts
from cards.pages.job_action import form_of

WRONG_SHOWN = 100
CHUNKS_AT_ONCE = 4

EXPECTED = {
    "created": (gettext_lazy("would be new"), "good"),
    "taken_over": (gettext_lazy("of these, taken over"), "good"),
    "updated": (gettext_lazy("would be corrected"), "info"),
    "unchanged": (gettext_lazy("are already known"), ""),
    "stale": (gettext_lazy("are out of date"), ""),
    "collisions": (gettext_lazy("conflict with an existing card"), "bad"),
    "refused": (gettext_lazy("have errors"), "bad"),
}
OUTCOMES = {
    "created": (gettext_lazy("new"), "good"),
    "taken_over": (gettext_lazy("of these, taken over"), "good"),
    "updated": (gettext_lazy("corrected"), "info"),
    "unchanged": (gettext_lazy("already known"), ""),
    "stale": (gettext_lazy("out of date"), ""),
    "collisions": (gettext_lazy("conflict with an existing card"), "bad"),
    "refused": (gettext_lazy("rows with errors"), "bad"),
}
RESULTS = {
    "created": gettext_lazy("new"),
    "updated": gettext_lazy("corrected"),
    "unchanged": gettext_lazy("unchanged"),
    "refused": gettext_lazy("skipped"),
}


@dataclass(frozen=True)
class Wrong:
    """A row that is refused: its number in the file, and which column says what; `differs` as text."""

    row: int
    iccid: str
    field: str
    message: str
    differs: str


def import_context(job, request, frame):
    """For console/jobs/_import_cards.html and its like."""
    has_begun = job.started_at is not None
    counts, labels = (job.sums.counts, OUTCOMES) if has_begun else (job.sums.check_counts, EXPECTED)
    is_of_cards = job.kind == JobKind.IMPORT_CARDS
    update = _("are corrected where they differ from the file") if job.params.get("update") else _("stay unchanged")
    shown = {
        "parameters": [*([(_("Existing cards"), update)] if is_of_cards else []), *whole_file_facts(job)],
        "counts_shown": [(*labels[name], counts[name]) for name in labels if counts[name]],
        "is_failed": job.has_failed,
        "again_url": f"{frame.url('imports')}?what={'cards' if is_of_cards else 'usage'}",
    }
    if (job.is_asking or job.is_waiting) and "columns" in job.params:
        shown |= {"columns_form": ColumnsForm(job), "names": names_of(Customer)}
    if "columns" in job.params:
        shown["taken"], shown["left_out"] = columns_read(job)
        shown["remarks"] = job.params.get("remarks", ())
    if job.is_waiting or has_begun:
        shown["wrong"] = list(islice(wrong_rows(job), WRONG_SHOWN))
        shown["wrong_count"] = counts["refused"] + counts["collisions"]
    if job.is_waiting:
        changes = counts["created"] + counts["updated"]
        label = ngettext("Import {count} row", "Import {count} rows", changes)
        shown |= {"changes": changes, "form": form_of(job), "start_label": label.format(count=f"{changes:,}")}
    return shown


def wrong_rows(job):
    """The refused rows, in the order of the file."""
    column = "result" if job.started_at else "check_result"
    errors = job.chunks.exclude(**{column: None}).order_by("number").values_list(f"{column}__errors", flat=True)
    for found in errors.iterator(CHUNKS_AT_ONCE):
        yield from (Wrong(*error[:4], _differences(error[4])) for error in found)


def report_of(job, language):
    """The lines of the report: row, ICCID, result, column, message. Of usage only refused rows are listed.

    They are written in `language` whatever the thread speaks by the time they are sent.
    """
    if job.kind == JobKind.IMPORT_CARDS and job.started_at:
        done = job.chunks.filter(done_at__isnull=False).order_by("number").values_list("payload", "result")
        found = (_lines(*documents) for documents in done.iterator(CHUNKS_AT_ONCE))
    else:
        found = ([_line(wrong)] for wrong in wrong_rows(job))
    while True:
        with translation.override(language):
            lines = next(found, None)
        if lines is None:
            return
        yield from lines


def _lines(payload, result):
    place = payload["columns"].index("iccid")
    iccids = {number: texts[place] for number, texts in (*payload["rows"], *payload["repeated"])}
    lines = {error[0]: _line(Wrong(*error[:4], _differences(error[4]))) for error in result["errors"]}
    for name in ("created", "updated", "unchanged"):
        label = str(RESULTS[name])
        lines |= {number: [number, as_text(iccids[number]), label, "", ""] for number in result[name]}
    return [lines[number] for number in sorted(lines)]


def _line(wrong):
    message = " ".join(filter(None, (wrong.message, wrong.differs)))
    return [wrong.row, as_text(wrong.iccid), str(RESULTS["refused"]), wrong.field, message]


def _differences(differs):
    """What differs between a card and its row, as text."""
    each = _("{column}: portal “{here}”, file “{filed}”")
    return _("; ").join(each.format(column=column, here=here, filed=filed) for column, here, filed in differs or ())
