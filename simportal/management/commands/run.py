"""The portal on one machine: web server and worker under a small supervisor that leaves nothing behind."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from cards.models import Card
from simportal.demo.cast import DEMO_PASSWORD, ROLES_OF_CUSTOMERS, ROLES_OF_STAFF

HOST = "127.0.0.1"
SECONDS_TO_START = 60
SECONDS_TO_STOP = 10
PR_SET_PDEATHSIG = 1  # from Linux's prctl.h


class Command(BaseCommand):
    help = "Runs web server, worker and beat until Ctrl-C. PORT moves it from 8000."

    def add_arguments(self, parser):
        parser.add_argument("--demo", action="store_true", help="fill an empty database with demo data first")

    def handle(self, demo, **options):
        refuse_busy_port(settings.PORT)
        if demo:
            self.fill_empty_database()
        stop = StopSignal()
        children = start_children()
        try:
            welcome = welcome_text()
            wait_for_web(children, stop)
            if not stop:
                self.stdout.write(welcome)
                self.stdout.flush()
            watch(children, stop)
        finally:
            stop_children(children)
        self.stdout.write("Stopped.")

    def fill_empty_database(self):
        if Card.objects.exists():
            return
        self.stdout.write("The database is empty: filling it with demo data, which takes a minute or two.")
        self.stdout.flush()
        try:
            call_command("demo", stdout=self.stdout, stderr=self.stderr)
        except KeyboardInterrupt:
            raise CommandError("Interrupted: no demo data was written. Start again to have it.") from None


def welcome_text():
    """Addresses, and who can log in, each with what they are for.

    Comparing a hash takes a moment, in which the children start.
    """
    address = f"http://{HOST}:{settings.PORT}"
    lines = ["", "simportal is running:", f"  {address}/console/  staff", f"  {address}/  everybody"]
    for door, roles in (("staff", ROLES_OF_STAFF), ("customers", ROLES_OF_CUSTOMERS)):
        if names := demo_names(roles):
            lines.append(f"  {door} (password {DEMO_PASSWORD}):")
            lines += [f"    {name:<8} {roles[name]}" for name in names]
    return "\n".join([*lines, "Ctrl-C stops it."])


def refuse_busy_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}): choose another, e.g. PORT=8001 make run."
            ) from None


def demo_names(names):
    """Those of `names` that exist and still have the demo's password."""
    hashes = dict(get_user_model().objects.filter(username__in=names).values_list("username", "password"))
    unchanged = {hashed for hashed in set(hashes.values()) if check_password(DEMO_PASSWORD, hashed)}
    return [name for name in names if hashes.get(name) in unchanged]


class StopSignal:
    """True once somebody asked the supervisor to stop."""

    def __init__(self):
        self.came = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.note)

    def note(self, *_):
        self.came = True

    def __bool__(self):
        return self.came


def start_children():
    web = ["-m", "gunicorn", "simportal.wsgi", "--preload", "--bind", f"{HOST}:{settings.PORT}"]
    web += ["--workers", "2", "--graceful-timeout", "5", "--log-level", "warning"]
    return {"web server": start_child(web), "worker": start_child(["manage.py", "worker"])}


def start_child(arguments):
    """A child in a process group of its own: Ctrl-C in a terminal reaches the supervisor alone, which then asks.

    What a child has to say to people goes to stderr; Celery's stdout is chatter.
    """
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=end_with_the_supervisor,
    )


def end_with_the_supervisor():
    """Where the system can (Linux), a child is told to stop when a supervisor is killed that had no time to ask."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for_web(children, stop):
    """gunicorn loads the portal before it listens (--preload), so a listening port is a portal that answers."""
    give_up_at = time.monotonic() + SECONDS_TO_START
    while not (stop or listens()):
        refuse_dead_child(children)
        if time.monotonic() > give_up_at:
            raise CommandError(f"The web server did not answer within {SECONDS_TO_START} seconds.")
        time.sleep(0.1)


def listens():
    with socket.socket() as client:
        return client.connect_ex((HOST, settings.PORT)) == 0


def watch(children, stop):
    while not stop:
        refuse_dead_child(children)
        time.sleep(0.2)


def refuse_dead_child(children):
    for name, child in children.items():
        if child.poll() is not None:
            raise CommandError(f"The {name} ended by itself (exit code {child.returncode}), so all of it stops.")


def stop_children(children):
    """Asks all of them first, then waits for each; a child that does not listen is killed with all its processes."""
    for child in children.values():
        child.terminate()
    give_up_at = time.monotonic() + SECONDS_TO_STOP
    for child in children.values():
        try:
            child.wait(max(0, give_up_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
