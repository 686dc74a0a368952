"""Kinds of columns: what stands in one in which file, and as what kind of cell the list shows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, TextChoices
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, JSONObject, NullIf
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.calendar import civil_today, last_day
from cards.choices import label_of
from cards.columns import expressions as sql
from cards.models import Card, Plan


class Format(TextChoices):
    """What a list is exported as: for people in a spreadsheet, twice, and for programs and other portals."""

    CSV = "csv", gettext_lazy("CSV for spreadsheets")
    XLSX = "xlsx", gettext_lazy("Excel workbook (XLSX)")
    CODES = "codes", gettext_lazy("CSV for programs and other portals")


FOR_PEOPLE = (Format.CSV, Format.XLSX)
EVERYWHERE: tuple[Format, ...] = tuple(Format)
NOWHERE: tuple[Format, ...] = ()


@dataclass(frozen=True)
class Listed:
    """How a column stands in the list of cards; what is not said is the column's own.

    `name` is what addresses call it, `cell` the kind of cell that a page draws, `stack` the cell that it shares with
    others, one below the other. `sort` is the order of the list by this very column, where an index has it ready.
    `files` are the columns by which a file says the same, where that is another one or several.
    `needs` are the facts it is made of: one missing there would be a query for each row.
    """

    name: str = ""
    heading: str | Promise = ""
    cell: str = ""
    stack: str = ""
    sort: str = ""
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    is_usual: bool = False


class Column:
    """Text as it stands in the field `source` of a card. `cell` is its kind in a spreadsheet, `listed_as` in the list.

    What is internal is for the dealer's staff alone. `annotated` makes what the list reads with each card, under the
    column's name, where that is no field of the card.
    """

    cell = "text"
    listed_as = "text"
    annotated: Callable[[], Combinable] | None = None

    def __init__(
        self,
        name: str,
        source: str | None = None,
        heading: str | Promise = "",
        formats: tuple[Format, ...] = EVERYWHERE,
        is_internal: bool = False,
        listed: Listed | None = None,
    ) -> None:
        self.name, self.source, self.formats, self.is_internal = name, source or name, formats, is_internal
        self.read_as = name
        self._heading = heading
        self.listed = listed and replace(
            listed,
            name=listed.name or name,
            cell=listed.cell or self.listed_as,
            needs=listed.needs or (self.source,),
        )

    @property
    def heading(self) -> str:
        if self._heading:
            return str(self._heading)
        column = Card._meta.get_field(self.source)
        return str(capfirst(column.verbose_name))  # type: ignore[union-attr]  # a column of its own, no relation back

    @property
    def label(self) -> str:
        """The heading in the list."""
        return str((self.listed and self.listed.heading) or "") or self.heading

    def expression(self, format: str) -> Combinable:
        return sql.text(self.source) if format == Format.XLSX else sql.escaped_text(self.source)

    def said_of(self, card: Card) -> Any:
        """What the list says: the first of the facts that the card has."""
        needs = self.listed.needs if self.listed else ()
        return next(filter(None, (_fact(card, path) for path in needs)), "")


class NextDay(Column):
    cell = "day"

    def expression(self, format: str) -> Combinable:
        return sql.next_day()


class NextEvent(Column):
    def expression(self, format: str) -> Combinable:
        return sql.next_event()


class OpeningPlan(Column):
    """The code of the plan in every file: it begins with a letter or digit, whatever people do. The list names it."""

    def expression(self, format: str) -> Combinable:
        return sql.text(self.source)

    def said_of(self, card: Card) -> Any:
        return card.plan


class RunningPlan(Column):
    """The plan of the service term that runs: in every file its code, in the list also what it is called."""

    NAMED_BY = ("code", "name", "kind", "months", "alignment", "quota_mb")

    def expression(self, format: str) -> Combinable:
        return sql.of_joined_term("plan__code")

    def annotated(self) -> Combinable:
        return sql.of_running_term(civil_today(), JSONObject(**{name: f"plan__{name}" for name in self.NAMED_BY}))

    def said_of(self, card: Card) -> Any:
        facts = getattr(card, self.name)
        return facts and Plan(**facts)


class LastStopped(Column):
    """When and by whom or which rule a suspended card was last stopped."""

    def expression(self, format: str) -> Combinable:
        return sql.last_stopped()

    def annotated(self) -> Combinable:
        return sql.last_stopped()

    def said_of(self, card: Card) -> Any:
        return getattr(card, self.name) or ""


class Identifier(Column):
    """A number that is a name, with all its digits."""

    listed_as = "identifier"

    def expression(self, format: str) -> Combinable:
        return sql.spreadsheet_text(self.source) if format == Format.CSV else sql.text(self.source)


class DeviceNumber(Identifier):
    """The IMEI of the device that the card is bound to, or else of the one that it was seen in."""

    def expression(self, format: str) -> Combinable:
        written = sql.spreadsheet_text if format == Format.CSV else sql.text
        return Coalesce(written("bound_imei"), written("seen_imei"))


class ChoiceLabel(Column):
    """A code; for people the word for it."""

    def __init__(self, name: str, vocabulary: type[TextChoices], **options: Any) -> None:
        super().__init__(name, **options)
        self.vocabulary = vocabulary

    def expression(self, format: str) -> Combinable:
        is_for_people = format in FOR_PEOPLE
        return sql.choice_label(self.source, self.vocabulary.choices) if is_for_people else sql.text(self.source)

    def said_of(self, card: Card) -> Any:
        return label_of(self.vocabulary, getattr(card, self.source))


class HoldLabels(Column):
    """The holds of a card, by precedence."""

    def expression(self, format: str) -> Combinable:
        if format not in FOR_PEOPLE:
            return sql.text(self.source)
        return sql.hold_labels(self.source, _(", "))


class Day(Column):
    cell = listed_as = "day"

    def expression(self, format: str) -> Combinable:
        return sql.DayText(self.source)


class LastDay(Day):
    """The last day of what ends before the day in `source`; programs get that day itself, under the name it has.

    `read_as` is the column of a card file that such a day is, where there is one.
    """

    def __init__(self, name: str, read_as: str = "", **options: Any) -> None:
        super().__init__(name, **options)
        self.read_as = read_as

    def expression(self, format: str) -> Combinable:
        return sql.LastDayText(self.source) if format in FOR_PEOPLE else super().expression(format)

    def said_of(self, card: Card) -> Any:
        until = super().said_of(card)
        return until and last_day(until)


class Number(Column):
    cell = "number"

    def expression(self, format: str) -> Combinable:
        return F(self.source)


class Sized(Number):
    """A number of which 0 says that there is nothing."""

    def expression(self, format: str) -> Combinable:
        return NullIf(F(self.source), 0)


class Used(Number):
    """What the running meter has counted; a cycle that nobody started yet has counted nothing."""

    def expression(self, format: str) -> Combinable:
        return sql.used(civil_today(), sql.Megabytes if format in FOR_PEOPLE else sql.ExactMegabytes)


class Allowance(Number):
    def expression(self, format: str) -> Combinable:
        return sql.allowance_mb(civil_today())


class UsedPerCent(Number):
    """What the running meter has counted, of its allowance: 0 to 100, rounded down."""

    def expression(self, format: str) -> Combinable:
        return sql.used_per_cent(civil_today())


class Instant(Column):
    def expression(self, format: str) -> Combinable:
        return sql.Minute(F(self.source))


def _fact(card: Card, path: str) -> Any:
    """What stands at the end of a path such as `plan__code`, or None where the path breaks off."""
    fact = card
    for name in path.split("__"):
        fact = fact and getattr(fact, name)
    return fact
