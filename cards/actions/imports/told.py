"""What whoever brings a file says of it, beside the file: its columns, and what holds for all of its rows."""

import json
import re
from dataclasses import asdict, dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from cards.actions.imports.usual_headings import UNITS
from cards.errors import BadInput
from cards.files.cells import tidy
from cards.files.headings import LEFT_OUT, evened
from cards.phrases import listed

UNITS_IN_BYTES = {"bytes": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
UNIT_WORDS = {word.casefold(): unit for unit, words in UNITS.items() for word in words}
# 1234.5, 1,234.5 (a comma groups by three, or nobody knows what it means), 1e-05 as programs write small figures.
UNIT = "|".join(sorted(map(re.escape, UNIT_WORDS), key=len, reverse=True))
NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,20})(?:\.[0-9]{1,30})?(?:e-[0-9]{1,2})?"
AMOUNT_OF_DATA = re.compile(rf"(?P<amount>{NUMBER})\s*(?P<unit>{UNIT})?", re.ASCII | re.IGNORECASE)
EXAMPLE = '{"卡号": "iccid"}'


@dataclass(frozen=True)
class Told:
    """`mapping` has the column of each heading (as the file has it; `LEFT_OUT` for none), `defaults` the value of a
    column for each row that has none.

    Of usage: `unit` is that of the figures, where neither their heading nor they themselves say one; `cumulative`
    figures are totals of the carrier's cycle up to their day.
    """

    mapping: dict = field(default_factory=dict)
    defaults: dict = field(default_factory=dict)
    unit: str = ""
    cumulative: bool = False

    def written(self):
        """What is kept of it as JSON, from which `read` makes it again."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def read(cls, written):
        return cls(**written)

    def recalling(self, earlier):
        """The same, with what was told `earlier` where this says nothing."""
        return replace(
            self,
            mapping={**earlier.mapping, **self.mapping},
            unit=self.unit or earlier.unit,
            cumulative=self.cumulative or earlier.cumulative,
        )

    @property
    def is_worth_remembering(self):
        """Whether it says more of the headings than they do themselves."""
        return any(evened(heading) != evened(column) for heading, column in self.mapping.items())

    def refuse_unknown(self, columns):
        """Raise `BadInput` where this names a column that such files do not have."""
        for field_name, named in (("mapping", self.mapping.values()), ("default", self.defaults)):
            for name in named:
                if name != LEFT_OUT and name not in columns:
                    sentence = _("there is no column “{column}”; there are {columns}")
                    raise BadInput(field_name, sentence.format(column=name, columns=listed(columns)))


AS_IT_STANDS = Told()


def read_mapping(path):
    """A mapping kept as JSON: `{"卡号": "iccid"}`."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            mapping = json.load(file)
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(
            "mapping", _("The file {path} cannot be read: {reason}.").format(path=path, reason=reason)
        ) from None
    except ValueError:
        mapping = None
    if not isinstance(mapping, dict) or not all(isinstance(column, str | None) for column in mapping.values()):
        raise BadInput("mapping", _("{path} is no mapping; write it as {example}").format(path=path, example=EXAMPLE))
    return {heading: column or LEFT_OUT for heading, column in mapping.items()}


def read_defaults(pairs):
    """`name=value` each, as a command takes them."""
    defaults = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip() or not tidy(value):
            raise BadInput("default", _("“{text}” is not name=value").format(text=pair))
        defaults[name.strip()] = tidy(value)
    return defaults


def bytes_of(text, unit):
    """An amount of data as whole bytes, in plain digits; with its own unit behind it, that one counts."""
    found = AMOUNT_OF_DATA.fullmatch(text)
    unit = found and (UNIT_WORDS[found["unit"].casefold()] if found["unit"] else unit)
    if not unit:
        raise BadInput("bytes", _("“{text}” is not an amount of data").format(text=text))
    amount = Decimal(found["amount"].replace(",", "")) * UNITS_IN_BYTES[unit]
    return str(amount.quantize(Decimal(1), ROUND_HALF_UP))
