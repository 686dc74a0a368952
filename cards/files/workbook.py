"""XLSX: one sheet of a workbook, read as a stream, as a person sees it.

Merged cells have their value in each of their rows. What is hidden, sheets and rows, is left out, and counted. The
file is read by a process of its own (`unpacking`), which ends where it takes too much.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.errors import BadInput
from cards.files import limits
from cards.files.cells import Cells, Sheet, text_of, without_empty_end
from cards.files.headings import Headings

TAKEN_AT_ONCE = 256 * 1024
LIMITS = {name: value for name, value in vars(limits).items() if name.isupper()}
PROGRAM = Path(__file__).with_name("unpacking.py")

# By the limit that a workbook is beyond, or by what else no spreadsheet writes.
WHY_UNREAD = {
    "LONGEST_CELL": gettext_lazy("A cell of the workbook has more than {most} characters."),
    "MOST_COLUMNS": gettext_lazy("The cell {found} has a value, but only the first {most} columns are read."),
    "MOST_CELLS_OF_A_ROW": gettext_lazy("A row of the workbook has more than {most} cells."),
    "MOST_ROWS_OF_A_SHEET": gettext_lazy("The workbook has a row {found}, but a worksheet has at most {most}."),
    "MOST_SHARED_TEXTS": gettext_lazy(
        "The workbook has more than {most} different texts: save it as CSV, or split it."
    ),
    "LARGEST_UNPACKED": gettext_lazy("The file unpacks to more than {most}: split it."),
    "MOST_PARTS": gettext_lazy("The file consists of {found} parts, but a workbook has at most {most}."),
    "MOST_TIMES_PACKED": gettext_lazy("The file unpacks to more than {most} times its size, as no workbook does."),
    "SECONDS_TO_READ": gettext_lazy(
        "The workbook takes more than {most} seconds to read: save it as CSV, or split it."
    ),
    "MEMORY_TO_READ": gettext_lazy(
        "The workbook takes more than {most} of memory to read: save it as CSV, or split it."
    ),
    "declarations": gettext_lazy("The file has declarations of its own (DTD), as no workbook does."),
    "encrypted": gettext_lazy("The file is encrypted: save it without a password."),
    "damaged": gettext_lazy("The file is not an XLSX workbook, or it is damaged."),
}


@dataclass(slots=True)
class Merged:
    """Cells that were made one: from where to where, and the value that stands in the first of them."""

    ref: str
    first: int  # column
    top: int
    last: int
    bottom: int
    value: str = ""


@dataclass(slots=True)
class Layout:
    """How a sheet is drawn: its hidden rows, and its merged cells by the row in which they begin."""

    hidden: set[int] = field(default_factory=set)
    merged: dict[int, list[Merged]] = field(default_factory=dict)


@contextmanager
def read_xlsx(file: IO[bytes], headings: Headings) -> Iterator[Sheet]:
    with _with_descriptor(file) as descriptor, _unpacking(descriptor) as process:
        said = _said(process)
        about = next(said)
        sheets = about["sheets"]
        chosen = max(sheets, key=lambda sheet: _understood(sheet["first"], headings))
        _choose(process, sheets.index(chosen))
        found = Sheet(iter(()), chosen["size"], is_workbook=True, epoch=datetime.fromisoformat(about["epoch"]))
        found.cells = _sheet_cells(said, _layout(next(said)), found)
        if len(sheets) > 1:
            found.name, found.not_read = chosen["title"], [sheet["title"] for sheet in sheets if sheet is not chosen]
        yield found


@contextmanager
def _with_descriptor(file: IO[bytes]) -> Iterator[int]:
    """The open file as the other process may have it: of one in memory, a copy."""
    try:
        yield file.fileno()
    except (AttributeError, OSError):
        with TemporaryFile() as copy:
            file.seek(0)
            copyfileobj(file, copy)
            copy.flush()
            yield copy.fileno()


@contextmanager
def _unpacking(descriptor: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The process that reads the file, until the block ends. Ctrl-C does not reach it: whoever reads here ends it."""
    with subprocess.Popen(
        [sys.executable, "-I", PROGRAM, str(descriptor), json.dumps(LIMITS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[descriptor],
        env={},
        process_group=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _choose(process: "subprocess.Popen[bytes]", place: int) -> None:
    assert process.stdin
    with suppress(BrokenPipeError):  # why it has ended is what it says next
        process.stdin.write(b"%d\n" % place)
        process.stdin.close()


def _said(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    """What the process says, to its last word; a `BadInput` where it refuses the file, or ends over it."""
    begun = bytearray()
    for block in _blocks(process):
        begun += block
        if b"\n" in block:
            *lines, rest = bytes(begun).split(b"\n")
            begun = bytearray(rest)
            for said in map(json.loads, lines):
                if "refused" in said:
                    raise BadInput("", _why(said["refused"], said.get("found")))
                if "end" in said:
                    return
                yield said
    raise BadInput("", _why(_limit_that_ended(process.wait())))


def _blocks(process: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    """What it writes, as it comes. One that takes too long without a word is ended, as it ends itself by its limits."""
    assert process.stdout
    written, poll = process.stdout.fileno(), select.poll()
    poll.register(written, select.POLLIN)
    while poll.poll(1000 * limits.SECONDS_TO_READ):
        if not (block := os.read(written, TAKEN_AT_ONCE)):
            return
        yield block
    process.send_signal(signal.SIGXCPU)


def _limit_that_ended(code: int) -> str:
    if code > 0:
        raise RuntimeError(f"{PROGRAM.name} ended with {code}")
    return {-signal.SIGXCPU: "SECONDS_TO_READ", -signal.SIGKILL: "MEMORY_TO_READ"}.get(code, "damaged")


def _why(limit: str, found: object = None) -> str:
    return str(WHY_UNREAD[limit]).format(found=found, most=_measured(LIMITS.get(limit, 0)))


def _measured(most: int) -> str:
    return f"{most // 1024**3} GB" if most >= 1024**3 else f"{most:,}"


def _understood(first: list[tuple[int, list[Any]]], headings: Headings) -> int:
    """How much of the best header among the first rows of a sheet is understood."""
    return max((headings.understood(_texts(values)) for _number, values in first), default=0)


def _texts(values: list[Any]) -> list[str]:
    """The values of a row as texts; an instant comes as a list of its ISO text."""
    return [text_of(datetime.fromisoformat(value[0]) if isinstance(value, list) else value) for value in values]


def _layout(said: dict[str, Any]) -> Layout:
    layout = Layout(set(said["hidden"]))
    for cells in said["merged"]:
        merged = Merged(*cells)
        layout.merged.setdefault(merged.top, []).append(merged)
    return layout


def _sheet_cells(said: Iterator[dict[str, Any]], layout: Layout, found: Sheet) -> Cells:
    merged, begun = list[Merged](), sorted(layout.merged, reverse=True)
    for number, values in chain.from_iterable(batch["rows"] for batch in said):
        texts, wrong = without_empty_end(_texts(values)), None
        while begun and begun[-1] <= number:
            merged += layout.merged[begun.pop()]
        if merged:
            merged = [cells for cells in merged if number <= cells.bottom]
            wrong = _fill_in(texts, merged, number) if any(texts) else None
        if number not in layout.hidden:
            yield number, texts, wrong
        elif any(texts):
            found.hidden.append(number)


def _fill_in(texts: list[str], merged: list[Merged], number: int) -> BadInput | None:
    """Write the value of merged cells into each of their rows; what is wrong with the row because of them."""
    if len(merged) > limits.MOST_COLUMNS:
        raise BadInput("", _why("damaged"))
    for cells in merged:
        place = cells.first - 1
        if number == cells.top:
            cells.value = texts[place] if place < len(texts) else ""
        elif cells.value:
            texts.extend([""] * (cells.first - len(texts)))
            texts[place] = cells.value
    across = next((cells for cells in merged if cells.last > cells.first and cells.value), None)
    if across is None:
        return None
    return BadInput("", _("the cells {cells} are merged across columns").format(cells=across.ref))
