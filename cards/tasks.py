from celery import shared_task
from django.utils import timezone

from cards.actions import fleet_snapshot
from cards.actions.compacting import compact
from cards.actions.customer_figures import count_what_was_asked
from cards.actions.jobs import control, worker
from cards.actions.planner_statistics import update_planner_statistics
from cards.actions.usage_months import make_months_ahead
from cards.calendar import civil_today

JOB_SECONDS = 5
FIGURES_SECONDS = 10


@shared_task(name="cards.jobs")
def jobs():
    """Check and do what waits in jobs, chunk by chunk, for some seconds; on most ticks that is nothing."""
    worker.tick(JOB_SECONDS)


@shared_task(name="cards.housekeeping")
def housekeeping():
    """Put away what has collected since the last time; nobody waits for it."""
    make_months_ahead(civil_today())
    compact(civil_today())
    update_planner_statistics()
    fleet_snapshot.refresh()
    count_what_was_asked(civil_today(), FIGURES_SECONDS)
    control.expire_asked(timezone.now())
    control.put_away_previews(timezone.now())
