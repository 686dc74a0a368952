"""Commands called in the test's own process and transaction, and the files that they read."""

import csv
import io
import json
from dataclasses import dataclass
from functools import cache

from django.core.management import CommandError, call_command, get_commands, load_command_class
from openpyxl import Workbook


@dataclass
class Ended:
    """How a command ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


def run(name, *arguments):
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command(_command(name), *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as ended:
        code = ended.code
    except CommandError as error:
        code = error.returncode
        err.write(f"{error}\n")
    return Ended(code, out.getvalue(), err.getvalue())


@cache
def _command(name):
    """The command with the parser of its arguments, which is dear: a process builds one, and so do the tests."""
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("", name)
    command.create_parser = lambda *_names: parser
    return command


def result(name, *arguments):
    """What a command that succeeds gives with --json."""
    ended = run(name, *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return ended.document


def csv_file(path, rows, encoding="utf-8"):
    """A CSV of these rows, given as dicts: all of their columns make the header."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def xlsx_file(path, rows):
    """A workbook of these rows, given as lists of cells, the header first."""
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


def card_row(number=1, **columns):
    """A row of a card file: enterprise, no test, opened on 2026-01-15 with Y1-30, or as `columns` say."""
    row = {
        "iccid": iccid(number),
        "carrier": "cmcc",
        "certification": "enterprise",
        "opened_on": "2026-01-15",
        "plan": "Y1-30",
    }
    return row | {name: str(value) for name, value in columns.items()}


def usage_row(number=1, **columns):
    row = {"iccid": iccid(number), "day": "2026-03-20", "bytes": "1000", "read_at": "2026-03-21T01:00"}
    return row | {name: str(value) for name, value in columns.items()}


def iccid(number):
    return f"8986{number:016d}"
