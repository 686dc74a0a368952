from celery import shared_task
from celery.signals import task_success

from cards.calendar import civil_today
from simportal import nightly_proof, password_reset
from simportal.models import Tick

PROOF_SECONDS = 30


@shared_task(name="simportal.heartbeat")
def heartbeat():
    """Proves that beat, broker, worker and database work together: being recorded is all it does."""


@shared_task(name="simportal.resets")
def send_resets():
    """Send the links requested by people who have forgotten a password."""
    password_reset.send_requested()


@shared_task(name="simportal.proof")
def prove_the_night():
    """Seal what was written, and prove what came since the last night, for half a minute at the most."""
    nightly_proof.prove_for(civil_today(), PROOF_SECONDS)


@task_success.connect
def record_tick(sender, **_):
    Tick.record(sender.name)
