"""Writes beneath each pin of requirements.txt the hashes of all files of that release: pip installs nothing else then.

To be run after a pin was changed, with pip-tools at hand: `make hashes`. Comments and groups stay as they are.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PINS = Path(__file__).resolve().parent.parent / "requirements.txt"
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==\S+")


def without_hashes(text):
    kept = [line.removesuffix(" \\") for line in text.splitlines() if "--hash=" not in line]
    return "\n".join(kept) + "\n"


def hashes_of(pins):
    """The lines of hashes of each pin, by its name."""
    with tempfile.TemporaryDirectory() as folder:
        bare, found = Path(folder, "bare.txt"), Path(folder, "found.txt")
        bare.write_text(pins)
        options = ["--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--strip-extras", "--allow-unsafe"]
        where = ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
        command = [sys.executable, "-m", "piptools", "compile", *options, *where, f"--output-file={found}", str(bare)]
        subprocess.run(command, check=True)
        blocks = re.split(r"\n(?=\S)", found.read_text().strip())
    named = {(PIN.match(block) or sys.exit(f"not a pin: {block}"))[1]: block.splitlines()[1:] for block in blocks}
    return {normal(name): lines for name, lines in named.items()}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def main():
    pins = without_hashes(PINS.read_text())
    hashes, lines = hashes_of(pins), []
    for line in pins.splitlines():
        pin = PIN.match(line)
        lines += [f"{line} \\", *hashes.pop(normal(pin[1]))] if pin else [line]
    if hashes:
        sys.exit(f"not pinned in {PINS.name}: {', '.join(sorted(hashes))}")
    PINS.write_text("\n".join(lines) + "\n")


main()
