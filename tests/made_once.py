"""What is dear is made once in a run of the suite: by the first of its processes to ask for it, while others wait."""

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

SHARED = "FOLDER_OF_THIS_RUN"  # in the environment, for the testing processes that this one starts


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
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = Path(f"{folder}.making")
            shutil.rmtree(making, ignore_errors=True)  # somebody failed before
            making.mkdir()
            make(making)
            making.rename(folder)
    return folder
