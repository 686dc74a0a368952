"""Worker and beat, started together: against Redis with `REDIS_URL`, without it on their own."""

import multiprocessing
import signal
import sys
import warnings

from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from celery.signals import worker_ready
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections

from simportal.celery import app
from simportal.management.commands.run import end_with_the_supervisor
from simportal.schedule import BEAT_SCHEDULE

# One worker has no others to gossip with, and the age of its ticks says more than its heartbeats would.
ALONE = {"concurrency": 4, "without_gossip": True, "without_mingle": True, "without_heartbeat": True}
BELLS_OF_BOTH = ("jobs", "orders")


class Command(BaseCommand):
    help = "Runs the background work, a Celery worker and its beat, until Ctrl-C."

    def handle(self, **options):
        warnings.simplefilter("ignore", SecurityWarning)  # it is about pickled messages; ours are JSON
        worker_ready.connect(let_ctrl_c_be_gentle)
        if not settings.REDIS_URL and sys.platform == "linux":  # which ends it with this process, whatever ends that
            connections.close_all()
            multiprocessing.get_context("fork").Process(target=work_on_jobs, daemon=True).start()
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


def work_on_jobs():
    """With a processor of its own, for threads share one. The first process hears the same bells: it goes on alone."""
    end_with_the_supervisor()
    app.conf.beat_schedule = {name: BEAT_SCHEDULE[name] for name in BELLS_OF_BOTH}
    embedded().start()


def let_ctrl_c_be_gentle(**_):
    """As SIGTERM does: what is at work is finished, which takes seconds, and the exit code is 0."""
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
