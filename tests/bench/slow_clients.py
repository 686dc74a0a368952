"""How long a page takes while people with very slow lines send and fetch files: from the web server alone, and through
the proxy of docs/production/nginx.conf, as docs/service.md has it. `*` stands where somebody got no answer at all."""

import argparse
import contextlib
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.databases import ROOT, databases, environment, run
from tests.processes import free_port, listens, wait_until

LAY_A_PORTAL = """
from django.contrib.auth.models import User
from tests.bench.lists_fleet import lay
from tests.console.pages import logged_in
lay(40_000)
client = logged_in(User.objects.create_superuser("admin"))
print(client.cookies["sessionid"].value)
"""
PAGE, UPLOAD, EXPORT = "/console/cards/", "/console/imports/", "/console/cards/export/?format=csv"
GIVE_UP_AFTER = 5  # seconds that somebody waits for a page
SETTLES_AFTER = 20  # seconds, in which the proxy has fetched what slow readers asked for
CONTENDERS = (  # name, options of gunicorn, whether the proxy stands before it
    ("sync workers, as up to 0.6", ["--worker-class", "sync", "--threads", "1"], False),
    ("gunicorn.conf.py alone", [], False),
    ("gunicorn.conf.py behind nginx.conf", [], True),
)


def started(stack, command, port, **options):
    """A program that listens on this port, until the stack is closed."""
    process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL, **options))
    stack.callback(process.terminate)
    wait_until(lambda: listens(port), what=command[0])


def start_web(stack, database, options):
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "simportal.wsgi", "--bind", f"127.0.0.1:{port}", *options]
    started(stack, command, port, env=environment(database, "web"), cwd=ROOT)
    return port


NGINX = """
error_log {folder}/error.log;
pid {folder}/pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    {paths}
    {server}
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def start_proxy(stack, folder, to_port):
    """nginx as its file says, but for its port and its keys."""
    port, file = free_port(), folder / "nginx.conf"
    server = (ROOT / "docs" / "production" / "nginx.conf").read_text()
    server = server.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    server = re.sub(r"(ssl_certificate|access_log).*;", "", server).replace("$scheme", "https")
    server = server.replace("127.0.0.1:8000", f"127.0.0.1:{to_port}")
    paths = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in TEMPORARY)
    file.write_text(NGINX.format(folder=folder, paths=paths, server=server))
    started(stack, ["nginx", "-p", folder, "-c", file, "-e", folder / "error.log", "-g", "daemon off;"], port)
    return port


def head(method, path, session, *lines):
    """The head of a request of somebody who is logged in, as it comes through a proxy that ends TLS."""
    cookies = f"Cookie: sessionid={session}; csrftoken={'a' * 32}"
    fixed = ("Host: localhost", "X-Forwarded-Proto: https", "Referer: https://localhost/", cookies)
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fixed, *lines, "", ""]).encode()


class SlowClient(threading.Thread):
    """Sends or reads a byte a second, until it is told to stop."""

    def __init__(self, port, sent, reads):
        super().__init__(daemon=True)
        self.reads, self.over = reads, threading.Event()
        self.line = socket.socket()
        if reads:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.line.connect(("127.0.0.1", port))
        self.line.sendall(sent)

    def run(self):
        with self.line, contextlib.suppress(OSError):
            while not self.over.wait(1):
                self.line.recv(1) if self.reads else self.line.send(b"x")


def slow_clients(port, session, count):
    """As many that send a file of a megabyte as that fetch one of the whole list."""
    form = ("Content-Type: multipart/form-data; boundary=x", "Content-Length: 1000000")
    kinds = ((head("POST", UPLOAD, session, *form), False), (head("GET", EXPORT, session), True))
    clients = [SlowClient(port, *kinds[number % 2]) for number in range(count)]
    for client in clients:
        client.start()
    return clients


def waits(port, session, seconds):
    """How many seconds each visit of the page took, one after another; None for one without an answer."""
    found, give_up_at = [], time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        began = time.monotonic()
        visit = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_AFTER)
        with contextlib.closing(visit):
            try:
                headers = {"Host": "localhost", "X-Forwarded-Proto": "https", "Cookie": f"sessionid={session}"}
                visit.request("GET", PAGE, headers=headers)
                answer = visit.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
                found.append(time.monotonic() - began)
            except TimeoutError:
                found.append(None)
    return found


def warm_up(port, session):
    """Each worker reads its templates with its first visit."""
    for _visit in range(12):
        wait_until(lambda: None not in waits(port, session, 0.01), seconds=180, what="the first visits")


def report(label, count, found):
    answered = [wait for wait in found if wait is not None]
    if len(answered) < 2:
        print(f"  {label:<36}{count:>6}          no answer in {GIVE_UP_AFTER} s", flush=True)
        return
    hundredths = statistics.quantiles(answered, n=100)
    mark = " *" if len(answered) < len(found) else ""
    print(f"  {label:<36}{count:>6}{hundredths[49] * 1000:>9.0f} ms{hundredths[94] * 1000:>9.0f} ms{mark}", flush=True)


def measure(database, folder, seconds, counts):
    run(database, "web", "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    session = run(database, "web", "manage.py", "shell", "--verbosity", "0", "--command", LAY_A_PORTAL).strip()
    for label, options, is_proxied in CONTENDERS:
        if is_proxied and not shutil.which("nginx"):
            print(f"  {label:<36}nginx is not installed")
            continue
        for count in counts:
            with contextlib.ExitStack() as stack:
                port = start_web(stack, database, options)
                if is_proxied:
                    port = start_proxy(stack, Path(tempfile.mkdtemp(dir=folder)), port)
                warm_up(port, session)
                clients = slow_clients(port, session, count)
                time.sleep(SETTLES_AFTER)
                report(label, count, waits(port, session, seconds))
                for client in clients:
                    client.over.set()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.slow_clients", description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--slow", type=int, nargs="+", default=[0, 4, 40, 400])
    asked = parser.parse_args()
    with databases() as (database, *_):
        os.chmod(database.folder, 0o755)  # nginx's workers are somebody else where root starts it
        database.migrated("web")
        print(f"{database.name}: the first page of the list{'':<9}slow      p50         p95")
        measure(database, database.folder, asked.seconds, asked.slow)


if __name__ == "__main__":
    main()
