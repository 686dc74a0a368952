"""CSV so plain that each of its lines is a record: bytes that a database can take by the block.

What a program writes is mostly that: ASCII, commas, no quotation marks. Everything else is for `separated`.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import IO

from cards.files.cells import tidy
from cards.files.limits import LONGEST_LINE
from cards.files.separated import READ_BLOCK


def plain_start(file: IO[bytes], names: list[str]) -> int | None:
    """Where the first record of a plain file begins, in bytes; None when the file is not plain.

    Leaves the file where it was: somebody else may be reading it.
    """
    place = file.tell()
    try:
        file.seek(0)
        header = file.readline(LONGEST_LINE)
        start = file.tell()
        header = header.removeprefix(BOM_UTF8)
        if not _is_plain(header) or not header.endswith(b"\n"):
            return None
        if [tidy(cell).lower() for cell in split_line(header.decode())] != names:
            return None
        return start if all(map(_is_plain, _whole_lines(file))) else None
    finally:
        file.seek(place)


def plain_blocks(file: IO[bytes], start: int) -> Iterator[bytes]:
    """The records as blocks of whole lines, each of which ends with one line feed."""
    file.seek(start)
    for block in _whole_lines(file):
        yield block.replace(b"\r\n", b"\n")


def split_line(line: str) -> list[str]:
    """The cells of one plain line."""
    return line.rstrip("\r\n").split(",")


def _whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := file.read(READ_BLOCK):
        whole, feed, begun = block.rpartition(b"\n")
        if feed:
            yield rest + whole + feed
            rest = begun
        else:
            rest += block
            if len(rest) > 2 * READ_BLOCK:
                break
    if rest:
        yield rest + b"\n"


def _is_plain(block: bytes) -> bool:
    """A carriage return alone would end a record too; a line too long is for `separated` to refuse."""
    if not block.isascii() or b'"' in block or block.count(b"\r") != block.count(b"\r\n"):
        return False
    place = 0
    while place + LONGEST_LINE <= len(block):
        place = block.rfind(b"\n", place, place + LONGEST_LINE - 1) + 1
        if not place:
            return False
    return True
