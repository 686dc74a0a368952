"""The portal in service, as Django's own check of deployments and a browser see it."""

import re

import pytest
from django.conf import settings
from django.db import connection

from simportal import __version__
from simportal.checks import ADVICE, NAMES, NO_ADVICE, names_that_are_none, settings_fit_for_service
from simportal.env import KEPT

BASE_DIR = settings.BASE_DIR

IN_SERVICE = {"DEBUG": "0", "SECRET_KEY": "0123456789" * 5, "ALLOWED_HOSTS": "sim.example.cn"}
IN_SERVICE |= {"PORTAL_URL": "https://sim.example.cn", "PROXIES": "1"}


FIT = IN_SERVICE | {
    "DATABASE_URL": "postgresql://portal@127.0.0.1:1/portal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "smtps://mail.example.cn",
    "MAIL_FROM": "sim@example.cn",
    "METRICS_TOKEN": "0123456789abcdef",
}


@pytest.mark.once
def test_the_deployment_check_finds_nothing(new_portal):
    new_portal(**FIT).manage("check", "--deploy", "--fail-level", "INFO")


AS_IT_SHOULD_BE = {
    "PORTAL_URL": "https://sim.example.cn",
    "ALLOWED_HOSTS": ["sim.example.cn"],
    "PROXIES": 1,
    "FORWARDED_ALLOW_IPS": "*",
    "STAFF_TOTP": "required",
    "REDIS_URL": "redis://127.0.0.1/0",
    "SENDS_MAIL": True,
    "LOG_FORMAT": "json",
    "METRICS_TOKEN": "0123456789abcdef",
}


@pytest.mark.parametrize(
    ("wrong", "numbers"),
    [
        ({}, []),
        ({"PORTAL_URL": "", "SENDS_MAIL": False}, [1]),
        ({"PROXIES": 0, "FORWARDED_ALLOW_IPS": "127.0.0.1,::1"}, [2]),
        ({"PROXIES": 0}, [2, 10]),
        ({"FORWARDED_ALLOW_IPS": "127.0.0.1,::1"}, []),
        ({"STAFF_TOTP": "optional"}, [3]),
        ({"vendor": "sqlite"}, [4]),
        ({"REDIS_URL": None}, [5]),
        ({"SENDS_MAIL": False}, [6]),
        ({"ALLOWED_HOSTS": ["sim.example.cn", "*"]}, [7]),
        ({"ALLOWED_HOSTS": ["other.example.cn"]}, [8]),
        ({"ALLOWED_HOSTS": [".example.cn"], "PORTAL_URL": "https://sim.example.cn:8443"}, []),
        ({"METRICS_TOKEN": ""}, [9]),
        ({"LOG_FORMAT": "text"}, [11]),
    ],
)
def test_the_deployment_check_says_what_is_not_as_it_should_be(settings, monkeypatch, wrong, numbers):
    monkeypatch.setattr(connection, "vendor", wrong.get("vendor", "postgresql"))
    for name, value in (AS_IT_SHOULD_BE | wrong).items():
        setattr(settings, name, value)
    said = [(warning.id, warning.msg) for warning in settings_fit_for_service(None)]
    assert said == [(f"simportal.W{each.number:03}", each.said) for each in ADVICE if each.number in numbers]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ALOWED_HOSTS", "ALLOWED_HOSTS"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("redis_url", "REDIS_URL"),
        ("REDIS_HOST", ""),
    ],
)
def test_the_deployment_check_tells_of_a_name_that_is_nearly_a_settings(monkeypatch, name, meant):
    monkeypatch.setenv(name, "anything")
    said = [warning.msg for warning in names_that_are_none(None)]
    assert said == ([f"{name} is no setting of the portal's; {meant} is one."] if meant else [])


def test_each_setting_is_read_described_and_looked_at():
    source = (BASE_DIR / "simportal" / "env.py").read_text()
    described = (BASE_DIR / "docs" / "service.md").read_text().partition("## In service")[0]
    in_table = [cell for row in described.splitlines() for cell in row.split("|")[1:2]]
    assert {*re.findall(r"""given\.get\("(\w+)\"""", source), *KEPT} == NAMES
    assert {name for cell in in_table for name in re.findall(r"`([A-Z_]+)`", cell)} == NAMES
    assert ({each.setting for each in ADVICE} & set(NO_ADVICE), all(NO_ADVICE.values())) == (
        set(),
        True,
    )


@pytest.mark.once
def test_static_files_survive_hashing(new_portal, tmp_path):
    """`collectstatic` in service refuses any file that refers to one that is not there."""
    collect = (
        "from django.conf import settings; from django.core.management import call_command;"
        f"settings.STATIC_ROOT = {str(tmp_path / 'static')!r}; call_command('collectstatic', '--no-input')"
    )
    new_portal(**IN_SERVICE).manage("shell", "--no-imports", "--command", collect)
    assert list((tmp_path / "static" / "admin" / "css").glob("base.*.css.gz"))
    lists = [path.name for path in (tmp_path / "static").glob("*.json")]
    assert lists == [f"staticfiles-{__version__}.json"]  # the version before has one of its own


def test_browsers_keep_static_files_and_no_page(client, db):
    static = client.get("/static/simportal/my.css")
    static.close()
    assert (static.status_code, "public" in static.headers["Cache-Control"], "Vary" in static.headers) == (
        200,
        True,
        False,
    )
    for page, status in (("/admin/login/", 200), ("/nowhere/", 404), ("/healthz", 200)):
        answer = client.get(page)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")
        assert "Cookie" in answer.headers["Vary"]


def test_pages_carry_the_strict_policy(client, db):
    headers = client.get("/admin/login/").headers
    policy = dict(directive.strip().split(" ", 1) for directive in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
