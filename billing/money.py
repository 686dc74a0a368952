"""Amounts of CNY: decimals with two places, rounded in one place, read and written in one way."""

import re
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.identifiers import INVISIBLE

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
LARGEST = Decimal("9999999999.99")

# What input methods, spreadsheets and pages write for the plain signs; NFKC would also take `5²` for 52.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("￥"): "¥", ord("。"): "."}
BLANKS = dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
PLAIN = FULL_WIDTH | BLANKS | {ord("−"): "-"} | dict.fromkeys(INVISIBLE)

MARK = r"(?:¥|CNY|RMB|人民币|[元圆]整?)"
# A comma or a blank stands only where it groups by three: elsewhere it may have been meant for the decimal point.
DIGITS = r"(?:[0-9]+|[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+))(?:\.[0-9]{1,2})?"
AMOUNT = re.compile(rf"(-? ?(?:{MARK} ?){{0,2}}|(?:{MARK} ?){{1,2}}-)({DIGITS})(?: ?{MARK}){{0,2}}", re.IGNORECASE)
LONGEST_AMOUNT = 60  # as it is typed
TEXT_SHOWN = 40


def rounded(amount: Decimal | str | int) -> Decimal:
    """The amount in whole cents, half a cent up: the only place where money is rounded."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)


def tax_within(amount: Decimal, rate: Decimal) -> Decimal:
    """The tax that an amount contains at a rate in per cent: prices include it."""
    return rounded(amount * rate / (100 + rate))


def yuan(amount: Decimal) -> str:
    """An amount for people: `¥1,234.50`, `-¥3.00`."""
    cents = rounded(amount)
    return f"{'-' if cents < 0 else ''}¥{abs(cents):,.2f}"


def read_amount(text: str, field: str = "amount", least: Decimal = CENT) -> Decimal:
    """An amount that somebody typed: `1,234.5`, `¥20`, `1 234.56 元`, `RMB 12,345`, and in full width.

    `BadInput` when it is none, less than `least`, or more than a column of money holds.
    """
    amount = _amount_in(text)
    if amount is None or abs(amount) > LARGEST:
        raise BadInput(field, _("“{text}” is not an amount; write it as 1234.50").format(text=_shortened(text.strip())))
    if amount < least:
        raise BadInput(field, _("the amount must be at least {least}").format(least=yuan(least)))
    return amount


def _amount_in(text: str) -> Decimal | None:
    typed = re.sub(" +", " ", text.translate(PLAIN).strip())
    found = AMOUNT.fullmatch(typed) if len(typed) <= LONGEST_AMOUNT else None
    if found is None:
        return None
    amount = Decimal(re.sub("[, ]", "", found[2]))
    return (-amount if "-" in found[1] else amount) + ZERO  # with two places, and no negative zero


def _shortened(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}…"
