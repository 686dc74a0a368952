"""The bank's references of transfers: what two have in common that are the same one, however they are written."""

import unicodedata

KEY_LENGTH = 255

SPACES_DASHES_AND_UNSEEN = ("Zs", "Zl", "Zp", "Pd", "Cf", "Cc")
# Signs that look like a dash or like nothing, and are of other categories.
PASSED_OVER = frozenset(
    map(
        chr,
        (
            *(0x02D7, 0x2043, 0x2212, 0x2500, 0x2501),
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
        ),
    )
)


def reference_key(reference: str) -> str:
    """The reference without spaces, dashes and what no screen shows, in one width and one case; it may be empty."""
    seen = unicodedata.normalize("NFKC", _without_signs(reference)).casefold()
    return _without_signs(unicodedata.normalize("NFKC", seen))[:KEY_LENGTH]


def _without_signs(text: str) -> str:
    return "".join(
        char for char in text if char not in PASSED_OVER and unicodedata.category(char) not in SPACES_DASHES_AND_UNSEEN
    )
