"""Commands as scripts and people start them: real processes, exit codes, and never a traceback."""

import json
import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings

from tests.commands.calls import card_row, csv_file, iccid
from tests.own_portal import own_portal

pytestmark = pytest.mark.once

NOT_PAID = "Cards whose opening is not paid: 1, of customers: 1, worth at today's prices: ¥0.00, without a price: 1.\n"
TODAY = {"SIMPORTAL_TODAY": "2026-08-01", "LC_ALL": "C.UTF-8"}


def hears_ctrl_c():
    """What a script starts in the background ignores Ctrl-C, and so would all that it starts itself."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def portal(migrated, tmp_path_factory):
    """A portal with one card."""
    folder = tmp_path_factory.mktemp("shell")
    with own_portal(folder, like=migrated, **TODAY) as portal:
        portal.manage("import_cards", csv_file(folder / "cards.csv", [card_row(customer="海川共享")]))
        yield portal


@pytest.fixture
def shell(portal):
    """A way to call the portal's commands."""

    def command(*arguments, **more):
        return subprocess.Popen(
            [sys.executable, "manage.py", *map(str, arguments)],
            env=portal.environment | more,
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hears_ctrl_c,
        )

    return command


@pytest.fixture
def ended(shell):
    """How a command ended: exit code, stdout, stderr."""

    def call(*arguments, **more):
        with shell(*arguments, **more) as process:
            out, err = process.communicate()
        assert "Traceback" not in err
        return process.returncode, out, err

    return call


def test_json_is_all_there_is_on_stdout(ended):
    code, out, err = ended("card", iccid(1), "--json")
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert json.loads(out)["customer"] == "海川共享"
    code, out, err = ended("card", "--all", "--json")
    assert (code, err, len(json.loads(out))) == (0, "", 1)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("card", iccid(2)), (1, "", f"There is no card {iccid(2)}.\n")),
        (("verify",), (0, f"Cards: 1, events: 1, ledger entries: 0, problems: 0.\n{NOT_PAID}", "")),
        (("sweep", "--thru", "x"), (2, "", "manage.py sweep: unrecognized arguments: --thru x\n")),
        (
            ("sweep", "--through", "x"),
            (2, "", "manage.py sweep: argument --through: 'x' is not a date; write it as 2026-03-02\n"),
        ),
        (("import_cards", "/none.csv"), (2, "", "There is no file /none.csv.\n")),
        (("act", "suspend"), (2, "", "manage.py act: the following arguments are required: ICCID\n")),
        (("act", "suspend", iccid(1), "--actor", "x"), (2, "", "There is no user x.\n")),
    ],
)
def test_exit_codes_and_one_sentence(ended, arguments, expected):
    assert ended(*arguments) == expected


def test_the_shells_language(ended):
    assert ended("card", iccid(2), LC_ALL="zh_CN.UTF-8") == (1, "", f"没有卡 {iccid(2)}。\n")


def test_a_terminal_without_chinese_gets_escapes(ended):
    code, out, err = ended("card", iccid(1), PYTHONIOENCODING="ascii")
    assert (code, err) == (0, "")
    assert "\\u6d77\\u5ddd" in out


def test_a_database_that_does_not_answer_is_said_in_a_sentence(ended):
    code, out, err = ended("sweep", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("Database error: connection failed")


def test_a_database_that_was_not_migrated(ended, tmp_path):
    code, out, err = ended("sweep", DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite3")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.endswith("(does it exist, and is it migrated?)\n")


def test_a_reader_that_goes_away(shell):
    """`card --all | head -1`: no complaint about the broken pipe."""
    with shell("card", iccid(1), "--json") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_ctrl_c_ends_with_a_sentence(shell, tmp_path):
    """The file is a pipe: once the test can write to it, the command waits for it to say something."""
    pipe = tmp_path / "usage.csv"
    os.mkfifo(pipe)
    with shell("import_usage", pipe) as process, pipe.open("wb"):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "Interrupted: what was done so far is kept.\n")
