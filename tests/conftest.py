"""The suite's own environment, and the fixtures that need another program."""

import gc
import os
import re
import signal
import sys

from simportal.checks import NAMES

gc.disable()  # until all is loaded: see `pytest_collection_finish`
os.environ["DJANGO_SETTINGS_MODULE"] = "simportal.settings"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["DEBUG"] = "1"
for name in NAMES - {"DATABASE_URL", "DEBUG"}:
    os.environ.pop(name, None)
# The many processes that tests start need not compile the portal each for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

import django

from simportal.translations import compile_stale

compile_stale()  # before anything is translated: Django reads each catalogue once
django.setup()

import contextlib
import shutil
import subprocess

import pytest
from django.conf import settings
from django.utils import translation

from cards.actions.events import is_settled, take_number
from cards.models import EventCursor
from tests.console.pages import logged_in
from tests.emptied import may_be_emptied, remember_what_is_there
from tests.made_once import made_once, shared_folder
from tests.own_portal import begin_as, migrated_portal, own_portal
from tests.processes import Portal, free_port, listens, wait_until

shared_folder()  # before testing processes are started that shall have the same
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

LONG_FIRST = (
    lambda item: item.path.stem == "test_screenshots",  # before others have done something to what is pictured
    lambda item: item.get_closest_marker("browser"),
    lambda item: item.get_closest_marker("processes"),
    lambda item: item.path.stem in ("test_demo", "test_every_url", "test_forecast", "test_random"),
    lambda item: True,
)
TOGETHER = (
    r"tests/browser/test_m",  # money and customers
    r"tests/browser/",
    r"tests/commands/test_shell\.py",
    r"tests/engine/test_at_once\.py",
    r"tests/engine/test_events\.py",
    r"tests/my/test_every_url\.py",
    r"tests/test_faults\.py",
)

CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_finish():
    """What has been loaded stays: Python need not look through it for garbage again and again."""
    gc.freeze()
    gc.set_threshold(50_000)
    gc.enable()


def pytest_itemcollected(item):
    """Who copies the migrated portal does so for processes."""
    if "migrated" in item.fixturenames and not item.get_closest_marker("browser"):
        item.add_marker("processes")


SERVING = []  # the processes of the portal with demo data, once a test has asked for it


def pytest_runtest_setup(item):
    """Django leaves the language of a request behind: no test may rest on the one before it."""
    translation.deactivate()
    if looks_at_the_portal(item):
        signal_to_portal(signal.SIGCONT)


def pytest_runtest_teardown(item, nextitem):
    """While no test looks at the portal with demo data, its worker takes nothing of the processor."""
    if looks_at_the_portal(item) and not looks_at_the_portal(nextitem):
        signal_to_portal(signal.SIGSTOP)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    """What is still at work on this server, be it of a process that a test before has killed, would hold records back
    that the test writes (`cards/actions/events.py`)."""
    if asks_the_database(item):
        now = EventCursor(horizon=take_number())
        wait_until(lambda: is_settled(now), what="the end of older transactions")


def asks_the_database(item):
    return item.get_closest_marker("django_db") or not {"db", "transactional_db"}.isdisjoint(item.fixturenames)


def looks_at_the_portal(item):
    return "portal" in getattr(item, "fixturenames", ())


def signal_to_portal(number):
    for process in SERVING:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The long ones come first, so that at the end no worker waits for another. Else it is as pytest-django has it."""
    items.sort(key=lambda item: min(index for index, is_long in enumerate(LONG_FIRST) if is_long(item)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Workers get test by test, in order; but tests that share a portal stay together."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return next((tests for tests in TOGETHER if re.match(tests, nodeid)), nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """The database that this process tests on begins as the migrated portal's."""
    with django_db_blocker.unblock():
        begin_as(migrated_portal())
        remember_what_is_there()
    with may_be_emptied():
        yield


@pytest.fixture(scope="session")
def migrated():
    """A migrated portal, for others to begin as its copies."""
    return migrated_portal()


@pytest.fixture
def new_portal(migrated, tmp_path):
    """Makes a migrated portal in a folder of its own: `new_portal(PORT="8001")`."""
    with contextlib.ExitStack() as portals:
        yield lambda **environment: portals.enter_context(own_portal(tmp_path, like=migrated, **environment))


@pytest.fixture
def admin_client(admin_user):
    return logged_in(admin_user)


@pytest.fixture
def redis_url(tmp_path):
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed")
    port = free_port()
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: listens(port), what="Redis's start")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def demo(migrated, tmp_path_factory):
    """A portal with demo data, for `portal` to serve and for what a test has happen beside the browser."""

    def fill(folder):
        with own_portal(folder, like=migrated) as filled:
            filled.manage("demo", "--cards", "300")

    made = Portal(made_once("demo", fill))
    with own_portal(tmp_path_factory.mktemp("portal"), like=made) as served:
        yield served


@pytest.fixture(scope="session")
def portal(demo):
    """The address of the demo's portal, served as `manage.py run` serves it, with a worker that does its jobs."""
    port = free_port()
    bind = ["--preload", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    web = demo.started(sys.executable, "-m", "gunicorn", "simportal.wsgi", *bind)
    with web as server, demo.started(sys.executable, "manage.py", "worker") as worker:
        wait_until(lambda: listens(port), what="the portal's start")
        SERVING.extend((server, worker))
        yield f"http://127.0.0.1:{port}"
        SERVING.clear()


@pytest.fixture(scope="session")
def browser():
    """A real Chromium, driven by Playwright. Django must be told that Playwright's event loop is no danger."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not chromium:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
