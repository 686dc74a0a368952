"""A PostgreSQL and a Redis of its own for each round, so that one may crash without the others noticing."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.made_once import made_once
from tests.on_postgres import UNSAFE_AND_FAST, make_server, owner, program, run
from tests.processes import free_port, listens, wait_until


class Postgres:
    """A server on a data folder of its own. `crash` loses what was not written down, as a power cut does."""

    options = UNSAFE_AND_FAST

    def __init__(self, folder):
        self.folder, self.port = Path(folder), free_port()
        self.url = f"postgresql://portal@127.0.0.1:{self.port}/portal"

    def create(self):
        """With a migrated portal in it."""
        self._lend()
        run("cp", "-a", made_once("postgresql", make_server) / "data", self.folder)
        self.start()
        with psycopg.connect(f"{self.url.removesuffix('portal')}postgres", autocommit=True) as connected:
            connected.execute("CREATE DATABASE portal TEMPLATE migrated")

    def copy_of(self, other):
        """Begin as another server stood when it was stopped."""
        subprocess.run(["cp", "-a", "--reflink=auto", f"{other.folder}/.", str(self.folder)], check=True)
        self._lend()

    def start(self):
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1 {self.options}"
        self._ctl("-l", self.folder / "log", "-o", options, "--wait", "--timeout=120", "start")

    def stop(self):
        self._ctl("-m", "fast", "--wait", "stop")

    def crash(self):
        self._ctl("-m", "immediate", "--wait", "stop")

    def is_up(self):
        return listens(self.port)

    def _lend(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if owner():
            shutil.chown(self.folder, owner()["user"])

    def _ctl(self, *arguments):
        run(program("pg_ctl"), "-D", self.folder / "data", *arguments)


class Redis:
    """A broker that forgets everything when it ends."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(self.port), what="Redis's start")

    def crash(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, *words):
        command = ["redis-cli", "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def is_root():
    return os.geteuid() == 0
