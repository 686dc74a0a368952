"""The suite's own environment, and the fixtures that need another program."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "simportal.settings"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["DEBUG"] = "1"
for name in ("ALLOWED_HOSTS", "EMAIL_URL", "MAIL_FROM", "PORT", "REDIS_URL", "SECRET_KEY", "SIMPORTAL_TODAY"):
    os.environ.pop(name, None)

import django

from simportal.translations import compile_stale

compile_stale()  # before anything is translated: Django reads each catalogue once
django.setup()

import shutil
import subprocess
import sys

import pytest
from django.conf import settings

from tests.processes import Portal, free_port, listens, wait_until

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def new_portal(tmp_path):
    """Makes a migrated portal in a folder of its own: `new_portal(PORT="8001")`."""

    def make(**environment):
        portal = Portal(tmp_path, **environment)
        portal.manage("migrate", "--verbosity", "0")
        return portal

    return make


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
def portal(tmp_path_factory):
    """The address of a portal with demo data, served as `manage.py run` serves it, with a worker that does its jobs."""
    port = free_port()
    served = Portal(tmp_path_factory.mktemp("portal"))
    served.manage("migrate", "--verbosity", "0")
    served.manage("demo", "--cards", "300")
    bind = ["--preload", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4"]
    web = served.started(sys.executable, "-m", "gunicorn", "simportal.wsgi", "--no-control-socket", *bind)
    with web, served.started(sys.executable, "manage.py", "worker"):
        wait_until(lambda: listens(port), what="the portal's start")
        yield f"http://127.0.0.1:{port}"


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
