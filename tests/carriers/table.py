"""Runs what must hold for each protocol and prints it as a table, row by protocol: `python -m tests.carriers.table`."""

import re
import sys

import pytest

from tests.carriers.fakes import FAKES

FILES = ("test_contract.py", "test_crashes.py", "test_two_workers.py")
ROW = re.compile(r"test_row_(\d\d)_\w+(?:\[(.*)\])?$")
OF_FILES = {"test_crashes.py": "22"}
OF_ALL = {"07"}  # one test for all of them


class Results:
    """What became of each test, by row and protocol."""

    def __init__(self):
        self.passed, self.failed = {}, {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.failed:
            path, _, name = report.nodeid.rpartition("::")
            match = ROW.match(name)
            row = match[1] if match else OF_FILES.get(path.rpartition("/")[2])
            of = [each for each in FAKES if f"[{each}" in name or f"-{each}" in name]
            counts = self.failed if report.failed else self.passed
            for protocol in of or (FAKES if row in OF_ALL else ["onelink5"]):
                if row and not report.skipped:
                    counts[row, protocol] = counts.get((row, protocol), 0) + 1

    def cell(self, row, protocol):
        failed, passed = self.failed.get((row, protocol), 0), self.passed.get((row, protocol), 0)
        return f"{failed} of {failed + passed} failed" if failed else f"ok ({passed})" if passed else "–"


def main(*options):
    results = Results()
    files = [f"tests/carriers/{file}" for file in FILES]
    code = pytest.main(["-q", "-n0", *files, *options], plugins=[results])
    rows = sorted({row for row, _ in {**results.passed, **results.failed}})
    print("| # | " + " | ".join(FAKES) + " |\n|---|" + "---|" * len(FAKES))
    for row in rows:
        print(f"| {int(row)} | " + " | ".join(results.cell(row, protocol) for protocol in FAKES) + " |")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
