"""The columns of an exported list, each declared once: its name, its heading, and what stands in it in which file."""

from django.db.models import F, TextChoices
from django.db.models.functions import NullIf
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.calendar import civil_today
from cards.choices import Binding, Carrier, Certification, RealName, State
from cards.exports import expressions as sql
from cards.models import Card


class Format(TextChoices):
    """What a list is exported as: for people in a spreadsheet, twice, and for programs and other portals."""

    CSV = "csv", gettext_lazy("CSV for spreadsheets")
    XLSX = "xlsx", gettext_lazy("Excel workbook (XLSX)")
    CODES = "codes", gettext_lazy("CSV for programs and other portals")


FOR_PEOPLE = (Format.CSV, Format.XLSX)
EVERYWHERE = tuple(Format)


class Column:
    """Text as it stands in the field `source` of a card. `cell` is what a spreadsheet is told of it.

    What is internal is for the dealer's staff alone.
    """

    cell = "text"

    def __init__(self, name, source=None, heading="", formats=EVERYWHERE, is_internal=False):
        self.name, self.source, self.formats, self.is_internal = name, source or name, formats, is_internal
        self._heading = heading

    @property
    def heading(self):
        return str(self._heading or capfirst(Card._meta.get_field(self.source).verbose_name))

    def expression(self, format):
        return sql.text(self.source) if format == Format.XLSX else sql.escaped(self.source)


class Code(Column):
    """Text that begins with a letter or digit, whatever people do."""

    def expression(self, format):
        return sql.text(self.source)


class Identifier(Column):
    """A number that is a name, with all its digits."""

    def expression(self, format):
        return sql.as_text(self.source) if format == Format.CSV else sql.text(self.source)


class Word(Column):
    """A code; for people the word for it."""

    def __init__(self, name, vocabulary, **options):
        super().__init__(name, **options)
        self.vocabulary = vocabulary

    def expression(self, format):
        is_for_people = format in FOR_PEOPLE
        return sql.word(self.source, self.vocabulary.choices) if is_for_people else sql.text(self.source)


class HoldWords(Column):
    """The holds of a card, by precedence."""

    def expression(self, format):
        if format not in FOR_PEOPLE:
            return sql.text(self.source)
        return sql.hold_words(self.source, _(", "))


class Day(Column):
    cell = "day"

    def expression(self, format):
        return sql.Day(self.source)


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


COLUMNS = (
    Identifier("iccid"),
    Identifier("msisdn"),
    Identifier("imsi"),
    Word("carrier", Carrier),
    Column("customer", source="customer__name", heading=gettext_lazy("Customer")),
    Word("certification", Certification),
    Day("opened_on"),
    Sized("test_months"),
    Sized("test_quota_mb"),
    Code("plan", source="plan__code", heading=gettext_lazy("Opening plan")),
    Word("state", State),
    HoldWords("holds"),
    Day("activated_on"),
    Day("service_until"),
    Used("used_mb", heading=gettext_lazy("Used (MB)")),
    Allowance("allowance_mb", heading=gettext_lazy("Allowance (MB)"), formats=FOR_PEOPLE),
    Number("limit_mb", formats=FOR_PEOPLE),
    Instant("read_at", formats=FOR_PEOPLE),
    Day("test_until", formats=FOR_PEOPLE),
    Day("forced_activation_on", formats=FOR_PEOPLE),
    Day("cancel_on", formats=FOR_PEOPLE),
    Word("real_name", RealName, formats=FOR_PEOPLE),
    Word("binding", Binding),
    Identifier("bound_imei"),
    Column("tags", formats=FOR_PEOPLE, is_internal=True),
    Column("remark", formats=FOR_PEOPLE, is_internal=True),
)


def columns_of(format, to_staff=True):
    return [column for column in COLUMNS if format in column.formats and (to_staff or not column.is_internal)]
