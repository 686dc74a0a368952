"""Amounts of CNY: decimals with two places, rounded in one place, read and written in one way."""

import re
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from cards.errors import BadInput

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
LARGEST = Decimal("9999999999.99")
AMOUNT = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)


def rounded(amount: Decimal | str | int) -> Decimal:
    """The amount in whole cents, half a cent up: the only place where money is rounded."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)


def tax_within(amount: Decimal, rate: Decimal) -> Decimal:
    """The tax that an amount contains at a rate in per cent: prices include it."""
    return rounded(amount * rate / (100 + rate))


def yuan(amount: Decimal) -> str:
    """An amount for people: `¥1,234.50`, `-¥3.00`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}¥{abs(rounded(amount)):,.2f}"


def read_amount(text: str, field: str = "amount", least: Decimal = CENT) -> Decimal:
    """An amount that somebody typed: `1,234.5`, `¥20`. `BadInput` when it is none, or less than `least`."""
    plain = text.strip().replace(",", "").replace("，", "").removeprefix("¥").removeprefix("￥").strip()
    if not AMOUNT.fullmatch(plain):
        raise BadInput(field, _("“{text}” is not an amount; write it as 1234.50").format(text=text.strip()))
    amount = rounded(plain)
    if amount < least:
        raise BadInput(field, _("the amount must be at least {least}").format(least=yuan(least)))
    return amount
