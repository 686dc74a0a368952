"""Amounts as they stand on receipts in China, in capital numerals (大写), which nobody alters with a stroke.

After the rules of the People's Bank for filling in bills (正确填写票据和结算凭证的基本规定).
"""

from decimal import Decimal

from billing.money import rounded

CAPITALS = "零壹贰叁肆伍陆柒捌玖"
WITHIN_FOUR = ("仟", "佰", "拾", "")
GROUPS_OF_FOUR = ("亿", "万", "")


def in_capitals(amount: Decimal) -> str:
    """The amount in words: 1409.50 is 壹仟肆佰零玖元伍角整. Up to what a column of money holds, and below zero 负.

    Zeros between digits are one 零, those at the end of four digits (万, 元) none. 整 closes what has no cents.
    """
    cents = rounded(amount)
    yuan, hundredths = f"{abs(cents):.2f}".split(".")
    whole = _whole(yuan)
    parts = [f"{whole}元" if whole else "", _fraction(hundredths, has_yuan=bool(whole))]
    words = "".join(parts) or "零元"
    return ("负" if cents < 0 else "") + words + ("" if hundredths.endswith(tuple("123456789")) else "整")


def _whole(digits: str) -> str:
    """The yuan, four digits at a time; 零 where the four before are followed by fewer than a thousand, or by none."""
    words, has_gap = "", False
    padded = digits.zfill(4 * len(GROUPS_OF_FOUR))
    for place, unit in enumerate(GROUPS_OF_FOUR):
        four = padded[4 * place : 4 * place + 4]
        if four == "0000":
            has_gap = True
            continue
        if words and (has_gap or four[0] == "0"):
            words += "零"
        words += _four(four) + unit
        has_gap = False
    return words


def _four(digits: str) -> str:
    """Up to four digits, with one 零 for the zeros between them."""
    words = ""
    for digit, unit in zip(digits, WITHIN_FOUR, strict=True):
        if digit == "0":
            words += "零" if words and not words.endswith("零") else ""
        else:
            words += CAPITALS[int(digit)] + unit
    return words.rstrip("零")


def _fraction(hundredths: str, has_yuan: bool) -> str:
    """Jiao and fen; 零 for a jiao that is missing between yuan and fen."""
    jiao, fen = hundredths[0], hundredths[1]
    words = f"{CAPITALS[int(jiao)]}角" if jiao != "0" else "零" if has_yuan and fen != "0" else ""
    return words + (f"{CAPITALS[int(fen)]}分" if fen != "0" else "")
