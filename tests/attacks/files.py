"""Hostile files: what would take hours, gigabytes or another file's content is refused, in one sentence each."""

import json
import os
import re
import resource
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.utils import translation

from cards.errors import BadInput
from cards.files import open_table, workbook
from cards.files.headings import Headings
from tests.attacks.attack import Attack, Tally

MOST_SECONDS, MOST_MEGABYTES = 95, 1_100
HEADINGS = Headings(("iccid", "customer"))
NOT_READ = "no such file was read"  # of what stands in a file beside

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OF_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPES}.sharedStrings+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{RELATIONS}">'
        f'<Relationship Id="a" Type="{OF_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OF_OFFICE}"><sheets><sheet name="cards" sheetId="1" r:id="a"/></sheets>'
        "</workbook>"
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{RELATIONS}"><Relationship Id="a" Type="{OF_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>iccid</t></si></sst>',
}
HEADER = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'


def sheet(*rows, above=""):
    return f'{above}<worksheet xmlns="{MAIN}"><sheetData>{HEADER}{"".join(rows)}</sheetData></worksheet>'


def cell(text, ref="A2"):
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def row_of(*cells, number=2):
    return f'<row r="{number}">{"".join(cells)}</row>'


GOOD_SHEET = sheet(row_of(cell("89860000000000000001")))


def book(path, markup=GOOD_SHEET, packing=zipfile.ZIP_DEFLATED, **more):
    """A workbook with this sheet; `more` are parts that take the place of usual ones, or are added, by path."""
    with zipfile.ZipFile(path, "w", packing) as parts:
        for name, content in (PARTS | {"xl/worksheets/sheet1.xml": markup} | more).items():
            parts.writestr(name, content)
    return path


def with_changed(path, old, new):
    """The same file with these bytes instead of others, wherever they stand."""
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


# What makes the file, the sentence that refuses it, and limits that are lower in short.


def far_row(path):
    return book(path, sheet(row_of(cell("1", "A2000000000"), number=2_000_000_000)))


def far_column(path):
    return book(path, sheet(row_of(cell("1", "XFD2"))))


def row_of_cells(path):
    """Without their references, which are optional."""
    most = 5_000_000 if FULL in path.parts else 100_000
    return book(path, sheet(row_of(*(f"<c><v>{n}</v></c>" for n in range(most)))))


