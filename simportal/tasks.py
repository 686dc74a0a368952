from celery import shared_task
from celery.signals import task_success
from django.utils import timezone

from billing import mail
from cards.calendar import civil_today
from simportal import days, guesses, invitation_mail, nightly_proof, password_reset
from simportal.models import Tick
from simportal.retention import apply_retention

DAYS_SECONDS = 30
MAIL_SECONDS = 30
PROOF_SECONDS = 30


@shared_task(name="simportal.heartbeat")
def heartbeat():
    """Proves that beat, broker, worker and database work together: being recorded is all it does."""


@shared_task(name="simportal.resets")
def send_resets():
    """Send the links that are for one person: to who has forgotten a password, to those at whose password others guess,
    and to who is invited."""
    password_reset.send_requested()
    guesses.send_warnings()
    invitation_mail.send_invitations()


@shared_task(name="simportal.proof")
def prove_the_night():
    """Seal what was written, and prove what came since the last night, for half a minute at the most."""
    nightly_proof.prove_for(civil_today(), PROOF_SECONDS)


@shared_task(name="simportal.days")
def carry_days_on():
    """Carry the days on up to today, for half a minute at the most; on most ticks that is a look."""
    days.carry_on(civil_today(), DAYS_SECONDS)


@shared_task(name="cards.retention")
def forget_what_is_over():
    """Forget what is kept no longer than it has to be; nobody waits for it."""
    apply_retention()


@shared_task(name="billing.mail")
def send_digests():
    """Make the digests of the day, unless days before it are still to be made up for, and mail what is due."""
    today = civil_today()
    mail.drain(today, timezone.now(), MAIL_SECONDS, begins=days.are_made_up(today))


@task_success.connect
def record_tick(sender, **_):
    Tick.record(sender.name)
