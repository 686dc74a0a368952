"""Files of cards, applied chunk by chunk: good rows go in, bad ones come back with their reason.

A dry run does the same in transactions that are rolled back, one a chunk, so that it never keeps others from writing
for long. A card that stands in two chunks of a file is found all the same.
"""

from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import PurePath

from django.db import transaction
from django.utils.translation import gettext as _

from cards.actions.imports.at_once import AtOnce
from cards.actions.imports.card_rows import ROW_COLUMNS, read_card_row
from cards.actions.imports.card_table import open_cards
from cards.actions.imports.cards_applying import again_if_created_meanwhile, apply_cards, foresee_cards
from cards.actions.imports.corrections import ALWAYS_TAKEN
from cards.actions.imports.file_customers import asked_of, joined_by_name, question
from cards.actions.imports.told import AS_IT_STANDS
from cards.actions.write import chunked
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.files import opened

CARDS_AT_ONCE = 2_000
ERRORS_KEPT = 100_000


@dataclass
class Imported:
    """What became of a file's rows."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    quarantined: int | None = None
    errors: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    errors_left_out: int = 0

    def refuse(self, number, bad):
        self.add_errors(
            [{"row": number, "field": fault.field or None, "message": str(fault.sentence)} for fault in bad.faults]
        )

    def add_errors(self, errors):
        room = max(ERRORS_KEPT - len(self.errors), 0)
        self.errors += errors[:room]
        self.errors_left_out += len(errors[room:])

    def add_remarks(self, table):
        """What was not taken as it stands in the file, as warnings."""
        self.warnings += [
            {"row": row, "field": column or None, "message": sentence} for row, column, sentence in table.remarks()
        ]

    def in_order(self):
        """As a document: the errors in the order of the file."""
        self.errors.sort(key=lambda error: error["row"])
        document = asdict(self)
        if not self.errors_left_out:
            del document["errors_left_out"]
        if self.quarantined is None:  # a question of usage alone
            del document["quarantined"]
        return document


@dataclass
class ImportedCards(Imported):
    """`new_customers` are their names; `at_once` is what the rules do to the new cards by today, by the action.

    Where nothing was written because it is not confirmed, `unconfirmed` is how many cards would end or be cancelled.
    """

    unconfirmed = 0
    new_customers: list = field(default_factory=list)
    at_once: dict = field(default_factory=dict)


class FileOfCards:
    """One pass through a file of cards, and what its chunks add up to beside their counts."""

    def __init__(self, take, update):
        self.take, self.update, self.today = take, update, civil_today()
        self.once, self.at_once, self.new = OnceEach(), AtOnce(), []

    def read(self, row):
        return self.once.checked(read_card_row(row.number, row.texts, self.today))

    def apply(self, rows):
        taken = self.take(rows)
        self.at_once.add_all(taken.at_once.written())
        self.new += taken.new_customers
        counts = {name: len(getattr(taken, name)) for name in ("created", "updated", "unchanged")}
        return counts, [_error_for_people(error, self.update) for error in taken.errors]

    def imported(self, file, told, dry_run, progress):
        with open_cards(file, told) as table:
            found = apply_table(table, self.read, self.apply, CARDS_AT_ONCE, dry_run, progress, ImportedCards())
        new = joined_by_name(self.new)
        found.new_customers, found.at_once = [name for name, _row in new], self.at_once.counts()
        for name, row, near in asked_of(new):
            if near:
                found.warnings.append({"row": row, "field": "customer", "message": question(name, near)})
        return found


def import_cards(source, *, actor, told=AS_IT_STANDS, update=False, dry_run=False, confirmed=False, progress=None):
    """Apply the cards of a file, read as `told`. Where the rules would end or cancel cards by today, nothing is
    written unless that is `confirmed`.

    `progress`, if given, is called with the rows expected in all passes through the file, and those done since.
    """
    how = {"actor": actor, "update": update}
    passes = 1 if dry_run or confirmed else 2

    def report(expected, done):
        if progress:
            progress(passes * expected, done)

    with opened(source) as file:
        if passes == 2:
            first = FileOfCards(partial(foresee_cards, **how), update)
            foreseen = first.imported(file, told, False, report)
            if first.at_once.ended:
                nothing = replace(foreseen, created=0, updated=0, unchanged=0, new_customers=[])
                nothing.unconfirmed = first.at_once.ended
                return nothing
            file.seek(0)
        take = partial(apply_cards, **how, source=PurePath(str(source)).name, rehearses=dry_run)
        return FileOfCards(take, update).imported(file, told, dry_run, report)


def _error_for_people(error, update):
    """The error as a command reports it: without the differences, but with the option that would help."""
    described = {name: error[name] for name in ("row", "field", "message")}
    correctable = "differs" in error and {name for name, *_was in error["differs"]}.issubset(ALWAYS_TAKEN)
    if correctable and not update:
        described["message"] = _("the card already exists with other data; --update would correct it")
    return described


class OnceEach:
    """Each card of a file once, wherever in it: nobody can say which of two different rows is meant.

    A number of 19 characters and one of 20 that begins with it mean one card. Of a row only the last character, its
    number and a hash are kept.
    """

    def __init__(self):
        self.seen = {}

    def checked(self, row):
        """The row; None when it repeats another one, `BadInput` when it contradicts another one of the same card."""
        last, content = row.iccid[19:], hash(tuple(getattr(row, column) for column in ROW_COLUMNS[1:]))
        alike = self.seen.setdefault(row.iccid[:19], [])
        for other_last, number, other_content in alike:
            if other_content != content and _same_card(last, other_last):
                message = _("the card is already in row {row}, with other data")
                raise BadInput("iccid", message.format(row=number))
            if _same_card(last, other_last):
                return None
        alike.append((last, row.number, content))
        return row


def _same_card(last, other_last):
    return last == other_last or not (last and other_last)


def apply_table(table, read, apply, at_once, dry_run, progress, imported):
    """Add to `imported` what becomes of the table's rows."""
    for chunk in chunked(table.rows, at_once):
        imported.rows += len(chunk)
        rows = list(_readable(chunk, read, imported))
        counts, errors = again_if_created_meanwhile(_applied, rows, apply, dry_run)
        for name, count in counts.items():
            setattr(imported, name, getattr(imported, name) + count)
        imported.add_errors(errors)
        if progress:
            progress(table.expected, len(chunk))
    imported.add_remarks(table)
    return imported


def _readable(chunk, read, imported):
    for row in chunk:
        try:
            if row.wrong:
                raise row.wrong
            readable = read(row)
        except BadInput as bad:
            imported.refuse(row.number, bad)
        else:
            if readable is None:
                imported.unchanged += 1
            else:
                yield readable


def _applied(rows, apply, dry_run):
    """Apply the rows in one transaction, which a dry run takes back."""
    with transaction.atomic():
        applied = apply(rows)
        transaction.set_rollback(dry_run)
    return applied
