"""strEnc: the cipher of the old Telecom door. DES but for one table; old and weak, and no other is understood there.

Source: the carrier's own demo, whose printed output the tests compare with. The tables are those of FIPS 46-3, except
for the right half of the key's first permutation, which takes the columns in plain order.
"""

from collections.abc import Iterator, Sequence
from functools import cache

PIECE = 4  # characters of UTF-16, two bytes each: a block of 64 bits

# Of a key's 64 bits in rows of eight, the first seven columns from below; DES itself takes the last three from behind.
FIRST_CHOICE = [8 * row + column for column in range(7) for row in reversed(range(8))]
SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
# fmt: off
SECOND_CHOICE = (
    13, 16, 10, 23, 0, 4, 2, 27, 14, 5, 20, 9, 22, 18, 11, 3, 25, 7, 15, 6, 26, 19, 12, 1,
    40, 51, 30, 36, 46, 54, 29, 39, 50, 44, 32, 47, 43, 48, 38, 55, 33, 52, 45, 41, 49, 35, 28, 31,
)
BITS_AFTER_BOXES = (
    15, 6, 19, 20, 28, 11, 27, 16, 0, 14, 22, 25, 4, 17, 30, 9, 1, 7, 23, 13, 31, 26, 2, 8, 18, 12, 29, 5, 21, 10, 3,
    24,
)
BOXES = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
# fmt: on
FIRST_ORDER = [8 * row + column for column in (1, 3, 5, 7, 0, 2, 4, 6) for row in reversed(range(8))]
LAST_ORDER = [FIRST_ORDER.index(place) for place in range(64)]
WIDENED = [(4 * group + step - 1) % 32 for group in range(8) for step in range(6)]


def str_enc(text: str, *keys: str) -> str:
    """The text, enciphered with one key after the other, in capital hexadecimals: sixteen for each four characters."""
    return "".join(_ciphered(block, keys) for block in _blocks(text))


def _ciphered(block: list[int], keys: Sequence[str]) -> str:
    for key in keys:
        for rounds in _rounds_of(key):
            block = _turned(block, rounds)
    return f"{int(''.join(map(str, block)), 2):016X}"


def _blocks(text: str) -> Iterator[list[int]]:
    """Blocks of 64 bits; the last one ends in zeros."""
    units = text.encode("utf-16-be", "surrogatepass")
    for start in range(0, len(units), 2 * PIECE):
        block = int.from_bytes(units[start : start + 2 * PIECE].ljust(2 * PIECE, b"\0"), "big")
        yield [int(bit) for bit in f"{block:064b}"]


@cache
def _rounds_of(key: str) -> list[list[list[int]]]:
    """For each four characters of a key the 48 bits of each round."""
    return [_rounds(block) for block in _blocks(key)]


def _rounds(block: list[int]) -> list[list[int]]:
    chosen = [block[place] for place in FIRST_CHOICE]
    left, right, rounds = chosen[:28], chosen[28:], []
    for shift in SHIFTS:
        left, right = left[shift:] + left[:shift], right[shift:] + right[:shift]
        both = left + right
        rounds.append([both[place] for place in SECOND_CHOICE])
    return rounds


def _turned(block: list[int], rounds: list[list[int]]) -> list[int]:
    ordered = [block[place] for place in FIRST_ORDER]
    left, right = ordered[:32], ordered[32:]
    for key in rounds:
        left, right = right, [a ^ b for a, b in zip(left, _mixed(right, key), strict=True)]
    both = right + left
    return [both[place] for place in LAST_ORDER]


def _mixed(half: list[int], key: list[int]) -> list[int]:
    wide = [half[place] ^ bit for place, bit in zip(WIDENED, key, strict=True)]
    out: list[int] = []
    for box, start in zip(BOXES, range(0, 48, 6), strict=True):
        first, *middle, last = wide[start : start + 6]
        column = int("".join(map(str, middle)), 2)
        out += (int(bit) for bit in f"{int(box[16 * (2 * first + last) + column], 16):04b}")
    return [out[place] for place in BITS_AFTER_BOXES]
