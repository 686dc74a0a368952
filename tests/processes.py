"""Real processes for tests: a portal of its own, and ways to talk to it."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.db import OperationalError, connection, transaction

from tests.warm import Command


class Portal:
    """A portal of its own: a new SQLite file and an environment, for tests that start real processes."""

    def __init__(self, folder, **environment):
        self.folder = folder
        self.environment = os.environ | {"DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3"} | environment
        # The browser's tests need it in this process, and no portal should see it.
        self.environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)

    def manage(self, *arguments):
        """Runs a command to its end, which must be a good one, and returns what it printed."""
        command = Command(self.environment, arguments)
        assert command.wait() == 0, command.complained
        return command.printed

    @contextlib.contextmanager
    def started(self, *command):
        """A program in a process group of its own, its stderr joined to its stdout. Nothing outlives the block."""
        process = subprocess.Popen(
            command,
            env=self.environment,
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def processes_of(supervisor):
    """The processes that are left of its session, whatever their group, zombies apart."""
    left = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{number}/stat") as file:
            state, _, _, session = file.read().rpartition(")")[2].split()[:4]
            if int(session) == supervisor.pid and state != "Z":
                left.append(int(number))
    return left


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(happened, seconds=120, what="it", every_s=0.1):
    """Polls `happened` and returns its first true answer."""
    give_up_at = time.monotonic() + seconds
    while not (answer := happened()):
        assert time.monotonic() < give_up_at, f"{what} did not happen within {seconds} seconds"
        time.sleep(every_s)
    return answer


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def get(url):
    """Status and text of a page; an error page is an answer like any other."""
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as response:
        with response:
            return response.code, response.read().decode()


def answers(url):
    """Whether the page is there and well."""
    try:
        return get(url)[0] == 200
    except OSError:
        return False


@contextlib.contextmanager
def held_by_somebody_else(rows):
    """Another connection has locked these rows until the block ends; it sees what is committed."""
    has_them, may_end = threading.Event(), threading.Event()

    def hold():
        with contextlib.closing(connection), transaction.atomic():
            list(rows.all().select_for_update())
            has_them.set()
            may_end.wait(120)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert has_them.wait(60), "nobody holds them"
        yield
    finally:
        may_end.set()
        holder.join()


@contextlib.contextmanager
def refusing_statement(number):
    """The database is away for this one statement. What takes a transaction back it does by itself."""
    statements = itertools.count(1)

    def refuse_it(execute, sql, *rest):
        if not sql.startswith("ROLLBACK") and next(statements) == number:
            raise OperationalError("gone")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse_it):
        yield
