from celery import shared_task

from cards.actions.sweep import tick
from cards.actions.tallies import compact
from cards.calendar import civil_today

SECONDS = 30


@shared_task(name="cards.sweep")
def sweep():
    """Sweep what is left to sweep up to today, for half a minute at the most; on most ticks that is nothing."""
    tick(civil_today(), SECONDS)


@shared_task(name="cards.housekeeping")
def housekeeping():
    """Put away what has collected since the last time; nobody waits for it."""
    compact(civil_today())
