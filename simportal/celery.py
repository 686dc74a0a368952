"""Celery's app. Beat is a doorbell: each task looks for rows with work, so a lost message changes nothing."""

import os

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun, worker_init
from kombu import Queue

from cards.collector import spare_the_program
from cards.log_context import forget_facts, note
from cards.timeouts import WORKERS, keep_to
from simportal.schedule import BEAT_SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")

app = Celery("simportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = BEAT_SCHEDULE
# The first one is what a beat of before rings in, beside which a new worker may run.
app.conf.task_queues = [
    Queue("celery"),
    *(Queue(bell["task"], routing_key=bell["task"]) for bell in BEAT_SCHEDULE.values()),
]
app.autodiscover_tasks()


@setup_logging.connect
def leave_logging_to_django(**_):
    """Celery asks whoever listens here before it configures logging of its own."""


@worker_init.connect
def work_as_workers_do(**_):
    """Of its pool too, whether of processes or of threads."""
    keep_to(WORKERS)
    spare_the_program()


@task_prerun.connect
def say_in_the_log_which_task(task, **_):
    note(task=task.name)


@task_postrun.connect
def say_it_no_longer(**_):
    forget_facts()
