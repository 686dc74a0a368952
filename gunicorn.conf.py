"""How the web server runs: gunicorn reads this by itself where it starts, in service and under `manage.py run`.

A thread serves one request until the client has read all of the answer, and gunicorn waits for slow clients as long
as they like: in service a proxy that buffers stands before it (docs/production/nginx.conf, which was tried with this).
"""

import os
import shutil
import tempfile
from concurrent.futures import wait
from pathlib import Path

from simportal.settings import FORWARDED_ALLOW_IPS

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))
threads = 8  # most of a request is waiting for the database, and each thread keeps a connection to it
graceful_timeout = 30  # so long may what is under way take when the server is stopped
control_socket_disable = True
forwarded_allow_ips = FORWARDED_ALLOW_IPS
logger_class = "simportal.server_log.ServerLog"
# Each request is a line of the portal's own log. Where somebody asks for another one (`--access-logfile`): what people
# search for, and which page they come from, is not in it.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(B)s %(L)s'


# What all processes count for /metrics lies in a folder of this server's own, in memory where there is such a place:
# whoever writes into a mapped file on a disk that is full is killed.
IN_MEMORY = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else Path(tempfile.gettempdir())
FOLDERS = "simportal-metrics-"
MINE = f"{FOLDERS}{os.getpid()}-"


def folder_for_metrics():
    """A new one for each server, and the same when it reads this file anew. What dead servers left goes."""
    for folder in IN_MEMORY.glob(f"{FOLDERS}*"):
        pid = folder.name.split("-")[2]
        if pid.isdecimal() and len(pid) < 10 and not is_alive(int(pid)):  # anybody may write there
            shutil.rmtree(folder, ignore_errors=True)
    there = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    return there if MINE in there else tempfile.mkdtemp(prefix=MINE, dir=IN_MEMORY)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        pass
    return True


os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder_for_metrics()


def on_exit(server):
    if MINE in os.environ["PROMETHEUS_MULTIPROC_DIR"]:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def post_worker_init(worker):
    """The thread that takes the first visit has a connection by then, unless the database is away for longer."""
    from simportal.first_visit import ask_for_nothing  # not before the portal is loaded

    wait([worker.tpool.submit(ask_for_nothing)], timeout=2)
