"""The page of whoever runs the portal: the same blocks in both languages, and what it copies and calls is there."""

import re
import shutil
import subprocess

import pytest
from django.conf import settings
from django.core.management import get_commands

from simportal import __version__
from simportal.env import read_environment
from tests.recipe.machine import why_not
from tests.recipe.page import PAGE, sections

pytestmark = pytest.mark.once

PRODUCTION = settings.BASE_DIR / "docs" / "production"
IN_CHINESE = settings.BASE_DIR / "docs" / "zh" / "operations.md"
UNITS = sorted(PRODUCTION.glob("*.service"))
SCRIPTS = [PRODUCTION / "simportal", PRODUCTION / "backup.sh"]


def script():
    return "\n".join(block for section in sections() for block in section.blocks)


def test_both_pages_have_the_same_sections_with_the_same_blocks():
    in_english, in_chinese = sections(), sections(IN_CHINESE)
    assert [section.number for section in in_english] == list(range(1, 12))
    assert [(section.number, section.blocks) for section in in_chinese] == [
        (section.number, section.blocks) for section in in_english
    ]


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash_can_read_each_block_and_each_script():
    for source in [*script().split("\n\n\n"), *(path.read_text() for path in SCRIPTS)]:
        done = subprocess.run(["bash", "-n"], input=source, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_each_command_that_the_page_runs_exists():
    called = set(re.findall(r"^(?:[A-Z]+=\S+ )*simportal (\w+)", script(), re.MULTILINE))
    assert called > {"migrate", "check", "verify", "createsuperuser"}
    assert called <= set(get_commands())


def test_the_page_installs_the_version_that_it_came_with_and_goes_up_to_the_next_and_back():
    first, middle, _last = __version__.split(".")
    installs, goes_up = ("\n".join(section.blocks) for section in sections() if section.number in (2, 7))
    assert f"ln -sfn {__version__} /opt/simportal/current" in installs
    assert set(re.findall(r"simportal-([0-9.]+)\.tar\.gz", installs)) == {__version__}
    assert set(re.findall(r"\d+\.\d+\.\d+", goes_up)) == {__version__, f"{first}.{int(middle) + 1}.0"}
    assert re.findall(r"VERSION=([0-9.]+)", PAGE.read_text()) == [__version__]


def test_each_file_that_is_copied_to_the_machine_is_on_the_page_and_each_one_of_the_page_exists():
    named = set(
        re.findall(r"\b(?:install|psql|sed)\b[^\n]*?([\w*.-]+\.(?:sh|conf|sql|env|service|socket|timer))", script())
    )
    missing = [name for name in named if name.startswith("simportal-*") and not list(PRODUCTION.glob(name))]
    assert missing == []
    texts = script() + PAGE.read_text()
    by_pattern = {path.name for path in PRODUCTION.glob("simportal-*.*")}
    unnamed = [path.name for path in PRODUCTION.iterdir() if path.name not in texts and path.name not in by_pattern]
    assert unnamed == []


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_what_a_unit_starts_is_what_the_page_installs(path):
    """A program of the release that is current, as a user that owns nothing; or a script that the page copies there."""
    (command,) = re.findall(r"^ExecStart=(\S+)", path.read_text(), re.MULTILINE)
    if command == "/usr/local/sbin/simportal-backup":
        assert f"backup.sh {command}" in script()
        return
    assert command.removeprefix("/opt/simportal/current/.venv/bin/") in ("gunicorn", "celery")
    lines = {"User=simportal", "EnvironmentFile=/etc/simportal/simportal.env", "Restart=always"}
    assert lines | {"WorkingDirectory=/opt/simportal/current"} <= set(path.read_text().splitlines())


def test_the_portal_starts_with_the_example_of_settings_and_each_secret_of_it_is_filled_in():
    lines = [line for line in (PRODUCTION / "simportal.env").read_text().splitlines() if not line.startswith("#")]
    secrets = re.findall(r"<(\w+)>", "\n".join(lines))
    filled = re.findall(r"^s/<(\w+)>/", script(), re.MULTILINE)
    assert sorted(secrets) == sorted([*filled, "MAIL_PASSWORD"])
    made = {"<CARRIER_KEY>": "A" * 43 + "="}
    given = dict(re.sub(r"<\w+>", lambda part: made.get(part[0], "x" * 64), line).split("=", 1) for line in lines)
    read = read_environment(given, settings.BASE_DIR)
    assert (read.debug, read.portal_url, read.proxies) == (False, "https://sim.example.cn", 1)


def test_the_log_of_nginx_that_the_page_searches_is_the_one_that_is_written():
    configuration = (PRODUCTION / "nginx.conf").read_text()
    written = set(re.findall(r"access_log (/\S+)", configuration))
    named = [set(re.findall(r"/var/log/nginx/[a-z.]+", page.read_text())) for page in (PAGE, IN_CHINESE)]
    assert named == [written, written]
    (line,) = re.findall(r"log_format portal '(.+)';", configuration)
    words = line.split()
    assert (words[0], words[2], words[3]) == ("$remote_addr", "$request_method", "$told_uri")  # awk's $1, $3 and $4


def test_no_file_for_the_machine_has_a_secret():
    """Of those that look like one: what is generated is 64 hexadecimal digits."""
    assert [path.name for path in PRODUCTION.iterdir() if re.search(r"[0-9a-f]{32}", path.read_text())] == []


def test_without_root_there_is_no_machine_and_it_is_said_why(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert why_not() == "it takes root"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "")
    assert why_not() == "not installed: debootstrap, systemd-nspawn, nsenter, ip, iptables, tar"
