"""ICCIDs of new cards that end as a spreadsheet leaves them (`domain.md`, "Identifiers"): rounded, or by chance.

One row cannot tell; the file can. So these rows wait until all others have been seen.
"""

from django.utils.translation import gettext as _

from cards.actions.write import chunked
from cards.identifiers import iccid_in, may_be_rounded, rounded
from cards.lookup import ids_by_iccid

NUMBERS_PER_LOOKUP = 2_000
SURE_FROM_ROWS = 2
ONE_IN = 100


def rounded_last(rows, notes):
    """The rows of a file, with those of new cards whose numbers may have been rounded behind all others.

    They have that wrong with them where one such number stands twice, or where more of the rows end so than do by
    chance; otherwise each is noted, as `Table.notes` are. A number that is a card already is that card.
    """
    total, waiting = 0, []
    for chunk in chunked(rows, NUMBERS_PER_LOOKUP):
        total += len(chunk)
        doubtful = _doubtful(chunk)
        waiting += [(row, doubtful[row.number]) for row in chunk if row.number in doubtful]
        yield from (row for row in chunk if row.number not in doubtful)
    are_rounded = _are_rounded([iccid for _row, iccid in waiting], total)
    for row, iccid in waiting:
        if are_rounded:
            row.wrong = rounded(row.texts["iccid"])
        else:
            notes.append((row.number, "iccid", _doubt(iccid)))
        yield row


def _doubtful(rows):
    """The numbers of new cards that end so, by the number of their row."""
    read = ((row.number, iccid_in(row.texts.get("iccid", ""))) for row in rows)
    ending_so = {number: iccid for number, iccid in read if may_be_rounded(iccid)}
    known = ids_by_iccid(set(ending_so.values())) if ending_so else {}
    return {number: iccid for number, iccid in ending_so.items() if not known[iccid]}


def _are_rounded(iccids, rows):
    count = len(iccids)
    return len(set(iccids)) < count or (count >= SURE_FROM_ROWS and count * ONE_IN > rows)


def _doubt(iccid):
    sentence = _("“{text}” ends as numbers do that a spreadsheet has rounded; compare it with the card")
    return sentence.format(text=iccid)
