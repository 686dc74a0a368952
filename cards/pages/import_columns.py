"""What stands in a file that can be brought in: each column explained, and rows that show how it is meant."""

from dataclasses import dataclass

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from cards.actions.imports.card_rows import CARD_FILE_COLUMNS, REQUIRED
from cards.actions.imports.card_table import EXAMPLE_CARD
from cards.actions.imports.usage_rows import USAGE_COLUMNS
from cards.choices import Binding, Carrier, Certification, Hold, JobKind, State
from cards.phrases import listed


def _codes(vocabulary):
    return lazy(listed, str)(vocabulary.values)


MEANINGS = {
    "iccid": _("19 or 20 characters starting with 8986; format the column as text"),
    "msisdn": _("11 or 13 digits"),
    "imsi": _("15 digits"),
    "carrier": _codes(Carrier),
    "customer": _("the customer's name, created if new; empty: in stock, or as it is"),
    "certification": _codes(Certification),
    "opened_on": _("a date such as 2026-03-02"),
    "test_months": _("1 to 9; empty or 0: no test period"),
    "test_quota_mb": _("5 to 30, with a test period"),
    "plan": _("the code of a plan, such as Y1-30"),
    "binding": _codes(Binding),
    "imei": _("14 to 16 digits; required when the binding is fixed"),
    "state": _codes(State),
    "activated_on": _("a date; required for cards in use"),
    "service_until": _("the first day without service; required for cards in use and shut down"),
    "last_day_of_service": _("the day before service_until, if you would rather say it so; one of the two is enough"),
    "holds": _codes(Hold),
    "used_mb": _("MB used in the current cycle or test period; with a point, such as 12.5"),
    "bound_imei": _("the device the card is bound to now"),
    "account": _("which account at its carrier the card is on, if the carrier has several"),
    "remove": _("what to remove from an existing card: msisdn, imsi, customer (returns it to stock)"),
    "day": _("a date such as 2026-03-02"),
    "bytes": _("total bytes for the day"),
    "read_at": _("time of the reading, such as 2026-03-02T08:00, in Shanghai time; without this column: now"),
}

USAGE_MEANINGS = {"imei": _("IMEI of the device the card was seen in, 14 to 16 digits; may be empty")}

USAGE_EXAMPLES = (
    {
        "iccid": "89860000000000000001",
        "day": "2026-03-01",
        "bytes": "1048576",
        "read_at": "2026-03-02T01:00",
        "imei": "490154203237518",
    },
)


@dataclass(frozen=True)
class FileKind:
    """A kind of file: its columns, those that it must have, and rows as an example."""

    name: str
    kind: str
    label: str
    columns: tuple
    required: tuple
    examples: tuple
    meanings: dict

    @property
    def described(self):
        """(column, whether it must be there, what stands in it), in the order of the template."""
        return [(column, column in self.required, self.meanings[column]) for column in self.columns]

    @property
    def rows(self):
        return [[example.get(column, "") for column in self.columns] for example in self.examples]


FILES = {
    "cards": FileKind(
        "cards", JobKind.IMPORT_CARDS, _("Cards"), CARD_FILE_COLUMNS, REQUIRED, (EXAMPLE_CARD,), MEANINGS
    ),
    "usage": FileKind(
        "usage",
        JobKind.IMPORT_USAGE,
        _("Usage"),
        USAGE_COLUMNS,
        ("iccid", "day", "bytes"),
        USAGE_EXAMPLES,
        MEANINGS | USAGE_MEANINGS,
    ),
}
