"""A program of its own that reads a workbook: what a hostile file does to the library, it does here, where time and
memory are limited and which can be ended. It knows nothing of the portal, nor of the environment with its secrets.

    python unpacking.py DESCRIPTOR LIMITS

DESCRIPTOR is that of the open file, LIMITS those of `limits.py` as JSON. What it finds goes to stdout, a JSON document
on each line: `sheets` that people see, with the first rows of each if they are several; then, once the number of a
sheet came on stdin, its `hidden` rows and `merged` cells; its `rows` in batches; at last `end`, or why it is `refused`.
A row is its number and its values up to the last one; an instant is a list of one ISO text.
"""

import json
import os
import re
import resource
import sys
import warnings
import zipfile
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import IO, Any, NoReturn
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl import load_workbook
from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.worksheet._reader import WorkSheetParser

READ_AT_ONCE = 1024**2
SENT_AT_ONCE = 256 * 1024
ROWS_SENT_AT_ONCE = 500
FIRST_ROWS = 20
LONGEST_TITLE = 100
ENCRYPTED = 1  # of a part's flags
HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b(?=[^>]*\shidden="(?:1|true)")[^>]*\sr="([0-9]{1,9})"')
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\sref="([A-Z]{1,3}[0-9]{1,9}:[A-Z]{1,3}[0-9]{1,9})"')
SHARED_TEXT = re.compile(rb"<(?:\w+:)?si\b")
MARKUP = (".xml", ".rels", ".vml")


class RefusedWorkbook(Exception):
    """By which limit, and what of the file is beyond it."""

    def __init__(self, limit: str, found: object = None) -> None:
        self.limit, self.found = limit, found


class AtTheRoot(Exception):
    """The markup's first element was reached, behind which no declarations stand."""


def main(descriptor: str, limits_as_json: str) -> None:
    limits = json.loads(limits_as_json)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["SECONDS_TO_READ"], limits["SECONDS_TO_READ"] + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits["MEMORY_TO_READ"], limits["MEMORY_TO_READ"]))
    warnings.simplefilter("ignore")  # the library warns of styles, dates and extensions that it does not know
    try:
        with open(int(descriptor), "rb") as file:
            Reader(file, limits).tell()
    except BrokenPipeError:
        os._exit(0)  # nobody wants to know more
    except RefusedWorkbook as refused:
        say({"refused": refused.limit, "found": refused.found})
    except MemoryError:
        say({"refused": "MEMORY_TO_READ"})
    except Exception as error:  # the library stumbles in many ways over what is broken or no workbook
        no_memory = isinstance(error, ParseError) and error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]
        say({"refused": "MEMORY_TO_READ" if no_memory else "damaged"})


