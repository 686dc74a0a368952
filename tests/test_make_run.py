"""`manage.py run`, the last step of `make run`, as a real process."""

import os
import signal
import socket
import sys

import pytest
from django.contrib.auth.models import User

from simportal.demo.cast import make_cast
from simportal.management.commands.run import welcome_text
from tests.processes import answers, free_port, get, processes_of, wait_until

pytestmark = pytest.mark.once


@pytest.mark.django_db
def test_everybody_who_can_log_in_is_named_with_what_they_are_for(settings):
    settings.PORT = 8001
    nobody = welcome_text().splitlines()
    make_cast()
    bob = User.objects.get(username="bob")
    bob.set_password("another")
    bob.save()
    addresses = [
        "",
        "simportal is running:",
        "  http://127.0.0.1:8001/console/  staff",
        "  http://127.0.0.1:8001/  everybody",
    ]
    assert nobody == [*addresses, "Ctrl-C stops it."]
    assert welcome_text().splitlines() == [
        *addresses,
        "  staff (password demo):",
        "    admin    everything, with master data and users",
        "    ops      operations: all that is done to cards, imports, orders",
        "    support  looks, explains, stops and resumes cards",
        "    finance  prices, receipts, refunds, approvals",
        "    desk     the carrier desk: notes what carriers put under control and lift",
        "    auditor  reads everything, changes nothing",
        "  customers (password demo):",
        "    alice    owner at an enterprise: also buys, and invites others",
        "    charlie  owner at another enterprise",
        "    mei      a person, whose cards need ID verification",
        "Ctrl-C stops it.",
    ]


@pytest.fixture
def running(new_portal):
    """A portal that runs and is ready: its supervisor and its address."""
    port = free_port()
    portal = new_portal(PORT=str(port))
    address = f"http://127.0.0.1:{port}"
    with portal.started(sys.executable, "manage.py", "run") as supervisor:
        wait_until(lambda: answers(f"{address}/readyz"), what="readiness")
        yield supervisor, address


def test_pages_answer_and_sigterm_leaves_no_process_behind(running):
    supervisor, address = running
    assert "/static/admin/css/base.css" in get(f"{address}/")[1]
    assert get(f"{address}/static/admin/css/base.css")[0] == 200

    supervisor.terminate()
    printed, _ = supervisor.communicate(timeout=120)

    assert supervisor.returncode == 0, printed
    assert f"{address}/console/" in printed
    assert printed.splitlines()[-1] == "Stopped."
    assert processes_of(supervisor) == []


def test_ctrl_c_in_a_terminal_ends_as_cleanly(running):
    supervisor, _ = running
    os.killpg(supervisor.pid, signal.SIGINT)
    printed, _ = supervisor.communicate(timeout=120)
    assert (supervisor.returncode, printed.splitlines()[-1]) == (0, "Stopped.")
    assert processes_of(supervisor) == []


def test_a_child_that_dies_ends_the_whole(running):
    supervisor, _ = running
    os.kill(child_with("worker", supervisor), signal.SIGKILL)
    printed, _ = supervisor.communicate(timeout=120)
    last = "CommandError: The worker ended by itself (exit code -9), so all of it stops."
    assert (supervisor.returncode, printed.splitlines()[-1]) == (1, last)
    assert processes_of(supervisor) == []


def child_with(word, supervisor):
    """The process of its session with `word` as its last argument."""
    for number in processes_of(supervisor):
        with open(f"/proc/{number}/cmdline") as file:
            if file.read().rstrip("\0").split("\0")[-1] == word:
                return number


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_supervisor_that_is_killed_leaves_no_process_behind_either(running):
    supervisor, _ = running
    supervisor.kill()
    supervisor.communicate(timeout=120)
    wait_until(lambda: not processes_of(supervisor), what="the end of web server and worker")


def test_a_busy_port_is_one_clear_sentence(new_portal):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with new_portal(PORT=str(port)).started(sys.executable, "manage.py", "run") as supervisor:
            printed, _ = supervisor.communicate(timeout=120)
    sentence = f"Port {port} cannot be used (Address already in use): choose another, e.g. PORT=8001 make run."
    assert (supervisor.returncode, printed) == (1, f"CommandError: {sentence}\n")
