"""The page of an import: what would happen with the rows of the file, and what became of each."""

from dataclasses import dataclass
from itertools import chain, islice

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cards.actions.imports.at_once import AT_ONCE
from cards.actions.imports.file_customers import question
from cards.actions.jobs import control
from cards.choices import Action, JobKind
from cards.files.writing import as_text
from cards.lookup import names_of
from cards.models import Customer
from cards.pages.customers_told import customers_told
from cards.pages.file_told import ColumnsForm, columns_read, whole_file_facts
from cards.pages.job_action import form_of
from cards.phrases import noted, pair

WRONG_SHOWN = 100
CUSTOMERS_SHOWN = 200
CHUNKS_AT_ONCE = 4

EXPECTED = {
    "created": (gettext_lazy("would be new"), "good"),
    "taken_over": (gettext_lazy("of these, taken over"), "good"),
    "updated": (gettext_lazy("would be corrected"), "info"),
    "unchanged": (gettext_lazy("are already known"), ""),
    "stale": (gettext_lazy("are out of date"), ""),
    "quarantined": (gettext_lazy("would be quarantined"), "bad"),
    "warned": (gettext_lazy("would be imported with a remark"), "info"),
    "collisions": (gettext_lazy("conflict with an existing card"), "bad"),
    "refused": (gettext_lazy("have errors"), "bad"),
}
OUTCOMES = {
    "created": (gettext_lazy("new"), "good"),
    "taken_over": (gettext_lazy("of these, taken over"), "good"),
    "updated": (gettext_lazy("corrected"), "info"),
    "unchanged": (gettext_lazy("already known"), ""),
    "stale": (gettext_lazy("out of date"), ""),
    "quarantined": (gettext_lazy("quarantined"), "bad"),
    "warned": (gettext_lazy("imported with a remark"), "info"),
    "collisions": (gettext_lazy("conflict with an existing card"), "bad"),
    "refused": (gettext_lazy("rows with errors"), "bad"),
}
RESULTS = {
    "created": gettext_lazy("new"),
    "updated": gettext_lazy("corrected"),
    "unchanged": gettext_lazy("unchanged"),
    "refused": gettext_lazy("skipped"),
    "warned": gettext_lazy("imported with a remark"),
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
        "is_failed": job.has_failed or job.could_not_be_read,
        "cards_count": counts["created"] + counts["updated"] if is_of_cards and job.is_over else 0,
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
        shown["warned"] = list(islice(_warned_rows(job), WRONG_SHOWN))
        shown["warned_count"] = counts["warned"]
    if job.is_waiting:
        changes = counts["created"] + counts["updated"] + counts["quarantined"]
        label = ngettext("Import {count} row", "Import {count} rows", changes)
        shown |= {"changes": changes, "form": form_of(job), "start_label": label.format(count=f"{changes:,}")}
        shown |= _foreseen(control.foreseen_of(job))
    return shown


def _foreseen(foreseen):
    """The customers who would be new, with whom each may mean instead; and what the rules do to the cards at once."""
    new, at_once = foreseen["new_customers"], foreseen["at_once"]
    asked = [question(name, near) for name, _row, near in new if near]
    return {
        "new_customers": [name for name, _row, _near in new[:CUSTOMERS_SHOWN]],
        "new_customers_count": len(new),
        "asked": asked[:CUSTOMERS_SHOWN],
        **_known(foreseen["known_customers"]),
        "at_once": [_at_once(action, *at_once["days"][action]) for action in AT_ONCE if action in at_once["days"]],
        "is_dangerous": bool(at_once["ended"]),
    }


def _known(rows):
    """The customers who are there already and get cards: those with the most rows first, each told from all others."""
    counts = {int(pk): count for pk, count in rows.items()}
    first = sorted(counts, key=lambda pk: (-counts[pk], pk))[:CUSTOMERS_SHOWN]
    customers = list(filter(None, map(Customer.objects.in_bulk(first).get, first)))
    sentences = [
        pair(told, _rows(counts[each.pk])) for each, told in zip(customers, customers_told(customers), strict=True)
    ]
    return {"known_customers": sentences, "known_customers_count": len(counts)}


def _rows(count):
    return ngettext("{count} row", "{count} rows", count).format(count=f"{count:,}")


def _at_once(action, count, first, last):
    """How many cards, and on which days."""
    days = first if first == last else _("{first} to {last}").format(first=first, last=last)
    return pair(Action(action).label, noted(f"{count:,}", days))


def wrong_rows(job):
    """The refused rows, in the order of the file."""
    return _rows_told(job, "errors")


def _warned_rows(job):
    """The rows that were taken, but not with all that stands in them."""
    return _rows_told(job, "warnings")


def _rows_told(job, kind):
    column = "result" if job.started_at else "check_result"
    told = job.chunks.exclude(**{column: None}).order_by("number").values_list(f"{column}__{kind}", flat=True)
    for found in told.iterator(CHUNKS_AT_ONCE):
        yield from (Wrong(*row[:4], _differences(row[4])) for row in found or ())


def report_of(job, language):
    """The lines of the report: row, ICCID, result, column, message. Of usage only refused rows are listed.

    They are written in `language` whatever the thread speaks by the time they are sent.
    """
    if job.kind == JobKind.IMPORT_CARDS and job.started_at:
        done = job.chunks.filter(done_at__isnull=False).order_by("number").values_list("payload", "result")
        found = (_lines(*documents) for documents in done.iterator(CHUNKS_AT_ONCE))
    else:
        refused = ([_line(wrong)] for wrong in wrong_rows(job))
        found = chain(refused, ([_line(warned, RESULTS["warned"])] for warned in _warned_rows(job)))
    while True:
        with translation.override(language):
            lines = next(found, None)
        if lines is None:
            return
        yield from lines


def _lines(payload, result):
    place = payload["columns"].index("iccid")
    iccids = {number: texts[place] for number, texts in (*payload["rows"], *payload["repeated"])}
    lines = {}
    for error in result["errors"]:
        lines.setdefault(error[0], []).append(_line(Wrong(*error[:4], _differences(error[4]))))
    for name in ("created", "updated", "unchanged"):
        label = str(RESULTS[name])
        lines |= {number: [[number, as_text(iccids[number]), label, "", ""]] for number in result[name]}
    return [line for number in sorted(lines) for line in lines[number]]


def _line(wrong, result=RESULTS["refused"]):
    message = " ".join(filter(None, (wrong.message, wrong.differs)))
    return [wrong.row, as_text(wrong.iccid), str(result), wrong.field, message]


def _differences(differs):
    """What differs between a card and its row, as text."""
    each = _("{column}: portal “{here}”, file “{filed}”")
    return _("; ").join(each.format(column=column, here=here, filed=filed) for column, here, filed in differs or ())
