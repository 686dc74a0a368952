"""Numbers as people write and read them: whole ones, and bytes as MB of 1,048,576 bytes."""

MB = 1_048_576
MB_IN_A_GB = 1_024
TENTHS = 10
LARGEST_WHOLE = 2**63 - 1  # what a column holds


def whole(text: str, least: int = 0, most: int = LARGEST_WHOLE) -> int | None:
    """The number from `least` to `most` that a text is, in plain digits; None where it is none.

    Thousands of digits are no number to Python either.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_WHOLE))):
        return None
    return number if least <= (number := int(text)) <= most else None


def megabytes(count: int) -> str:
    """`count` bytes as MB with at most one decimal. Rounded down, so that 29.99 of 30 never reads as used up.

    30.1 MB are no whole number of bytes, so what lies within half a hundredth of a tenth counts as that tenth.
    """
    hundredths = (count * 100 + MB // 2) // MB
    tenths = hundredths // TENTHS
    if count and not tenths:
        return "<0.1"
    whole, rest = divmod(tenths, TENTHS)
    return f"{whole:,}.{rest}" if rest else f"{whole:,}"


def volume(count: int) -> str:
    """`count` MB as plans are called by them: `30 MB`, and in GB where that is as exact: `1 GB`, `1.5 GB`."""
    tenths, rest = divmod(count * TENTHS, MB_IN_A_GB)
    return f"{count:,} MB" if rest or tenths < TENTHS else f"{tenths / TENTHS:,g} GB"


def per_cent(part: int, whole: int) -> int:
    """`part` of `whole` as 0 to 100, rounded down; all of nothing is 100."""
    return 100 if part >= whole else part * 100 // whole
