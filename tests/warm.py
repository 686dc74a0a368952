"""Commands of portals in processes that are forked from one in which their portal is loaded already.

They are processes like any other, which can be killed, and have their own connections. What each is spared is the half
second of CPU time that Django and the portal take to load; the suite starts hundreds. How a command starts is tested
without this.
"""

import atexit
import contextlib
import gc
import importlib
import multiprocessing
import os
import runpy
import sys
import threading
import uuid
from multiprocessing import reduction
from multiprocessing.connection import Connection, wait
from pathlib import Path

import django

from tests.made_once import shared_folder

ROOT = Path(__file__).parent.parent
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *("celery.app.base", "django.core.management.commands.shell", "django.db.backends.postgresql.base"),
        *("django.db.backends.sqlite3.base", "django.forms", "django.template", "django.test", "django.views.generic"),
        *("django_filters", "kombu.serialization", "openpyxl", "pyotp", "statistics", "whitenoise", "xlsxwriter"),
    ]
)
ALSO_LOADED = "ALSO_LOADED"  # in a portal's environment: modules that most of its commands come to load
MOST_LOADED = 3  # at a time; few tests have more than one portal, or environments of one


class Command:
    """A command of a portal, `manage.py` and these arguments, that runs in a process of its own."""

    def __init__(self, environment, arguments):
        self.files = [shared_folder() / f"{uuid.uuid4().hex}.{name}" for name in ("out", "err")]
        self._told = _loaded(environment).start([*map(str, arguments)], *map(str, self.files))
        self.pid, self._code = self._told.recv(), None

    def wait(self):
        """Its exit code, once it has ended."""
        if self._code is None:
            self._code = self._told.recv()
        return self._code

    def has_ended(self):
        return self._code is not None or self._told.poll()

    @property
    def printed(self):
        """What it has written to its stdout."""
        return self.files[0].read_text()

    @property
    def complained(self):
        """What it has written to its stderr."""
        return self.files[1].read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wait()


class LoadedPortal:
    """A process in which the portal of this environment is loaded. It ends with this one, and its commands with it."""

    def __init__(self, environment):
        self.ours, theirs = FORKS.Pipe()
        FORKS.Process(target=_serve, args=(theirs, environment)).start()
        theirs.close()

    def start(self, arguments, out, err):
        """Start a command there. What is told of it: its process's number, and its exit code at its end."""
        told, telling = FORKS.Pipe(duplex=False)
        self.ours.send((arguments, out, err))
        reduction.send_handle(self.ours, telling.fileno(), None)
        telling.close()
        return told


LOADED, LOADING = {}, threading.Lock()  # those asked last at the end


def _loaded(environment):
    with LOADING:
        which = frozenset(environment.items())
        portal = LOADED.pop(which, None) or LoadedPortal(dict(environment))
        LOADED[which] = portal
        if len(LOADED) > MOST_LOADED:
            LOADED.pop(next(iter(LOADED))).ours.send(None)
        return portal


@atexit.register
def _end_all():
    for portal in LOADED.values():
        portal.ours.close()


def _serve(asked, environment):
    """Load the portal and run its commands: after `None` only those that were begun, and where nobody is left to ask,
    none."""
    _load(environment)
    running = {}  # by what tells of their end: processes, and whom to tell
    more = [asked]
    while more or running:
        for ready in wait([*more, *running]):
            if ready is not asked:
                _tell_the_end(*running.pop(ready))
                continue
            try:
                command = asked.recv()
            except EOFError:
                return
            if command is None:
                more.clear()
                continue
            telling = Connection(reduction.recv_handle(asked), readable=False)
            process = multiprocessing.get_context("fork").Process(target=_become, args=command, daemon=True)
            process.start()
            telling.send(process.pid)
            running[process.sentinel] = process, telling


def _tell_the_end(process, telling):
    process.join()
    with contextlib.suppress(OSError):  # nobody waits for it
        telling.send(process.exitcode)
    telling.close()


def _load(environment):
    gc.freeze()  # as in the testing processes
    gc.set_threshold(50_000)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")
    os.chdir(ROOT)
    sys.path[0] = str(ROOT)
    with contextlib.suppress(Exception, SystemExit):  # each command tells itself what it cannot be loaded with
        django.setup()
        for module in environment.get(ALSO_LOADED, "").split():
            importlib.import_module(module)
    gc.freeze()


def _become(arguments, out, err):
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.argv[:] = ["manage.py", *arguments]
    runpy.run_path("manage.py", run_name="__main__")
