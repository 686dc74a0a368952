"""The files of the bench of usage, and what the cards are like that they name, a hundred in a row."""

from datetime import date, timedelta
from typing import NamedTuple

MB = 2**20
FIRST_DAY = date(2026, 1, 20)
MANY_DAYS, ONE_DAY = "many.csv", "day.csv"


class Kind(NamedTuple):
    """What a card has used before, and on which day."""

    day: date | None = None
    mb: int = 0


IN_THIS_CYCLE, IN_THE_LAST = Kind(date(2026, 1, 5), 2), Kind(date(2025, 12, 5), 2)
NEARLY_USED_UP, UNUSED = Kind(date(2026, 1, 5), 12), Kind()
KINDS = [IN_THIS_CYCLE] * 49 + [IN_THE_LAST] * 49 + [NEARLY_USED_UP, UNUSED]


def write_files(folder, rows, cards):
    """Many days of the first cards, three rows or so of each; and one more day, of all cards."""
    some = min(cards, rows * 3 // 10)
    with (folder / MANY_DAYS).open("w") as file:
        _write(file, ((FIRST_DAY + timedelta(day), key + 1) for day, key in (divmod(n, some) for n in range(rows))))
    with (folder / ONE_DAY).open("w") as file:
        _write(file, ((FIRST_DAY - timedelta(1), key) for key in range(1, cards + 1)))


def _write(file, readings):
    file.write("iccid,day,bytes,read_at,imei\n")
    for number, (day, key) in enumerate(readings):
        used = number * 7919 % MB + (20 * MB if KINDS[(key - 1) % len(KINDS)] is NEARLY_USED_UP else 1)
        file.write(f"{iccid(key)},{day},{used},{day + timedelta(days=1)}T01:{key % 60:02d}:00,{imei(key)}\n")


def iccid(key):
    return f"8986{key:016d}"


def imei(key):
    return f"8674{key:011d}"
