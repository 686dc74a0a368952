"""Runs the suite on PostgreSQL: `python -m pytest -p tests.on_postgres`.

pytest loads this before the settings are read. It starts a server of its own on a free port, in a folder of its
own, and takes both away at the end. Nothing that already runs on the machine is touched.
"""

import atexit
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.processes import free_port

# What makes a database safe against power cuts, and slow.
UNSAFE_AND_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def program(name):
    """Debian keeps PostgreSQL's own programs off the PATH."""
    installed = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(iter(installed), None)


def owner():
    """PostgreSQL refuses to run as root, so root lends it to somebody else."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def start_server():
    """The URL of a new, empty server that ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="simportal-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if owner():
        shutil.chown(folder, owner()["user"])
    data, port = folder / "data", free_port()
    run(program("initdb"), "-D", data, "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-p {port} -k {folder} -h 127.0.0.1 {UNSAFE_AND_FAST}"
    run(program("pg_ctl"), "-D", data, "-l", folder / "log", "-o", options, "--wait", "start")
    atexit.register(run, program("pg_ctl"), "-D", data, "-m", "immediate", "stop")
    return f"postgresql://portal@127.0.0.1:{port}/postgres"


def run(*command):
    """Into a file, not a pipe: the server inherits it and would hold a pipe open."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run([str(word) for word in command], stdout=said, stderr=said, cwd="/", **owner())
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{said.read().decode()}")


def pytest_collection_modifyitems(config, items):
    """Where the database makes no difference, once is enough."""
    again = [item for item in items if not item.get_closest_marker("once")]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


if program("initdb") is None:
    print("PostgreSQL is not installed: the run on PostgreSQL is skipped.")
    sys.exit(0)

if "TEST_DATABASE_URL" not in os.environ:  # the processes among which the suite is divided share one server
    os.environ["TEST_DATABASE_URL"] = start_server()
