from celery import shared_task

from cards.carriers.actions import hearing, working

WORK_SECONDS = 50


@shared_task(name="carriers.hear")
def hear_cards():
    """Read the cards' records that are new, and order what follows; on most ticks that is a look."""
    hearing.hear()


@shared_task(name="carriers.work")
def work_on_carriers():
    """Make the calls to carriers that are due now, for most of a minute at the most."""
    working.work(WORK_SECONDS, until_settled=True)