def shared_texts(path):
    most = 5_000_000 if FULL in path.parts else 300_000
    texts = "".join(f"<si><t>{n}</t></si>" for n in range(most))
    return book(path, **{"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>'})


def long_cell(path):
    """Of what cannot be packed well."""
    return book(path, sheet(row_of(cell(os.urandom(100_000_000 if FULL in path.parts else 1_000_000).hex()))))


def cell_of_a_letter(path):
    return book(path, sheet(row_of(cell("a" * 200_000_000))))


def cell_a_little_too_long(path):
    return book(path, sheet(row_of(cell("a" * 32_768))))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def laughs(path):
    return book(path, sheet(row_of(cell("&l9;")), above=f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'))


def laughs_in_utf16(path):
    above = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'
    return book(path, sheet(row_of(cell("&l9;")), above=above).encode("utf-16"))


def file_of_another(path):
    path.with_name("secret").write_text(NOT_READ)
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{path.with_name("secret")}">]>'
    return book(path, sheet(row_of(cell("&e;")), above=entity))


def laughs_beside(path):
    return book(path, **{"xl/sharedStrings.xml": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><sst xmlns="{MAIN}"/>'})


def deep(path):
    return book(path, sheet(row_of("<c>" * 200_000 + "</c>" * 200_000)))


def packed_well(path):
    return book(path, **{"xl/media/nothing.xml": b" " * 50_000_000})


def unpacks_to_three_gigabytes(path):
    with zipfile.ZipFile(book(path), "a", zipfile.ZIP_DEFLATED) as parts:
        for number in range(3):
            with parts.open(f"xl/media/{number}", "w", force_zip64=True) as part:
                for _megabyte in range(1024):
                    part.write(b" " * 1024**2)
    return path


def thousands_of_parts(path):
    return book(path, **{f"xl/media/{number}": "" for number in range(2_000)})


def elsewhere(path):
    return book(path, **{"../../../etc/cron.d/evil": "x"})


def encrypted(path):
    """Its parts say so, in both of their heads."""
    with_changed(book(path), b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
    return with_changed(path, b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")


def packed_otherwise(path):
    return book(path, packing=zipfile.ZIP_LZMA)


def one_part_twice(path):
    with zipfile.ZipFile(book(path), "a") as parts, patch("warnings.warn"):
        parts.writestr("xl/worksheets/sheet1.xml", sheet(row_of(cell("x"))))
    return path


def overlapping(path):
    """Two entries of one content, as bombs do that unpack to petabytes."""
    content = bytes(range(256)) * 40_000
    names = [f"xl/media/{number}" for number in range(3)]
    book(path, packing=zipfile.ZIP_STORED, **{names[0]: content, names[1]: content, names[2]: content})
    with zipfile.ZipFile(path) as parts:
        first, *others = (parts.getinfo(name).header_offset for name in names)
    whole = bytearray(path.read_bytes())
    for other in others:
        at = whole.rindex(other.to_bytes(4, "little"))
        whole[at : at + 4] = first.to_bytes(4, "little")
    directory = whole.index(b"PK\x01\x02")
    start, gone = others[0], directory - others[0]
    del whole[start:directory]
    at = whole.rindex(directory.to_bytes(4, "little"))
    whole[at : at + 4] = (directory - gone).to_bytes(4, "little")
    path.write_bytes(whole)
    return path


def nested(path):
    inner = book(path.with_name("inner.xlsx")).read_bytes()
    return book(path, **{"xl/worksheets/sheet1.xml": inner})


def cut_off(path):
    content = book(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def merged_over_each_other(path):
    merges = "".join(f'<mergeCell ref="A2:B{1_000_000 + n}"/>' for n in range(5_000))
    markup = sheet(*(row_of(cell("1", f"A{n}"), number=n) for n in range(2, 500)))
    return book(path, markup.replace("</worksheet>", f"<mergeCells>{merges}</mergeCells></worksheet>"))


def slow(path):
    rows = (row_of(*(cell("x", f"{column}{n}") for column in "ABCDEFGHIJ"), number=n) for n in range(2, 20_000))
    return book(path, sheet(*rows))


def text_file(content, times=1):
    def make(path):
        with path.open("wb") as file:
            for _time in range(times):
                file.write(content)
        return path

    return make


FULL = "in_full"
DAMAGED = "The file is not an XLSX workbook, or it is damaged."
DECLARATIONS = "The file has declarations of its own (DTD), as no workbook does."
WELL_PACKED = "The file unpacks to more than 200 times its size, as no workbook does."
ENDLESS = "The file is not a table: one of its lines never ends."
NOT_TEXT = "The file is neither UTF-8 nor GB18030, or not text at all: row 1, byte {} cannot be read."
TOO_MANY_CELLS = "the row has more than 1,000 cells"
ROWS = {
    far_row: "The workbook has a row 2000000000, but a worksheet has at most 1,048,576.",
    row_of_cells: "A row of the workbook has more than 16,384 cells.",
    far_column: "The cell XFD2 has a value, but only the first 1,000 columns are read.",
    merged_over_each_other: DAMAGED,
}
CELLS = {
    long_cell: "A cell of the workbook has more than 32,767 characters.",
    cell_a_little_too_long: "A cell of the workbook has more than 32,767 characters.",
    cell_of_a_letter: WELL_PACKED,
}
DECLARED = {
    **{laughs: DECLARATIONS, laughs_in_utf16: DECLARATIONS, laughs_beside: DECLARATIONS},
    **{file_of_another: DECLARATIONS},
}
ARCHIVES = {
    **{packed_well: WELL_PACKED, elsewhere: DAMAGED, packed_otherwise: DAMAGED, one_part_twice: DAMAGED},
    thousands_of_parts: "The file consists of 2006 parts, but a workbook has at most 1,000.",
    encrypted: "The file is encrypted: save it without a password.",
    **{overlapping: DAMAGED, nested: DAMAGED, cut_off: DAMAGED},
}
LARGE_ARCHIVES = {unpacks_to_three_gigabytes: "The file unpacks to more than 2 GB: split it."}
TEXTS = {shared_texts: "The workbook has more than {} different texts: save it as CSV, or split it."}
MEMORY = {shared_texts: "The workbook takes more than {} of memory to read: save it as CSV, or split it."}
PLAIN = {
    text_file(b"iccid,customer\n" + b"8" * 400_000): ENDLESS,
    text_file(b"iccid" + b",x" * 40_000): TOO_MANY_CELLS,
    text_file(b"iccid,customer\n1" + b",x" * 40_000 + b"\n"): TOO_MANY_CELLS,
    text_file(b"iccid\n\0\n"): "the cell contains a NUL character",
    text_file(b"\0" * 10_000): "The file is neither CSV nor XLSX.",
    text_file(b'iccid,customer\n1,"' + b"x,y\n" * 30_000): (
        "the quotation marks of the row do not match, or a cell has more than 32,767 characters"
    ),
    text_file(b"\x1f\x8b\x08" + b"\0" * 100): "The file is packed: unpack it first.",
    text_file(b"\xff\xff\xff\xff"): NOT_TEXT.format(1),
    text_file("iccid\n1\n".encode("utf-16")): "The file is in UTF-16: save it as CSV in UTF-8 or as .xlsx.",
}
LARGE_PLAIN = {
    text_file(b"8" * 1024**2, times=500): ENDLESS,
    text_file(b"\n" * 1024**2, times=20): "The file has more than 20,000,000 lines: split it.",
}


def refusals(path):
    """Every sentence that a file is refused with, or some of its rows; and whatever stood in a file beside."""
    said = []
    try:
        with translation.override("en"), open_table(path, HEADINGS) as table:
            for row in table.rows:
                said += [str(row.wrong.sentence)] if row.wrong else [NOT_READ] * (NOT_READ in str(row.texts))
    except BadInput as bad:
        said.append(str(bad.sentence))
    return said


def refused(kinds, in_full=None, **lower):
    """Tries each kind of file; `lower` limits hold in short, where it is tried in the test's own process."""

    def attempt(stage):
        tally, everything = Tally(), kinds if stage.is_short else kinds | (in_full or {})
        folder = stage.folder / ("short" if stage.is_short else FULL)
        folder.mkdir()
        with patch.dict(workbook.LIMITS, lower) if stage.is_short else nullcontext():
            for number, (make, sentence) in enumerate(everything.items()):
                _try(tally, make(folder / f"{number}.xlsx"), sentence, in_a_process=not stage.is_short)
        return tally

    return attempt


def limited(kinds, **lower):
    """Tries what takes more than it may: as nothing small takes the whole time or memory, it may take less."""

    def attempt(stage):
        tally = Tally()
        with patch.dict(workbook.LIMITS, lower):
            for make, sentence in kinds.items():
                _try(tally, make(stage.folder / "takes_much.xlsx"), sentence, in_a_process=False)
        return tally

    return attempt


def _try(tally, path, sentence, in_a_process):
    with tally.one_try():
        said, megabytes = _read_by_another(path) if in_a_process else (refusals(path), None)
    path.unlink()
    expected = sentence.format(workbook._measured(_limit_of(sentence)))
    if expected not in said or NOT_READ in said:
        tally.got_through(str(path.name), expected, said[:3])
    if megabytes:
        tally.megabytes = max(tally.megabytes or 0, megabytes)
        if megabytes > MOST_MEGABYTES or tally.seconds > MOST_SECONDS:
            tally.got_through(str(path.name), megabytes, "MB", tally.seconds, "s")


def _limit_of(sentence):
    return workbook.LIMITS["MOST_SHARED_TEXTS" if "different texts" in sentence else "MEMORY_TO_READ"]


def _read_by_another(path):
    """The same in a process that does nothing else, and the most memory that it and what it started had."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, path], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


ALONE = """
import django, sys
django.setup()
from tests.attacks import files
files.tell(sys.argv[1])
"""


def tell(path):
    said = refusals(Path(path))
    own = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())  # `getrusage` adds who started it
    readers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps([said, max(int(own[1]), readers) // 1024]))


ATTACKS = {
    "far rows": Attack(
        "rows and columns far out, a row of five million cells, cells merged over each other",
        "row 2,000,000,000 in 1.8 KB, a value in column XFD, 5,000 merges of one cell",
        refused(ROWS),
    ),
    "shared texts": Attack(
        "five million texts that a workbook keeps beside its sheets",
        "refused as they are counted, before they are read",
        refused(TEXTS, MOST_SHARED_TEXTS=10_000),
    ),
    "long cells": Attack("a cell of 200 MB", "of a letter, of digits, one character too long", refused(CELLS)),
    "declarations": Attack(
        "declarations in a workbook: entities that grow (billion laughs), entities that are another file",
        "in the sheet, beside it, in UTF-16",
        refused(DECLARED),
    ),
    "archives": Attack(
        "archives that are no workbooks",
        "packed 1,000 to 1, overlapping, encrypted, nested, cut off, names with `..`, one twice, 2,000 parts, 3 GB",
        refused(ARCHIVES, LARGE_ARCHIVES),
    ),
    "slow workbooks": Attack(
        "a workbook that takes longer than it may",
        "with one second instead of 90; the process that reads it is ended",
        limited(
            {slow: "The workbook takes more than 1 seconds to read: save it as CSV, or split it."}, SECONDS_TO_READ=1
        ),
    ),
    "large workbooks": Attack(
        "a workbook that takes more memory than it may",
        "with 48 MB instead of 1 GB; the process that reads it ends",
        limited(MEMORY, MEMORY_TO_READ=48 * 1024**2),
    ),
    "hostile CSV": Attack(
        "files that are no CSV",
        "a line of 500 MB, 40,000 columns, NULs, an open quotation mark, packed, other encodings, 20 million lines",
        refused(PLAIN, LARGE_PLAIN),
    ),
}
