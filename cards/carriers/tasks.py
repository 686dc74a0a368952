from celery import shared_task
from django.utils import timezone

from cards.carriers.actions import approving, hearing, pulls, reconciling, working

WORK_SECONDS, HEARING_SECONDS = 50, 50
APPROVED_SECONDS = 5


@shared_task(name="carriers.hear")
def hear_cards():
    """Read the cards' records that are new, and order what follows; on most ticks that is a look."""
    hearing.hear(seconds=HEARING_SECONDS)


@shared_task(name="carriers.work")
def work_on_carriers():
    """Make the calls to carriers that are due now, for most of a minute at the most."""
    working.work(WORK_SECONDS, until_settled=True)


@shared_task(name="carriers.approved")
def work_on_approved():
    """Do what was approved of differences, chunk by chunk, for some seconds; on most ticks that is nothing."""
    approving.work_off_approved(APPROVED_SECONDS)


@shared_task(name="carriers.reconcile")
def begin_comparisons():
    """Begin to compare the cards of each account whose minute of the night has come."""
    reconciling.begin_due(timezone.now())


@shared_task(name="carriers.usage")
def plan_usage():
    """Say what is to be fetched from carriers in the next hours; `carriers.work` does it."""
    pulls.plan_pulls(timezone.now())
