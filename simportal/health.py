"""Is the portal alive, and is it ready? Answers for load balancers and people, as JSON."""

import logging

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import JsonResponse

from cards.calendar import civil_today
from cards.models import SweptDay
from simportal.models import Tick

logger = logging.getLogger(__name__)

HEARTBEAT_MAY_BE_OLD = 60
SWEEP_MAY_BE_BEHIND = 1


def healthz(request):
    """The process answers; nothing else is asked."""
    return JsonResponse({"alive": True})


def readyz(request):
    """Database, broker, age of the last finished tick (a worker can be alive and deaf), last day swept."""
    try:
        parts = {"database": {"ok": True, "vendor": connection.vendor}, "tick": _tick(), "sweep": _sweep()}
    except DatabaseError:
        logger.exception("The database does not answer")
        parts = {"database": {"ok": False, "vendor": connection.vendor}}
    parts["broker"] = _broker()
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ready": ready} | parts, status=200 if ready else 503)


def _broker():
    """The embedded broker lives inside the worker: the tick speaks for it."""
    if not settings.REDIS_URL:
        return {"ok": True, "kind": "embedded"}
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        return {"ok": False, "kind": "redis"}
    return {"ok": True, "kind": "redis"}


def _tick():
    tick = Tick.objects.filter(name="simportal.heartbeat").first()
    age = round(tick.age()) if tick else None
    return {"ok": age is not None and age <= HEARTBEAT_MAY_BE_OLD, "seconds_ago": age}


def _sweep():
    """Just after midnight the last day swept is yesterday; where nothing was ever due there is none."""
    last = SweptDay.objects.filter(finished_at__isnull=False).order_by("-day").first()
    behind = (civil_today() - last.day).days if last else 0
    return {
        "ok": behind <= SWEEP_MAY_BE_BEHIND,
        "last_day": last.day if last else None,
        "days_behind": behind,
    }
