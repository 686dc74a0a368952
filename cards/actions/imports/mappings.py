"""What was said of the columns of a carrier's and customer's files, and is remembered for the next one."""

from contextlib import ExitStack

from cards.actions.imports.told import Told
from cards.files.headings import LEFT_OUT, NotUnderstood, evened
from cards.models import ColumnMapping


def remember(kind, of, told, user):
    """Keep how the files of this kind are to be read; `of` names their `carrier` and `customer`, or neither.

    Of a file with our own headings nothing is kept: the next one with them may be somebody else's.
    """
    if not told.is_worth_remembering:
        return
    kept = {"told": Told(told.mapping, unit=told.unit, cumulative=told.cumulative).written(), "by": user}
    ColumnMapping.objects.update_or_create(kind=kind, **_key(of), defaults=kept)


def with_what_is_remembered(kind, of, told, open_file):
    """`told`, and what is remembered of such files if this one has the headings of which it speaks.

    `open_file` opens it as a table, of what it is given.
    """
    key = _key(of)
    kept = ColumnMapping.objects.filter(kind=kind, carrier=key["carrier"], customer__in={key["customer"], ""})
    for mapping in kept.order_by("-customer"):
        earlier = Told.read(mapping.told)
        recalled = told.recalling(earlier)
        headings = {column.heading for column in _columns(open_file, recalled)}
        if headings.issuperset(heading for heading, column in earlier.mapping.items() if column != LEFT_OUT):
            return recalled
    return told


def _key(of):
    return {"carrier": of.get("carrier", ""), "customer": evened(of.get("customer", ""))[:128]}


def _columns(open_file, told):
    try:
        with ExitStack() as files:
            return files.enter_context(open_file(told)).filed
    except NotUnderstood as unclear:
        return unclear.columns
