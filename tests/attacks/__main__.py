"""`make attacks`: every attack in full, or those named, and the table of docs/security.md."""

import argparse
import os
import sys

import pytest

from tests.on_postgres import start_server


class InFull:
    """Asks pytest for the attacks in full, and keeps what came of them."""

    def __init__(self, asked):
        self.asked, self.tallies, self.vendor = asked, {}, ""

    def pytest_configure(self, config):
        from tests.test_attacks import IN_FULL  # not before pytest has chosen the database

        config.stash[IN_FULL] = self

    def pytest_collection_modifyitems(self, items):
        """Those that were named; on PostgreSQL those that may differ there."""
        items[:] = [item for item in items if self.is_asked(item)]

    def is_asked(self, item):
        name = item.callspec.params["name"]
        is_named = not self.asked.names or name in self.asked.names
        return is_named and not (self.asked.postgres and item.get_closest_marker("once"))

    def told(self, name, tally, vendor):
        self.tallies[name], self.vendor = tally, vendor
        said = f"{'BAD' if tally.through else 'ok '} {name}: {tally.tries:,} tries, longest {tally.seconds:.2f} s"
        lines = [said, *(f"    {line:.300}" for line in tally.through[:50])]
        print("", *lines, sep="\n", file=sys.__stdout__, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("names", nargs="*", help="of the attacks; all without")
    parser.add_argument("--short", action="store_true", help="as the suite tries them")
    parser.add_argument("--seed", type=int, default=1, help="what is random is drawn from it")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, what may differ there")
    parser.add_argument("--write", action="store_true", help="write the table into docs/security.md")
    asked = parser.parse_args()
    in_full = InFull(asked)
    if asked.postgres:
        os.environ["TEST_DATABASE_URL"] = start_server()
    quiet = ("-q", "--capture=sys", "--show-capture=no", "--tb=short")
    status = pytest.main(["tests/test_attacks.py", *quiet], plugins=[in_full])
    if asked.write and in_full.tallies:
        from tests.attacks import page

        page.write(in_full.tallies, in_full.vendor)
    sys.exit(status)


if __name__ == "__main__":
    main()
