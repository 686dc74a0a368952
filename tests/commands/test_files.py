"""Files as dealers and carriers send them: encodings, spreadsheets, and everything that is no such file."""

import io
import os
import signal
import threading
import zipfile
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from cards.errors import BadInput
from cards.faults import Fault, fault_of
from cards.files import open_table
from cards.files.headings import Headings
from tests.attacks.files import book, row_of, sheet
from tests.commands.calls import iccid, xlsx_file

HEADINGS = Headings(("iccid", "customer", "day", "bytes"), required=("iccid",))
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(source):
    """The rows of a file as (number, texts or what is wrong)."""
    with open_table(source, HEADINGS) as table:
        return [(row.number, row.texts if row.wrong is None else str(row.wrong)) for row in table.rows]


def refusal(source):
    with pytest.raises(BadInput) as refused:
        read(source)
    return str(refused.value)


def text(content, encoding="utf-8"):
    return io.BytesIO(content.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_encoding_and_line_end_reads_the_same(encoding, end):
    source = text(end.join(["iccid,customer", "8986,海川共享", "8987,李四"]), encoding)
    assert read(source) == [
        (2, {"iccid": "8986", "customer": "海川共享"}),
        (3, {"iccid": "8987", "customer": "李四"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_come_in_any_order_and_case_between_any_delimiter(delimiter):
    source = text(f"Customer{delimiter} ICCID \nacme{delimiter}8986\n")
    assert read(source) == [(2, {"customer": "acme", "iccid": "8986"})]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them():
    """Blank rows and a cell of two lines count as what they look like."""
    source = text('\niccid,customer\n8986,"two\nlines"\n\n,\n8987,b\n')
    assert read(source) == [(3, {"iccid": "8986", "customer": "two\nlines"}), (6, {"iccid": "8987", "customer": "b"})]


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("  ８９８６０　", "89860"),
        ('="898600"', "898600"),
        ("'898600", "898600"),
        ("898600\t", "898600"),
        ("\u200b898600\xa0", "898600"),
        ("“", "“"),
    ],
)
def test_cells_are_tidied(cell, meant):
    assert read(text(f"iccid\n{cell}\n")) == [(2, {"iccid": meant})]


def test_a_row_that_does_not_fit_is_one_bad_row():
    source = text('iccid,customer\n1\n2,b,c\n3,c,,\n"4" x,d\n5,e\0\n6,f\n')
    assert read(source) == [
        (2, "the row has 1 cells, but the header has 2"),
        (3, "the row has 3 cells, but the header has 2"),
        (4, {"iccid": "3", "customer": "c"}),
        (5, "the quotation marks of the row do not match, or a cell has more than 32,767 characters"),
        (6, "customer: the cell contains a NUL character"),
        (7, {"iccid": "6", "customer": "f"}),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\n,,\n\n", "The file has no header row."),
        (b"8986,acme\n", "The first row is not a header: it names none of the columns iccid, customer, day, bytes."),
        (b"iccid,colour,size\n", "The file has unknown columns: “colour”, “size”."),
        (b"iccid,,customer\n", "The file has unknown columns: “”."),
        (b"iccid,customer,ICCID\n", "The file has duplicate columns: “iccid”."),
        (b"customer\n", "The file is missing columns: “iccid”."),
        (b"iccid\0\n", "The file is neither CSV nor XLSX."),
        ("iccid\n8986\n".encode("utf-16"), "The file is in UTF-16: save it as CSV in UTF-8 or as .xlsx."),
        (OLE, "The file has a password or is in the old .xls format: save it as .xlsx, without a password."),
        (b"PK\x03\x04 broken", "The file is not an XLSX workbook, or it is damaged."),
        (
            b"iccid\n8986\n\xff\xff\n",
            "The file is neither UTF-8 nor GB18030, or not text at all: row 3, byte 12 cannot be read.",
        ),
        (b"iccid," + b"x" * 100_000, "The file is not a table: one of its lines never ends."),
        (
            b"iccid," + b"x" * 90_000,
            "the quotation marks of the row do not match, or a cell has more than 32,767 characters",
        ),
        (b"iccid," + b"x" * 30_000, f"The file has unknown columns: “{'x' * 40}…”."),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(content, sentence):
    assert refusal(io.BytesIO(content)) == sentence


def test_a_byte_that_is_wrong_far_behind_the_first_block_is_found():
    source = io.BytesIO(b"iccid\n" + b"8986\n" * 300_000 + b"\xff\n")
    assert "row 300002, byte 1500007 cannot be read" in refusal(source)


def test_a_path_that_leads_to_no_file(tmp_path):
    assert refusal(tmp_path / "none.csv") == f"There is no file {tmp_path / 'none.csv'}."
    assert refusal(tmp_path) == f"{tmp_path} is a directory."
    assert refusal("a\0b") == "The file a\0b cannot be read: embedded null byte."


def test_a_pipe_is_a_file_too(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_text, args=["iccid\n8986\n"])
    writing.start()
    assert read(pipe) == [(2, {"iccid": "8986"})]
    writing.join()


def test_a_zip_that_is_no_workbook():
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as parts:
        parts.writestr("readme.txt", "hello")
    source.seek(0)
    assert refusal(source) == "The file is not an XLSX workbook, or it is damaged."


def test_a_workbook_reads_as_people_see_it(tmp_path):
    rows = [
        ["iccid", "customer", "day", "bytes"],
        [iccid(1), "海川共享", date(2026, 3, 2), 1_000],
        [None, None, None, None],
        [iccid(2), None, datetime(2026, 3, 2, 8, 30), 1_000.0],
        [14400000001, True, "2026-03-02", 0.5],
    ]
    assert read(xlsx_file(tmp_path / "a.xlsx", rows)) == [
        (2, {"iccid": iccid(1), "customer": "海川共享", "day": "2026-03-02", "bytes": "1000"}),
        (4, {"iccid": iccid(2), "customer": "", "day": "2026-03-02T08:30:00", "bytes": "1000"}),
        (5, {"iccid": "14400000001", "customer": "True", "day": "2026-03-02", "bytes": "0.5"}),
    ]


def test_a_number_whose_last_digits_a_spreadsheet_lost_shows_it(tmp_path):
    rows = [["iccid"], [89860812345678901234], [8.98608e19], [460001234567890]]
    assert read(xlsx_file(tmp_path / "a.xlsx", rows)) == [
        (2, {"iccid": "8.98608E+19"}),
        (3, {"iccid": "8.98608E+19"}),
        (4, {"iccid": "460001234567890"}),
    ]


def test_a_workbook_that_is_damaged_further_down_gives_what_was_before(tmp_path):
    path = xlsx_file(tmp_path / "a.xlsx", [["iccid"]] + [[iccid(n)] for n in range(3)])
    whole, broken = zipfile.ZipFile(path), tmp_path / "b.xlsx"
    with zipfile.ZipFile(broken, "w") as parts:
        for name in whole.namelist():
            content = whole.read(name)
            parts.writestr(name, content[:-120] if name.endswith("sheet1.xml") else content)
    found = read(broken)
    assert found[-1][1] == "The file is not an XLSX workbook, or it is damaged."
    assert [row for _number, row in found[:-1]] == [{"iccid": iccid(n)} for n in range(len(found) - 1)]


on_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="asks Linux for its processes")


def readers():
    """The processes that read a workbook for this one."""
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    return [child for child in children if b"unpacking.py" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.fixture
def struck_after():
    """Has the time limit of a worker strike whoever is at work, after so many seconds."""

    def strike(*_signal):
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGALRM, strike)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@on_linux
def test_the_time_limit_of_a_worker_is_a_fault_and_no_damage(tmp_path, struck_after):
    """It strikes whoever waits for the workbook, and the process that reads it ends with that."""
    path = xlsx_file(tmp_path / "a.xlsx", [["iccid", "customer"]] + [[iccid(n), "a"] for n in range(5_000)])
    for rows_before, seconds in ((0, 0.03), (3, 0.01)):
        with pytest.raises(SoftTimeLimitExceeded) as struck:
            read_slowly(path, rows_before, partial(struck_after, seconds))
        assert (fault_of(struck.value), readers()) == (Fault.SLOW, [])


def read_slowly(path, rows_before, strike):
    if not rows_before:
        strike()
    with open_table(path, HEADINGS) as table:
        for number, _row in enumerate(table.rows):
            if number == rows_before:
                assert len(readers()) == 1
                strike()


@on_linux
def test_who_reads_a_workbook_no_further_leaves_no_process(tmp_path):
    path = xlsx_file(tmp_path / "a.xlsx", [["iccid"]] + [[iccid(n)] for n in range(3_000)])
    with open(path, "rb") as file, open_table(file, HEADINGS) as table:
        assert next(table.rows).texts == {"iccid": iccid(0)}
    assert readers() == []


def test_a_workbook_in_memory_is_read_like_a_file(tmp_path):
    path = xlsx_file(tmp_path / "a.xlsx", [["iccid"], [iccid(1)]])
    assert read(io.BytesIO(path.read_bytes())) == read(path) == [(2, {"iccid": iccid(1)})]


@on_linux
def test_the_process_that_reads_a_workbook_gets_nothing_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "grundelvask")
    path = xlsx_file(tmp_path / "a.xlsx", [["iccid"], [iccid(1)]])
    with open_table(path, HEADINGS):
        (reader,) = readers()
        assert Path(f"/proc/{reader}/environ").read_bytes() == b""


@pytest.mark.parametrize("digits", [16, 400, 4_000])
def test_a_number_of_any_length_in_a_workbook_is_told_as_it_shows_it(tmp_path, digits):
    path = book(tmp_path / "a.xlsx", sheet(row_of(f'<c r="A2"><v>{"8" * digits}</v></c>')))
    assert read(path) == [(2, {"iccid": f"8.88889E+{digits - 1}"})]


def test_a_file_is_read_as_a_stream():
    """The first row is there before the file has been read to its end."""
    source = text("iccid\n" + "8986\n" * 1_000_000)
    with open_table(source, HEADINGS) as table:
        assert next(table.rows).number == 2
        assert source.tell() < 100_000
        assert table.expected == 1_000_001
