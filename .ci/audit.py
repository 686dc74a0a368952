"""Whether a known vulnerability is in what requirements.txt pins. pip-audit says so, in an environment of its own.

Exits 1 for a vulnerability alone: where no index can be reached, it says in one line that nothing was looked at.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "audit"
TOOL = "pip-audit==2.10.1"
AUDIT = ["--requirement", "requirements.txt", "--disable-pip", "--require-hashes", "--format", "json"]
UNREACHED = "Audit of dependencies skipped: no vulnerability index reachable."


def tool():
    """The program, made once for each version."""
    program = FOLDER / TOOL / "bin" / "pip-audit"
    if not program.exists():
        venv.create(FOLDER / TOOL, with_pip=True, clear=True)
        pip = [FOLDER / TOOL / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, TOOL], check=True, capture_output=True)
    return program


def looked_at():
    """What was found of each pin; None where that could not be asked."""
    try:
        command = [tool(), *AUDIT, "--progress-spinner", "off", "--timeout", "30"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        return json.loads(found.stdout)["dependencies"]
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def told(pins):
    """(sentence, exit code) of what was found."""
    looked = [pin for pin in pins or () if "skip_reason" not in pin]
    if not looked:
        return UNREACHED, 0
    holes = [(pin, hole) for pin in looked for hole in pin["vulns"]]
    lines = [f"{pin['name']} {pin['version']}: {hole['id']}, mended in {hole['fix_versions']}" for pin, hole in holes]
    unknown = f", {len(pins) - len(looked)} not known there" if len(looked) < len(pins) else ""
    return "\n".join([*lines, f"Audit of {len(looked)} dependencies{unknown}: {len(holes)} known holes."]), bool(holes)


if __name__ == "__main__":
    sentence, code = told(looked_at())
    print(sentence)
    sys.exit(code)
