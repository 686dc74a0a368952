"""A usage file as an open table: its headings understood, its figures in bytes, its cards by their ICCIDs."""

from contextlib import contextmanager

from django.utils.translation import gettext as _

from cards import identifiers
from cards.actions.imports.told import AS_IT_STANDS, bytes_of
from cards.actions.imports.usage_rows import USAGE_COLUMNS, USAGE_READERS, USAGE_REQUIRED
from cards.actions.imports.usual_headings import headings_with_units, usual_usage_headings
from cards.actions.write import chunked
from cards.calendar import instant_told
from cards.errors import BadInput
from cards.files import open_table
from cards.files.headings import Headings, NotUnderstood, evened
from cards.lookup import living_by_msisdn

FILED_READERS = USAGE_READERS | {"msisdn": identifiers.msisdn}
FILED_COLUMNS = tuple(FILED_READERS)
LOOKED_UP_AT_ONCE = 5_000


@contextmanager
def open_usage(source, told=AS_IT_STANDS):
    """The `Table` of a usage file; its columns are `USAGE_COLUMNS`, whatever the file calls and measures them.

    A file without `read_at` is known as of now. `table.is_ours` says whether its lines may be taken as they are.
    """
    told.refuse_unknown(FILED_COLUMNS)
    for column, text in told.defaults.items():
        FILED_READERS[column](text)
    headings = Headings(
        FILED_COLUMNS,
        USAGE_REQUIRED,
        usual=usual_usage_headings(bool(told.unit), told.cumulative),
        mapping=told.mapping,
        given=told.defaults,
        dated=("day", "read_at"),
    )
    with open_table(source, headings) as table:
        unit, defaults = _unit_of(table, told), _defaults(table, told)
        table.is_ours = table.is_ours and unit == "bytes" and not defaults and "msisdn" not in table.columns
        if not table.is_ours:
            filed = {*table.columns, *defaults, "iccid"}
            table.columns = [column for column in USAGE_COLUMNS if column in filed]
            table.rows = _as_meant(table.rows, table.columns, unit, defaults)
        yield table


def tells_no_instant(table):
    """Whether the file itself says nowhere when its figures were read."""
    return all(column.column != "read_at" for column in table.filed)


def names_sims(table):
    """Whether the file names cards by their ICCIDs; a number stays with its card when the SIM is swapped."""
    return any(column.column == "iccid" for column in table.filed)


def _unit_of(table, told):
    """The unit of the figures: what the heading says, or else what was told; asked for where nobody says it."""
    heading = next((column.heading for column in table.filed if column.column == "bytes"), "bytes")
    is_our_own = heading.lower() == "bytes"
    unit = (is_our_own and told.unit) or headings_with_units().get(evened(heading)) or told.unit
    if not unit:
        sentence = _("Nothing says in which unit “{heading}” is: bytes, KB, MB or GB.")
        raise NotUnderstood(sentence.format(heading=heading), table.filed)
    return unit


def _defaults(table, told):
    now = {"read_at": instant_told().isoformat()}
    return {**({} if "read_at" in table.columns else now), **told.defaults}


def _as_meant(filed_rows, columns, unit, defaults):
    for rows in chunked(filed_rows, LOOKED_UP_AT_ONCE):
        for row in rows:
            if not row.wrong:
                _fill_in(row, unit, defaults)
        _name_by_iccid([row for row in rows if not row.wrong and not row.texts.get("iccid")])
        for row in rows:
            row.texts = {column: row.texts.get(column, "") for column in columns}
            yield row


def _fill_in(row, unit, defaults):
    for column, text in defaults.items():
        row.texts[column] = row.texts.get(column) or text
    try:
        if row.texts["bytes"]:
            row.texts["bytes"] = bytes_of(row.texts["bytes"], unit)
    except BadInput as bad:
        row.wrong = bad


def _name_by_iccid(rows):
    """Find the card of each row by its MSISDN."""
    for row in rows:
        try:
            row.texts["msisdn"] = identifiers.msisdn(row.texts.get("msisdn", ""))
        except BadInput as bad:
            row.wrong = bad if row.texts.get("msisdn") else BadInput("iccid", _("a value is required"))
    numbered = [row for row in rows if not row.wrong]
    cards = living_by_msisdn({row.texts["msisdn"] for row in numbered})
    for row in numbered:
        meant = cards.get(row.texts["msisdn"], [])
        if len(meant) == 1:
            row.texts["iccid"] = meant[0]
        else:
            several = _("several cards have this MSISDN")
            row.wrong = BadInput("msisdn", several if meant else _("there is no card with this MSISDN"))
