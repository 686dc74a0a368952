"""The portal in service, as Django's own check of deployments and a browser see it."""

import pytest

from simportal.checks import portal_url_is_set, proxies_are_counted, staff_log_in_in_two_steps

IN_SERVICE = {"DEBUG": "0", "SECRET_KEY": "0123456789" * 5, "ALLOWED_HOSTS": "sim.example.cn"}
IN_SERVICE |= {"PORTAL_URL": "https://sim.example.cn", "PROXIES": "1"}


@pytest.mark.once
def test_the_deployment_check_finds_nothing(new_portal):
    new_portal(**IN_SERVICE).manage("check", "--deploy", "--fail-level", "INFO")


def test_the_deployment_check_says_that_nobody_has_said_where_the_portal_is(settings):
    settings.PORTAL_URL = ""
    (warning,) = portal_url_is_set(None)
    assert (warning.id, warning.msg) == (
        "simportal.W001",
        "PORTAL_URL is not set, so no mail is sent, and there are no labels and no invitation links.",
    )
    settings.PORTAL_URL = "https://sim.example.cn"
    assert portal_url_is_set(None) == []


def test_the_deployment_check_says_that_nobody_has_counted_the_proxies(settings):
    settings.PROXIES = 0
    (warning,) = proxies_are_counted(None)
    assert (warning.id, warning.msg) == (
        "simportal.W002",
        "PROXIES is 0, so behind a proxy all visitors share one address and its 50 wrong passwords.",
    )
    settings.PROXIES = 1
    assert proxies_are_counted(None) == []


def test_the_deployment_check_says_that_staff_need_no_second_step(settings):
    settings.STAFF_TOTP = "optional"
    (warning,) = staff_log_in_in_two_steps(None)
    assert (warning.id, warning.msg) == (
        "simportal.W003",
        "STAFF_TOTP is optional, so a guessed password is enough to work as one of the staff.",
    )
    settings.STAFF_TOTP = "required"
    assert staff_log_in_in_two_steps(None) == []


@pytest.mark.once
def test_static_files_survive_hashing(new_portal, tmp_path):
    """`collectstatic` in service refuses any file that refers to one that is not there."""
    collect = (
        "from django.conf import settings; from django.core.management import call_command;"
        f"settings.STATIC_ROOT = {str(tmp_path / 'static')!r}; call_command('collectstatic', '--no-input')"
    )
    new_portal(**IN_SERVICE).manage("shell", "--no-imports", "--command", collect)
    assert list((tmp_path / "static" / "admin" / "css").glob("base.*.css.gz"))


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
