"""Runs what must hold for each provider and prints it as a table, row by provider: `python -m tests.payments.table`."""

import re
import sys

import pytest

from tests.payments.fakes import FAKES

ROW = re.compile(r"test_row_([a-z]+)(?:_\w+)?(?:\[(.*)\])?$")
FILES = tuple(f"test_{name}.py" for name in ("contract", "asked", "reconciled", "pages", "killed", "random"))


class Results:
    """What became of each test, by row and provider."""

    def __init__(self):
        self.passed, self.failed = {}, {}

    def pytest_runtest_logreport(self, report):
        match = ROW.match(report.nodeid.partition("::")[2])
        if not match or not (report.when == "call" or report.failed) or report.skipped:
            return
        for name in [name for name in FAKES if name in (match[2] or "")] or FAKES:
            counts = self.failed if report.failed else self.passed
            counts[match[1], name] = counts.get((match[1], name), 0) + 1

    def cell(self, row, name):
        failed, passed = self.failed.get((row, name), 0), self.passed.get((row, name), 0)
        return f"{failed} of {failed + passed} failed" if failed else f"ok ({passed})" if passed else "–"


def main(*options):
    results = Results()
    code = pytest.main(["-q", "-n0", *(f"tests/payments/{file}" for file in FILES), *options], plugins=[results])
    rows = dict.fromkeys(row for row, _ in [*results.passed, *results.failed])
    print(f"| | {' | '.join(FAKES)} |\n|---|{'---|' * len(FAKES)}")
    for row in rows:
        print(f"| {row} | {' | '.join(results.cell(row, name) for name in FAKES)} |")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
