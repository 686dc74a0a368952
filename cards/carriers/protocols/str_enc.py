"""strEnc: the cipher of the old Telecom door. DES but for one table; old and weak, and no other is understood there.

Source: the carrier's own demo, whose printed output the tests compare with. The tables are those of FIPS 46-3, except
for the right half of the key's first permutation, which takes the columns in plain order.
"""

from collections.abc import Iterable, Iterator, Sequence
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
# How far right each box's six bits are once a half is widened: each shares its first and last with its neighbours.
PLACES_OF_BOXES = range(28, -1, -4)

KeyOfRound = Sequence[int]  # of a round: six bits for each box


def str_enc(text: str, *keys: str) -> str:
    """The text, enciphered with one key after the other, in capital hexadecimals: sixteen for each four characters."""
    return "".join(_ciphered(block, keys) for block in _blocks(text))


def _ciphered(block: list[int], keys: Sequence[str]) -> str:
    for key in keys:
        for rounds in _rounds_of(key):
            block = _turned(block, rounds)
    return f"{_number(block):016X}"


def _blocks(text: str) -> Iterator[list[int]]:
    """Blocks of 64 bits; the last one ends in zeros."""
    units = text.encode("utf-16-be", "surrogatepass")
    for start in range(0, len(units), 2 * PIECE):
        yield _bits(int.from_bytes(units[start : start + 2 * PIECE].ljust(2 * PIECE, b"\0"), "big"), 64)


def _bits(number: int, length: int) -> list[int]:
    return [int(bit) for bit in f"{number:0{length}b}"]


def _number(bits: Iterable[int]) -> int:
    return int("".join(map(str, bits)), 2)


@cache
def _rounds_of(key: str) -> list[list[KeyOfRound]]:
    """The keys of each round, for each four characters of a key."""
    return [_rounds(block) for block in _blocks(key)]


def _rounds(block: list[int]) -> list[KeyOfRound]:
    chosen = [block[place] for place in FIRST_CHOICE]
    left, right, rounds = chosen[:28], chosen[28:], []
    for shift in SHIFTS:
        left, right = left[shift:] + left[:shift], right[shift:] + right[:shift]
        bits = [(left + right)[place] for place in SECOND_CHOICE]
        rounds.append([_number(bits[start : start + 6]) for start in range(0, 48, 6)])
    return rounds


def _turned(block: list[int], rounds: list[KeyOfRound]) -> list[int]:
    ordered = [block[place] for place in FIRST_ORDER]
    left, right = _number(ordered[:32]), _number(ordered[32:])
    for key in rounds:
        left, right = right, left ^ _mixed(right, key)
    both = _bits(right << 32 | left, 64)
    return [both[place] for place in LAST_ORDER]


def _mixed(half: int, key: KeyOfRound) -> int:
    wide = (half & 1) << 33 | half << 1 | half >> 31
    boxes = zip(_out_of_boxes(), PLACES_OF_BOXES, key, strict=True)
    return sum(out[wide >> place & 0b111111 ^ bits] for out, place, bits in boxes)


@cache
def _out_of_boxes() -> list[list[int]]:
    """What comes out of each box for each six bits, at the places where a half has it."""
    places = zip(BOXES, PLACES_OF_BOXES, strict=True)
    return [[_placed(_out_of(box, six) << place) for six in range(64)] for box, place in places]


def _out_of(box: str, six: int) -> int:
    row, column = six >> 4 & 0b10 | six & 1, six >> 1 & 0b1111
    return int(box[16 * row + column], 16)


def _placed(half: int) -> int:
    bits = _bits(half, 32)
    return _number(bits[place] for place in BITS_AFTER_BOXES)
