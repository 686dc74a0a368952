from celery import shared_task
from celery.signals import task_success

from simportal.models import Tick


@shared_task(name="simportal.heartbeat")
def heartbeat():
    """Proves that beat, broker, worker and database work together: being recorded is all it does."""


@task_success.connect
def record_tick(sender, **_):
    Tick.record(sender.name)
