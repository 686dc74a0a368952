"""Commands of portals in processes that are forked from one in which Django and other libraries are loaded already.

They are processes like any other, which can be killed, and load the portal and its settings themselves. What each is
spared is half of its CPU time, and the suite starts a hundred. How a command starts is tested without this.
"""

import gc
import multiprocessing
import os
import runpy
import sys
import uuid
from pathlib import Path

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


class Command:
    """A command of a portal, `manage.py` and these arguments, that runs in a process of its own."""

    def __init__(self, environment, arguments):
        self.files = [shared_folder() / f"{uuid.uuid4().hex}.{name}" for name in ("out", "err")]
        how = ([*map(str, arguments)], environment, *map(str, self.files))
        self.process = FORKS.Process(target=_become, args=how, daemon=True)
        self.process.start()
        self.pid = self.process.pid

    def wait(self):
        """Its exit code, once it has ended."""
        self.process.join()
        return self.process.exitcode

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


def _become(arguments, environment, out, err):
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    gc.freeze()  # as in the testing processes
    gc.set_threshold(50_000)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.path[0] = str(ROOT)
    sys.argv[:] = ["manage.py", *arguments]
    runpy.run_path("manage.py", run_name="__main__")
