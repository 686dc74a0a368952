"""Is the portal alive, and is it ready? Answers for load balancers and people, as JSON."""

import logging
import shutil
import time
from datetime import timedelta

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from billing.actions.online_waiting import online_waiting
from billing.bills.actions.watching import bills_overdue
from billing.models import Order
from cards.actions.sweep import braked_days
from cards.calendar import civil_today
from cards.carriers.actions import watching
from cards.faults import Fault
from cards.models import DaysAtWork, Job, StepOfDay, SweptDay
from cards.models.job import FAILED_DAYS
from cards.timeouts import READY_SECONDS, statements_within
from simportal.models import Tick
from simportal.nightly_proof import state_of_the_proof
from simportal.schedule import BEAT_SCHEDULE

logger = logging.getLogger(__name__)

HEARTBEAT_MAY_BE_OLD = 60
BELL_MAY_BE_LATE = 120  # as long as an answer to it may take
SWEEP_MAY_BE_BEHIND = 1
CLOCKS_MAY_DIFFER = 5  # between the machine that ticked and this one
JOBS_MAY_STAND_STILL = 600
ORDERS_MAY_STAND_STILL = 1800  # longer than the half hour in which carriers close their books and none is sent
USAGE_IS_TOLD_BY = 12  # o'clock
USAGE_TOLD_AT_LEAST = 95  # of a hundred cards
FREE_BYTES_NEEDED = 2 * 1024**3  # four uploads of the largest kind
BACKUP_MAY_BE_OLD = 26  # hours: one is made each day
BACKUP_MARK = "backup_finished"  # within VAR_DIR: whatever makes the backup touches it once all is written


def healthz(request):
    """The process answers; nothing else is asked."""
    return JsonResponse({"alive": True})


def readyz(request):
    """Database, broker, age of the last finished tick (a worker can be alive and deaf), last day swept.

    With `?full` and the token of the metrics: all that somebody should look at. Two seconds at the most.
    """
    told = state("full" in request.GET and has_token(request))
    return JsonResponse(told, status=200 if told["ready"] else 503)


def state(is_full):
    """Whether all is well, and what each part says: those that load balancers read, or all of them."""
    give_up_at = time.monotonic() + READY_SECONDS
    parts = _of_database(PUBLIC | FULL if is_full else PUBLIC, give_up_at)
    parts["broker"] = _broker(max(0.1, give_up_at - time.monotonic()))
    parts |= {name: ask() for name, ask in OF_MACHINE.items()} if is_full else {}
    return {"ready": all(part["ok"] for part in parts.values())} | parts


def has_token(request):
    """Whether who asks may read what is not for everybody."""
    said = request.headers.get("Authorization", "")
    return bool(settings.METRICS_TOKEN) and constant_time_compare(said, f"Bearer {settings.METRICS_TOKEN}")


def _of_database(asked, give_up_at):
    """What each of these says; where the database does not answer in time, only that."""
    parts = {"database": {"ok": True, "vendor": connection.vendor}}
    try:
        for name, ask in asked.items():
            with statements_within(give_up_at - time.monotonic()):
                parts[name] = ask()
    except Error as error:
        said = str(error).partition("\n")[0]
        logger.error("The database does not answer: %s", said, extra={"outage": Fault.AWAY})
        return {"database": {"ok": False, "vendor": connection.vendor}}
    return parts


def _broker(seconds):
    """The embedded broker lives inside the worker: the tick speaks for it."""
    if not settings.REDIS_URL:
        return {"ok": True, "kind": "embedded"}
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=seconds, socket_connect_timeout=seconds, retry=None
        ) as client:
            client.ping()
    except redis.RedisError:
        return {"ok": False, "kind": "redis"}
    return {"ok": True, "kind": "redis"}


def _tick():
    tick = Tick.objects.filter(name="simportal.heartbeat").first()
    age = round(tick.age()) if tick else None
    told = {"ok": _is_recent(age, HEARTBEAT_MAY_BE_OLD), "seconds_ago": age}
    return told | _clock(age is not None and age < -CLOCKS_MAY_DIFFER)


def _sweep():
    """Just after midnight the last day swept is yesterday; where nothing was ever due there is none."""
    last = SweptDay.objects.filter(finished_at__isnull=False).order_by("-day").first()
    behind = (civil_today() - last.day).days if last else 0
    told = {
        "ok": 0 <= behind <= SWEEP_MAY_BE_BEHIND,
        "last_day": last.day if last else None,
        "days_behind": behind,
    }
    return told | _clock(behind < 0)


def _clock(is_ahead):
    """Why what was done in the future is not well."""
    return {"why": "it lies in the future: was the clock set back?"} if is_ahead else {}


def _is_recent(age, limit):
    return age is not None and -CLOCKS_MAY_DIFFER <= age <= limit


