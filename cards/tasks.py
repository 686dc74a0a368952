from celery import shared_task

from cards.actions.sweep import sweep as sweep_through
from cards.calendar import civil_today


@shared_task(name="cards.sweep")
def sweep():
    """Sweeps what is left to sweep up to today; on most ticks that is nothing."""
    sweep_through(civil_today())
