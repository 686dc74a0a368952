"""Worker and beat, started together: against Redis with `REDIS_URL`, without it in one process on its own."""

import signal
import sys
import warnings

from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from celery.signals import worker_ready
from django.conf import settings
from django.core.management.base import BaseCommand

from simportal.celery import app

# One worker has no others to gossip with, and the age of its ticks says more than its heartbeats would.
ALONE = {"concurrency": 4, "without_gossip": True, "without_mingle": True, "without_heartbeat": True}


class Command(BaseCommand):
    help = "Runs the background work, a Celery worker and its beat, until Ctrl-C."

    def handle(self, **options):
        warnings.simplefilter("ignore", SecurityWarning)  # it is about pickled messages; ours are JSON
        worker_ready.connect(let_ctrl_c_be_gentle)
        worker = with_redis() if settings.REDIS_URL else embedded()
        worker.start()
        sys.exit(worker.exitcode)


def with_redis():
    """Processes, so that the time limits hold; beat is one of them, as with `celery worker --beat`."""
    return app.Worker(beat=True, quiet=True, **ALONE)


def embedded():
    """Queue, worker and beat share this process, because the queue is in its memory.

    Celery's own `--beat` would fork beat into another process, and its bells would ring in a queue nobody reads.
    """
    beat = EmbeddedService(app, thread=True, scheduler_cls=app.conf.beat_scheduler)
    worker_ready.connect(lambda **_: beat.start(), weak=False)
    return app.Worker(pool="threads", quiet=True, **ALONE)


def let_ctrl_c_be_gentle(**_):
    """As SIGTERM does: what is at work is finished, which takes seconds, and the exit code is 0."""
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
