"""How each fault is provoked. `lasts` is for how many seconds, where it lasts."""

import contextlib
import subprocess
import time
from pathlib import Path

import psycopg

from simportal.schedule import BEAT_SCHEDULE

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def kill(name):
    """kill -9 of a program and its children; whoever watches over it starts it again."""

    def provoke(site, lasts):
        site.kill(name)
        site.start(name)

    return provoke


def stop_worker(site, lasts):
    site.terminate("worker")
    site.start("worker")


def crash_postgres(site, lasts):
    site.postgres.crash()
    time.sleep(lasts)
    site.postgres.start()


def cut_connections(site, lasts):
    site.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def hold_rows(site, lasts):
    with psycopg.connect(site.postgres.url) as holder:
        holder.execute("SELECT FROM cards_card FOR UPDATE")
        time.sleep(lasts)


def deadlock(site, lasts):
    """We hold cards of the next chunk, and then want what waits for them; the portal is chosen to lose."""
    with psycopg.connect(site.postgres.url) as holder:
        holder.execute("SET deadlock_timeout = '5min'")
        holder.execute("SELECT FROM cards_card WHERE id % 500 = 0 FOR UPDATE SKIP LOCKED")
        give_up_at = time.monotonic() + lasts
        while not site.rows(WAITING) and time.monotonic() < give_up_at:
            time.sleep(0.02)
        with contextlib.suppress(psycopg.errors.DeadlockDetected):
            holder.execute("SELECT FROM cards_card ORDER BY id FOR UPDATE")
    time.sleep(1)  # until the server has counted it
    return f"{site.value(DEADLOCKS)} deadlocks"


def crash_redis(site, lasts):
    site.redis.crash()
    time.sleep(lasts)
    site.redis.start()


def flush_redis(site, lasts):
    site.redis.ask("FLUSHALL")


def leave_beat_alone(site, lasts):
    """Without a worker; how many bells the broker holds at the end of it."""
    site.kill("worker")
    time.sleep(lasts)
    waiting = sum(int(site.redis.ask("LLEN", bell["task"])) for bell in BEAT_SCHEDULE.values())
    site.start("worker")
    return f"{waiting} bells in the broker after {lasts:.0f} s"


def nothing(site, lasts):
    pass


# Clocks: a library before the system's own says the time of day, off by what a file says.

CLOCK = Path(__file__).with_name("clock.c")


def own_clock(site):
    library, site.clock = site.folder / "clock.so", site.folder / "clock"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, CLOCK], check=True)
    site.clock.write_text("0")
    site.environment |= {"LD_PRELOAD": str(library), "CLOCK_OFF": str(site.clock)}


def set_clock_back(site, lasts):
    site.clock.write_text("-3600")
    time.sleep(lasts)


# Full disks: a file system of its own, which only root can mount.


def small_disk_for_files(site):
    """The worker sees a file system of 300 kB in the place of `var/files`."""
    mount = 'mkdir -p var/files && mount -t tmpfs -o size=300k tmpfs var/files && exec "$@"'
    site.wrapped = ["unshare", "--mount", "sh", "-c", mount, "sh"]


def make_room_for_files(site, lasts):
    time.sleep(lasts)
    pid = str(site.processes["worker"].pid)
    grow = ["mount", "-o", "remount,size=100m", str(site.home / "var" / "files")]
    subprocess.run(["nsenter", "--target", pid, "--mount", *grow], check=True)
    site.files = f"/proc/{pid}/root{site.home}/var/files"


def small_disk_for_database(site):
    site.postgres.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", site.postgres.folder], check=True)
    site.on_exit.callback(subprocess.run, ["umount", "--lazy", site.postgres.folder], check=True)


def fill_database_disk(site, lasts):
    """The last block of it, in the middle of what is written; a server that gave up is started again."""
    ballast = site.postgres.folder / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(b"0" * 65536)
    time.sleep(lasts)
    ballast.unlink()
    if not site.postgres.is_up():
        site.postgres.start()
    said = (site.postgres.folder / "log").read_text(errors="replace").count("No space left")
    return f"the server said {said} times that there was no room"
