"""Kinds of columns: what stands in one in which file, and as what kind of cell the list shows it."""

from dataclasses import dataclass, replace

from django.db.models import F, TextChoices
from django.db.models.functions import NullIf
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.calendar import civil_today
from cards.columns import expressions as sql
from cards.models import Card


class Format(TextChoices):
    """What a list is exported as: for people in a spreadsheet, twice, and for programs and other portals."""

    CSV = "csv", gettext_lazy("CSV for spreadsheets")
    XLSX = "xlsx", gettext_lazy("Excel workbook (XLSX)")
    CODES = "codes", gettext_lazy("CSV for programs and other portals")


FOR_PEOPLE = (Format.CSV, Format.XLSX)
EVERYWHERE = tuple(Format)
NOWHERE = ()


@dataclass(frozen=True)
class Listed:
    """How a column stands in the list of cards; what is not said is the column's own.

    `name` is what addresses call it, `cell` the kind of cell that a page draws, `stack` the cell that it shares with
    others, one below the other. `needs` are the facts it is made of: one missing there would be a query for each row.
    """

    name: str = ""
    heading: str | Promise = ""
    cell: str = ""
    stack: str = ""
    needs: tuple = ()
    is_usual: bool = False


class Column:
    """Text as it stands in the field `source` of a card. `cell` is its kind in a spreadsheet, `listed_as` in the list.

    What is internal is for the dealer's staff alone.
    """

    cell = "text"
    listed_as = "text"

    def __init__(self, name, source=None, heading="", formats=EVERYWHERE, is_internal=False, listed=None):
        self.name, self.source, self.formats, self.is_internal = name, source or name, formats, is_internal
        self._heading = heading
        self.listed = listed and replace(
            listed,
            name=listed.name or name,
            cell=listed.cell or self.listed_as,
            needs=listed.needs or (self.source,),
        )

    @property
    def heading(self):
        return str(self._heading or capfirst(Card._meta.get_field(self.source).verbose_name))

    @property
    def label(self):
        """The heading in the list."""
        return str(self.listed.heading) or self.heading

    def expression(self, format):
        return sql.text(self.source) if format == Format.XLSX else sql.escaped_text(self.source)

    def said_of(self, card):
        """What the list says: the first of the facts that the card has."""
        return next(filter(None, (_fact(card, path) for path in self.listed.needs)), "")


class OpeningPlan(Column):
    """The code of the plan in every file: it begins with a letter or digit, whatever people do. The list names it."""

    def expression(self, format):
        return sql.text(self.source)

    def said_of(self, card):
        return card.plan


class Identifier(Column):
    """A number that is a name, with all its digits."""

    listed_as = "identifier"

    def expression(self, format):
        return sql.spreadsheet_text(self.source) if format == Format.CSV else sql.text(self.source)


class ChoiceLabel(Column):
    """A code; for people the word for it."""

    def __init__(self, name, vocabulary, **options):
        super().__init__(name, **options)
        self.vocabulary = vocabulary

    def expression(self, format):
        is_for_people = format in FOR_PEOPLE
        return sql.choice_label(self.source, self.vocabulary.choices) if is_for_people else sql.text(self.source)

    def said_of(self, card):
        return self.vocabulary(getattr(card, self.source)).label


class HoldLabels(Column):
    """The holds of a card, by precedence."""

    def expression(self, format):
        if format not in FOR_PEOPLE:
            return sql.text(self.source)
        return sql.hold_labels(self.source, _(", "))


class Day(Column):
    cell = listed_as = "day"

    def expression(self, format):
        return sql.DayText(self.source)


class Number(Column):
    cell = "number"

    def expression(self, format):
        return F(self.source)


class Sized(Number):
    """A number of which 0 says that there is nothing."""

    def expression(self, format):
        return NullIf(F(self.source), 0)


class Used(Number):
    """What the running meter has counted; a cycle that nobody started yet has counted nothing."""

    def expression(self, format):
        return sql.used(civil_today(), sql.Megabytes if format in FOR_PEOPLE else sql.ExactMegabytes)


class Allowance(Number):
    def expression(self, format):
        return sql.allowance_mb(civil_today())


class Instant(Column):
    def expression(self, format):
        return sql.Minute(F(self.source))


def _fact(card, path):
    """What stands at the end of a path such as `plan__code`, or None where the path breaks off."""
    fact = card
    for name in path.split("__"):
        fact = fact and getattr(fact, name)
    return fact
