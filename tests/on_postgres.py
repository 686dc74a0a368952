"""Runs the suite on PostgreSQL: `python -m pytest -p tests.on_postgres`.

It starts a server of its own on a free port, in a folder of its own, and takes both away at the end. Nothing that
already runs on the machine is touched.
"""

import atexit
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.processes import free_port

# What pages say, and to whom, does not depend on the database: these folders are tested on SQLite alone, except for the
# modules whose subject is SQL (searching, filtering, sorting, sums by day), locks or constraints.
PAGES = {"browser", "console", "my"}
ASKING_THE_DATABASE = {
    *("test_card_list", "test_dashboard", "test_export", "test_filters", "test_imports", "test_jobs", "test_paging"),
    *("test_search", "test_selecting"),
    *("test_claim", "test_login", "test_members", "test_real_name", "test_two_factor"),
}

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
    again = [item for item in items if not is_asked_once(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


def is_asked_once(item):
    """Whether the test is marked `once`, or is about pages and not in a module that asks the database for more."""
    is_of_pages = item.path.parent.name in PAGES and item.path.stem not in ASKING_THE_DATABASE
    return is_of_pages or item.get_closest_marker("once") is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """A server before the settings are read. Each testing process has its own: no other's transactions delay it."""
    if program("initdb") is None:
        print("PostgreSQL is not installed: the run on PostgreSQL is skipped.")
        sys.exit(0)
    only_hands_out_tests = early_config.known_args_namespace.numprocesses and "PYTEST_XDIST_WORKER" not in os.environ
    if "TEST_DATABASE_URL" not in os.environ and not only_hands_out_tests:
        os.environ["TEST_DATABASE_URL"] = os.environ["DATABASE_URL"] = start_server()
    return (yield)