def _bells():
    """How many seconds ago each bell was last answered to the end, and which of them too long ago, or never."""
    ticks = {tick.name: round(tick.age()) for tick in Tick.objects.all()}
    bells = {entry["task"]: entry["schedule"] for entry in BEAT_SCHEDULE.values()}
    late = [name for name, every in bells.items() if not _is_recent(ticks.get(name), every + BELL_MAY_BE_LATE)]
    return {"ok": not late, "late": late, "seconds_ago": {name: ticks.get(name) for name in bells}}


def _jobs():
    """Jobs that wait for a worker: whether one has taken a step, or is at one, not too long ago."""
    waiting, alive_at = Job.objects.waiting_for_work()
    still = round((timezone.now() - alive_at).total_seconds()) if waiting else 0
    return {"ok": still <= JOBS_MAY_STAND_STILL, "waiting": waiting, "seconds_still": max(0, still)}


def _failed_jobs():
    """Jobs that failed in the last days, and that nobody has tried again, followed up or discarded."""
    failed = Job.objects.failed_lately().count()
    return {"ok": not failed, "count": failed}


def _unserved_orders():
    """Orders that are paid and not served, with nobody at work on them."""
    unserved = Order.objects.unserved_at(timezone.now()).count()
    return {"ok": not unserved, "count": unserved}


def _online_money():
    """What of money online has waited too long: for its provider, or for somebody."""
    waiting = online_waiting(timezone.now())
    return {"ok": not any(waiting.values())} | waiting


def _brake():
    """Days whose sweep waits for somebody to look at it, and whether more are left than are made up for unasked."""
    days, at_work = [swept.day for swept in braked_days()], DaysAtWork.objects.first()
    too_many = at_work is not None and at_work.is_held(civil_today())
    return {"ok": not days and not too_many, "days": days, "too_many_days": too_many}


def _steps():
    """Steps of the last days that fail again and again, or that were given up."""
    failing = [str(step) for step in StepOfDay.failing(civil_today() - timedelta(days=FAILED_DAYS))]
    return {"ok": not failing, "failing": failing}


def _carriers():
    """Accounts that are on, and that their carriers do not accept."""
    broken = watching.broken_accounts()
    return {"ok": not broken, "broken": broken}


def _carrier_orders():
    """Orders to carriers that are due: whether calls are made for them."""
    now = timezone.now()
    still = watching.seconds_still(now)
    waiting = sum(count for count, _since in watching.orders_waiting(now).values())
    return {"ok": still <= ORDERS_MAY_STAND_STILL, "waiting": waiting, "seconds_still": still}


def _comparisons():
    """Comparisons with carriers that would correct too many cards, and so correct none."""
    held = watching.comparisons_held()
    return {"ok": not held, "held": held}


def _carrier_usage():
    """Whether yesterday's usage was told of nearly all cards, once it is noon and carriers were asked twice."""
    told = watching.usage_told(civil_today() - timedelta(days=1))
    is_noon = timezone.localtime().hour >= USAGE_IS_TOLD_BY
    few = [name for name, percent in told.items() if percent is None or percent < USAGE_TOLD_AT_LEAST]
    return {"ok": not (is_noon and few), "told_percent": told}


def _bills():
    """Bills of payment providers that were wanted a day ago and are not read."""
    overdue = bills_overdue()
    return {"ok": not overdue, "overdue": overdue}


def _disk():
    """What is left of the disk on which uploads and exports lie."""
    try:
        free = shutil.disk_usage(settings.MEDIA_ROOT).free
    except OSError:
        free = 0
    return {"ok": free >= FREE_BYTES_NEEDED, "free_bytes": free}


def _backup():
    """How old the last backup is; one that was never made is too old, but where nobody relies on the portal."""
    try:
        hours = (time.time() - (settings.VAR_DIR / BACKUP_MARK).stat().st_mtime) / 3600
    except OSError:
        return {"ok": settings.ENV.debug, "hours_ago": None}  # within a command `settings.DEBUG` is off
    return {"ok": hours <= BACKUP_MAY_BE_OLD, "hours_ago": round(hours, 1)}


# The parts, by name: each asks the database one thing and answers {"ok": …, …}. What load balancers read stays as it
# is; what somebody has to look at stands in the full answer alone.
PUBLIC = {"tick": _tick, "sweep": _sweep}
FULL = {
    "bells": _bells,
    "jobs": _jobs,
    "failed_jobs": _failed_jobs,
    "paid_and_not_served": _unserved_orders,
    "online_money": _online_money,
    "proof": state_of_the_proof,
    "brake": _brake,
    "steps": _steps,
    "carriers": _carriers,
    "carrier_orders": _carrier_orders,
    "comparisons": _comparisons,
    "carrier_usage": _carrier_usage,
    "bills": _bills,
}
# What is asked of the machine and not of the database, and told while that is away.
OF_MACHINE = {"disk": _disk, "backup": _backup}
