from celery import shared_task
from celery.signals import task_success

from simportal import password_reset
from simportal.models import Tick


@shared_task(name="simportal.heartbeat")
def heartbeat():
    """Proves that beat, broker, worker and database work together: being recorded is all it does."""


@shared_task(name="simportal.resets")
def send_resets():
    """Send the links requested by people who have forgotten a password."""
    password_reset.send_requested()


@task_success.connect
def record_tick(sender, **_):
    Tick.record(sender.name)
