"""Card files as jobs: read once, rehearsed chunk by chunk, and applied only when somebody has seen what would happen.

A chunk's `payload` has the texts of its rows, so that check and work read them by the same rules as every import; rows
that cannot be read, or that repeat another one, are found once for the whole file.
"""

from collections import Counter

from django.utils.translation import gettext as _

from cards.actions.imports.at_once import AtOnce
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.card_table import open_cards
from cards.actions.imports.cards_applying import again_if_created_meanwhile, apply_cards
from cards.actions.imports.cards_file import CARDS_AT_ONCE, OnceEach
from cards.actions.imports.file_customers import asked_of, joined_by_name
from cards.actions.jobs.engine import add_chunk
from cards.actions.jobs.file_import import FileImport
from cards.actions.write import chunked
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.permissions import Actor, may_import, people_of

MOST_ROWS = 1_000_000
FORESEEN = ("new_customers", "known_customers", "at_once")
CARD_COUNTS = ("created", "updated", "unchanged")


class CardImport(FileImport):
    """`params` has `update`: whether cards that exist are corrected. A chunk's documents list what became of its rows:
    their numbers by outcome, `errors` as [row, ICCID, field, message, what differs], the keys of the `cards` that are
    new or corrected, and of the latter the numbers of their records."""

    def open(self, file, told):
        return open_cards(file, told)

    def read(self, job, file, told, alive):
        job.chunks.all().delete()
        job.total, once = 0, OnceEach()
        with open_cards(file, told) as table:
            for number, rows in enumerate(chunked(table.rows, CARDS_AT_ONCE), start=1):
                job.total += len(rows)
                refuse_too_many(job.total)
                add_chunk(job, number, len(rows), _payload(table.columns, rows, once))
                alive()
        refuse_none(job.total)
        return table

    def check(self, job, chunk):
        document = self._taken(job, chunk, rehearses=True)
        return {name: document[name] for name in ("counts", "errors", *FORESEEN)}

    def checked(self, job):
        """`params` get `foreseen`: whom the whole file gives cards to, and what the rules do to its cards at once."""
        at_once, new, known = AtOnce(), [], Counter()
        for found in job.chunks.order_by("number").values_list("check_result", flat=True).iterator(20):
            at_once.add_all(found["at_once"])
            new += found["new_customers"]
            known.update(found.get("known_customers", {}))
        foreseen = {"at_once": at_once.written(), "new_customers": asked_of(joined_by_name(new))}
        foreseen["known_customers"] = known
        return {"params": {**job.params, "foreseen": foreseen}}

    def apply(self, job, chunk):
        return self._taken(job, chunk, rehearses=False)

    def _taken(self, job, chunk, rehearses):
        refuse_unpermitted(job)
        payload, today = chunk.payload, civil_today()
        rows = [
            read_card_row(number, dict(zip(payload["columns"], texts, strict=True)), today)
            for number, texts in payload["rows"]
        ]
        batch = again_if_created_meanwhile(
            apply_cards,
            rows,
            actor=Actor.of_job(job),
            reason=job.reason,
            update=bool(job.params.get("update")),
            source=job.file_name,
            job_id=job.pk,
            rehearses=rehearses,
        )
        return _as_document(payload, rows, batch)

    def finish(self, job):
        job.file.delete(save=False)
        type(job).objects.filter(pk=job.pk).update(file="")


def refuse_too_many(rows):
    if rows > MOST_ROWS:
        raise BadInput("", _("The file has more than {count} rows: split it.").format(count=f"{MOST_ROWS:,}"))


def refuse_none(rows):
    if not rows:
        raise BadInput("", _("The file has no rows below its header."))


def refuse_unpermitted(job):
    """End the job with a sentence once somebody who drafted or started it may not import any more.

    The rest of the file waits for somebody who may: what was applied already is the same when it comes again.
    """
    for person in people_of(job):
        if not may_import(person):
            sentence = _(
                "{name} is no longer allowed to import. Rows already imported are kept; import the "
                "file again for the rest."
            )
            raise BadInput("", sentence.format(name=person.get_username()))


def _payload(columns, rows, once):
    payload, today = {"columns": columns, "rows": [], "repeated": [], "errors": []}, civil_today()
    for row in rows:
        try:
            if row.wrong:
                raise row.wrong
            readable = once.checked(read_card_row(row.number, row.texts, today))
        except BadInput as bad:
            iccid = row.texts.get("iccid", "")
            payload["errors"] += [_error(row.number, iccid, fault.field, fault.sentence) for fault in bad.faults]
        else:
            payload["rows" if readable else "repeated"].append([row.number, list(row.texts.values())])
    return payload


def _as_document(payload, rows, batch):
    iccids = {row.number: row.iccid for row in rows}
    errors = list(payload["errors"])
    for error in batch.errors:
        iccid, differs = iccids[error["row"]], error.get("differs")
        errors.append(_error(error["row"], iccid, error["field"], error["message"], differs))
    outcomes = {name: getattr(batch, name) for name in CARD_COUNTS}
    outcomes["unchanged"] = sorted(outcomes["unchanged"] + [number for number, _ in payload["repeated"]])
    in_service = {row.number for row in rows if row.state}
    counts = Counter({name: len(numbers) for name, numbers in outcomes.items()})
    counts["taken_over"] = len(in_service.intersection(batch.created))
    counts["collisions"] = sum(1 for error in errors if error[4])
    counts["refused"] = len({error[0] for error in errors}) - counts["collisions"]
    more = {"cards": batch.cards, "corrected": batch.corrected, "new_customers": batch.new_customers}
    more |= {"known_customers": batch.known_customers, "at_once": batch.at_once.written(), **outcomes}
    return {"counts": counts, "errors": sorted(errors, key=lambda error: error[0]), **more}


def _error(number, iccid, field, message, differs=None):
    return [number, iccid, field, str(message), differs]