def say(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


class Reader:
    def __init__(self, file: IO[bytes], limits: dict[str, int]) -> None:
        self.file, self.limits = file, limits

    def tell(self) -> None:
        with zipfile.ZipFile(self.file) as parts:
            self.refuse_tricks(parts)
            for name in parts.namelist():
                if name.lower().endswith(MARKUP):
                    refuse_declarations(parts.open(name))
                    self.refuse_texts(parts.open(name), name.lower().endswith("sharedstrings.xml"))
        self.workbook = load_workbook(self.file, read_only=True, data_only=True, keep_links=False)
        seen = [sheet for sheet in self.workbook.worksheets if sheet.sheet_state == "visible"]
        seen = seen or self.workbook.worksheets
        say({"sheets": [self.about(sheet, len(seen) > 1) for sheet in seen], "epoch": self.workbook.epoch.isoformat()})
        chosen = seen[int(sys.stdin.readline())]
        say(self.layout(chosen))
        self.say_rows(chosen)
        say({"end": True})

    def refuse_tricks(self, parts: zipfile.ZipFile) -> None:
        """A file that unpacks to more than it is, or elsewhere: no spreadsheet writes one."""
        found = parts.infolist()
        if len(found) > self.limits["MOST_PARTS"]:
            self.refuse("MOST_PARTS", len(found))
        if sum(part.file_size for part in found) > self.limits["LARGEST_UNPACKED"]:
            self.refuse("LARGEST_UNPACKED")
        for part in found:
            if part.file_size > max(READ_AT_ONCE, part.compress_size * self.limits["MOST_TIMES_PACKED"]):
                self.refuse("MOST_TIMES_PACKED")
            if part.flag_bits & ENCRYPTED:
                self.refuse("encrypted")
            is_usual = part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if not is_usual or part.filename.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", part.filename):
                self.refuse("damaged")
        names = {part.filename for part in found}
        if len(names) < len(found) or sum(part.compress_size for part in found) > os.fstat(self.file.fileno()).st_size:
            self.refuse("damaged")

    def refuse_texts(self, part: IO[bytes], are_shared: bool) -> None:
        """A text or a row that is too long, or too many texts, before the library has them in memory."""
        count = 0
        for block in self.markup(part):
            count += len(SHARED_TEXT.findall(block)) if are_shared else 0
            if count > self.limits["MOST_SHARED_TEXTS"]:
                self.refuse("MOST_SHARED_TEXTS")
            most = self.limits["MOST_CELLS_OF_A_ROW"]
            for row in block.split(b"<row"):
                if len(row) > 3 * most and row.count(b"<c ") + row.count(b"<c>") > most:
                    self.refuse("MOST_CELLS_OF_A_ROW")

    def markup(self, part: IO[bytes]) -> Iterator[bytes]:
        """The markup in blocks that end with a tag, which only a text too long does not let them do."""
        rest = b""
        with part:
            while block := part.read(READ_AT_ONCE):
                whole, _end, rest = (rest + block).rpartition(b">")
                yield whole
                if len(rest) > READ_AT_ONCE:
                    self.refuse("LONGEST_CELL")

    def about(self, sheet: Any, is_one_of_several: bool) -> dict[str, Any]:
        """Its name, about how many rows it has, and the first of them."""
        size = min(sheet.max_row or 0, self.limits["MOST_ROWS_OF_A_SHEET"])
        first = list(islice(self.rows(sheet), FIRST_ROWS)) if is_one_of_several else []
        return {"title": sheet.title[:LONGEST_TITLE], "size": size, "first": first}

    def layout(self, sheet: Any) -> dict[str, Any]:
        """What the library does not tell of a sheet that it reads as a stream: from its markup, block by block."""
        hidden, merged = list[int](), list[tuple[str, int, int, int, int]]()
        for block in self.markup(sheet._get_source()):
            if b"hidden=" in block:
                hidden += map(int, HIDDEN_ROW.findall(block))
            for ref in MERGED.findall(block) if b"mergeCell" in block else ():
                first, top, last, bottom = range_boundaries(ref.decode())
                if first <= self.limits["MOST_COLUMNS"]:
                    merged.append((ref.decode(), first, top, last, bottom))
        return {"hidden": hidden, "merged": merged}

    def rows(self, sheet: Any) -> Iterator[tuple[int, list[Any]]]:
        """The rows that have something in them, as far as their numbers rise."""
        before, book = 0, self.workbook
        with sheet._get_source() as source:
            parser = WorkSheetParser(
                source,
                sheet._shared_strings,
                data_only=True,
                epoch=book.epoch,
                date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
            )
            for number, cells in parser.parse():
                if number > self.limits["MOST_ROWS_OF_A_SHEET"]:
                    self.refuse("MOST_ROWS_OF_A_SHEET", number)
                if number > before:
                    before = number
                    if values := self.values(number, cells):
                        yield number, values

    def values(self, number: int, cells: list[dict[str, Any]]) -> list[Any]:
        values: list[Any] = []
        for cell in cells:
            value, column = cell["value"], cell["column"]
            if value is None:
                continue
            where = f"{get_column_letter(column)}{number}" if column <= 18_278 else f"{column}, {number}"
            if column > self.limits["MOST_COLUMNS"]:
                self.refuse("MOST_COLUMNS", where)
            if isinstance(value, str) and len(value) > self.limits["LONGEST_CELL"]:
                self.refuse("LONGEST_CELL", where)
            values += [None] * (column - len(values))
            values[column - 1] = sendable(value)
        return values

    def say_rows(self, sheet: Any) -> None:
        batch, size = list[str](), 0
        try:
            for row in self.rows(sheet):
                batch.append(json.dumps(row))
                size += len(batch[-1])
                if len(batch) >= ROWS_SENT_AT_ONCE or size > SENT_AT_ONCE:
                    sys.stdout.write(f'{{"rows": [{",".join(batch)}]}}\n')
                    batch, size = [], 0
        finally:  # whatever breaks off below them, they were good
            sys.stdout.write(f'{{"rows": [{",".join(batch)}]}}\n')

    def refuse(self, limit: str, found: object = None) -> NoReturn:
        raise RefusedWorkbook(limit, found)


def sendable(value: Any) -> Any:
    if isinstance(value, datetime):
        return [value.isoformat()]
    return value if isinstance(value, str | int | float) else str(value)


def refuse_declarations(part: IO[bytes]) -> None:
    """Entities are declared above the first element, and grow to gigabytes or read other files."""

    def declared(*_said: Any) -> None:
        raise RefusedWorkbook("declarations")

    def reached(*_said: Any) -> None:
        raise AtTheRoot

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = declared, reached
    with part:
        try:
            while block := part.read(READ_AT_ONCE // 16):
                parser.Parse(block)
        except AtTheRoot:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
