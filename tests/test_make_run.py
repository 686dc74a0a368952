"""`manage.py run`, the last step of `make run`, as a real process."""

import contextlib
import os
import signal
import socket
import sys

import pytest

from tests.processes import answers, free_port, get, wait_until

pytestmark = pytest.mark.once


def processes_of_group(group):
    """The processes that are left of a process group, zombies apart."""
    left = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{number}/stat") as file:
            state, _, its_group = file.read().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                left.append(int(number))
    return left


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
    printed, _ = supervisor.communicate(timeout=20)

    assert supervisor.returncode == 0, printed
    assert f"{address}/console/" in printed
    assert printed.splitlines()[-1] == "Stopped."
    assert processes_of_group(supervisor.pid) == []


def test_ctrl_c_reaches_the_whole_group_and_ends_as_cleanly(running):
    supervisor, _ = running
    os.killpg(supervisor.pid, signal.SIGINT)
    printed, _ = supervisor.communicate(timeout=20)
    assert (supervisor.returncode, printed.splitlines()[-1]) == (0, "Stopped.")
    assert processes_of_group(supervisor.pid) == []


def test_a_child_that_dies_ends_the_whole(running):
    supervisor, _ = running
    os.kill(child_with("worker", supervisor.pid), signal.SIGKILL)
    printed, _ = supervisor.communicate(timeout=20)
    last = "CommandError: The worker ended by itself (exit code -9), so all of it stops."
    assert (supervisor.returncode, printed.splitlines()[-1]) == (1, last)
    assert processes_of_group(supervisor.pid) == []


def child_with(word, group):
    """The process of that group with `word` as its last argument."""
    for number in processes_of_group(group):
        with open(f"/proc/{number}/cmdline") as file:
            if file.read().rstrip("\0").split("\0")[-1] == word:
                return number


def test_a_busy_port_is_one_clear_sentence(new_portal):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with new_portal(PORT=str(port)).started(sys.executable, "manage.py", "run") as supervisor:
            printed, _ = supervisor.communicate(timeout=20)
    sentence = f"Port {port} cannot be used (Address already in use): choose another, e.g. PORT=8001 make run."
    assert (supervisor.returncode, printed) == (1, f"CommandError: {sentence}\n")
