"""What is installed is what was pinned, file by file; and what the audit of it says."""

import importlib.util
import re
from itertools import pairwise

import pytest
from django.conf import settings

pytestmark = pytest.mark.once

PINS = settings.BASE_DIR / "requirements.txt"
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def audit():
    spec = importlib.util.spec_from_file_location("audit_of_dependencies", settings.BASE_DIR / ".ci" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_pin_has_the_hashes_of_its_files():
    """With one hash in the file, pip refuses whatever has none."""
    lines = [line for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
    pins = [line for line in lines if not HASH.fullmatch(line)]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==\S+ \\", line)] == []
    followed = [line for line, following in pairwise(lines) if "==" in line and "--hash" in following]
    assert (len(pins) > 70, followed) == (True, pins)


CLEAN = {"name": "a", "version": "1", "vulns": []}
HOLED = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, ("Audit of dependencies skipped: no vulnerability index reachable.", 0)),
        ([UNKNOWN], ("Audit of dependencies skipped: no vulnerability index reachable.", 0)),
        ([CLEAN], ("Audit of 1 dependencies: 0 known holes.", False)),
        ([CLEAN, UNKNOWN], ("Audit of 1 dependencies, 1 not known there: 0 known holes.", False)),
        ([CLEAN, HOLED], ("b 2: CVE-1, mended in ['3']\nAudit of 2 dependencies: 1 known holes.", True)),
    ],
)
def test_the_audit_fails_for_a_known_hole_and_never_for_want_of_a_network(found, said):
    assert audit().told(found) == said
