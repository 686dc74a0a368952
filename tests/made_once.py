"""What is dear is made once in a run of the suite: by the first of its processes to ask for it, while others wait.

A migrated database stays for the next runs, too, in `var/tests`: they bring it up to date instead of making it anew.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED = "FOLDER_OF_THIS_RUN"  # in the environment, for the testing processes that this one starts
KEPT = ROOT / "var" / "tests"
LAID_BY = ("*/migrations/*.py", "*/*/migrations/*.py", "*/models/fields.py", "cards/schema.py", "requirements.txt")
SOURCES = ("billing/**/*.py", "cards/**/*.py", "simportal/**/*.py", "tests/on_postgres.py", "requirements.txt")


def shared_folder():
    """What all testing processes of this run can see. The first of them takes it away at the end."""
    if SHARED not in os.environ:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="simportal-tests-")
        os.chmod(os.environ[SHARED], 0o755)  # PostgreSQL may be somebody else
        atexit.register(shutil.rmtree, os.environ[SHARED], ignore_errors=True)
    return Path(os.environ[SHARED])


def made_once(name, make):
    """The folder of this name, which `make(folder)` filled; it is to be copied, not written into."""
    folder = shared_folder() / name
    with _lock(f"{folder}.lock"):
        if not folder.exists():
            making = Path(f"{folder}.making")
            shutil.rmtree(making, ignore_errors=True)  # somebody failed before
            making.mkdir()
            make(making)
            making.rename(folder)
    return folder


def kept(folder, name, migrate):
    """Fill this folder with what `migrate(folder)` left in an earlier run, and again by it if a source has changed.

    So `migrate` meets an empty folder, or a database in which all of the same migrations have run. The name says what
    else the files depend on.
    """
    place, sources = KEPT / f"{name}-{_digest(LAID_BY)}", _digest(SOURCES)
    with _lock(KEPT / "lock"):
        if place.exists():
            _copy(place, folder)
    as_of = folder / "sources"
    if not as_of.exists() or as_of.read_text() != sources:
        as_of.unlink(missing_ok=True)
        migrate(folder)
        as_of.write_text(sources)
        with _lock(KEPT / "lock"):
            for before in KEPT.glob(f"{name}-*"):
                shutil.rmtree(before)
            place.mkdir()
            _copy(folder, place)


def _copy(source, target):
    """With owners and permissions: PostgreSQL insists on its own."""
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


@contextlib.contextmanager
def _lock(path):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(patterns):
    """Of the names and contents of all files that fit these patterns."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
