"""An installation of its own: a copy of the source, its servers, and its processes as they run in service."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psycopg
from django.conf import settings

from tests.faults.servers import Postgres, Redis
from tests.processes import Portal, free_port, listens, wait_until

CELERY = ["-m", "celery", "-A", "simportal"]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "docs", ".*_cache", "images")
TODAY = "2026-03-25"


class Site(Portal):
    """A portal with a worker, a beat and a web server to be killed, and a look at its database from beside."""

    added_by_proxy = {}  # the headers of each request, where a proxy stands before the portal

    def __init__(self, folder, today=TODAY):
        self.postgres, self.redis = Postgres(folder / "postgres"), Redis(folder)
        self.web_port, self.processes, self.wrapped = free_port(), {}, []
        super().__init__(
            folder,
            DATABASE_URL=self.postgres.url,
            REDIS_URL=self.redis.url,
            DEBUG="1",
            SIMPORTAL_TODAY=today,
            PYTHONWARNINGS="ignore",
        )
        self.home, self.on_exit = folder / "portal", contextlib.ExitStack()
        self.files = self.home / "var" / "files"

    @property
    def address(self):
        return f"http://127.0.0.1:{self.web_port}"

    def create(self):
        self.postgres.create()
        shutil.copytree(settings.BASE_DIR, self.home, ignore=LEFT_OUT)
        return self

    def copy_of(self, other):
        """Begin as another site stood when it was stopped."""
        self.postgres.copy_of(other.postgres)
        shutil.copytree(other.home, self.home)
        self.postgres.start()
        return self

    def manage(self, *arguments):
        return self._run("manage.py", *arguments)

    def python(self, code):
        """Run code in a process of the portal to its end; what it printed."""
        return self.manage("shell", "--verbosity", "0", "--command", code)

    def _run(self, *command):
        done = subprocess.run(
            [sys.executable, *command], env=self.environment, cwd=self.home, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *names):
        for name in names:
            with open(self.folder / f"{name}.log", "ab") as log:
                self.processes[name] = subprocess.Popen(
                    [*self.wrapped, sys.executable, *self._command(name.rstrip("0123456789"))],
                    env=self.environment,
                    cwd=self.home,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        if "web" in names:
            wait_until(lambda: listens(self.web_port), seconds=120, what="the web server's start")

    def _command(self, name):
        bind = ["--preload", "--bind", f"127.0.0.1:{self.web_port}"]
        return {
            "worker": [*CELERY, "worker", "--concurrency", "2", "--loglevel", "WARNING"],
            "beat": [*CELERY, "beat", "--loglevel", "WARNING"],
            "web": ["-m", "gunicorn", "simportal.wsgi", *bind],
        }[name]

    def kill(self, name):
        """kill -9 of everything that belongs to it."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def terminate(self, name):
        """Ask it to end, and wait until it has."""
        process = self.processes.pop(name)
        process.terminate()
        process.wait(timeout=180)

    def rows(self, statement, *values):
        """What a statement gives, asked beside the portal; nothing while the database is away."""
        try:
            with psycopg.connect(self.postgres.url, autocommit=True, connect_timeout=5) as database:
                return database.execute(statement, values or None).fetchall()
        except psycopg.OperationalError:
            return []

    def value(self, statement):
        found = self.rows(statement)
        return found[0][0] if found else None

    def execute(self, statement, *values):
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            database.execute(statement, values or None)

    def problems(self):
        """What `verify` finds; nothing where all is well."""
        command = [sys.executable, "manage.py", "verify", "--json"]
        done = subprocess.run(command, env=self.environment, cwd=self.home, capture_output=True, text=True)
        return [] if done.returncode == 0 else [done.stdout[:2_000] + done.stderr[-500:]]

    def said(self, word):
        """How often the processes' logs have this word."""
        return sum(log.read_text(errors="replace").count(word) for log in self.folder.glob("*.log"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.processes):
            self.kill(name)
        with contextlib.suppress(AttributeError):
            self.redis.crash()
        if self.postgres.is_up():
            self.postgres.crash()
        self.on_exit.close()


def seconds_until(happened, give_up_after):
    """How long it took; None if it did not happen."""
    start = time.monotonic()
    while not happened():
        if time.monotonic() - start > give_up_after:
            return None
        time.sleep(0.05)
    return time.monotonic() - start


def document(printed):
    """The JSON that code has printed as its last line."""
    return json.loads(printed.splitlines()[-1])
