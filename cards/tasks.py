from celery import shared_task
from django.utils import timezone

from cards.actions import fleet_snapshot, kept_files, throttle
from cards.actions.compacting import compact
from cards.actions.jobs import control, worker
from cards.actions.planner_statistics import update_planner_statistics
from cards.actions.retention import apply_retention
from cards.calendar import civil_today

JOB_SECONDS = 5


@shared_task(name="cards.retention")
def retention():
    """Forget what is kept no longer than it has to be; nobody waits for it."""
    apply_retention()


@shared_task(name="cards.jobs")
def jobs():
    """Check and do what waits in jobs, chunk by chunk, for some seconds; on most ticks that is nothing."""
    worker.tick(JOB_SECONDS)


@shared_task(name="cards.housekeeping")
def housekeeping():
    """Put away what has collected since the last time; nobody waits for it. First what makes room on a full disk."""
    kept_files.delete_old_files()
    compact(civil_today())
    update_planner_statistics()
    fleet_snapshot.refresh()
    throttle.delete_expired()
    control.expire_asked(timezone.now())
