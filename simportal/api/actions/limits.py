"""How much a key may ask for: so many requests a second, and more at once after a pause.

A request moves the instant from which the key owes nothing (the generic cell rate algorithm): it is let in while that
instant is no further ahead than the burst. With Redis all processes share it; without it, or while it is away, each
counts for itself, at half the rate. It is never open.
"""

import logging
import math
import threading
import time
from dataclasses import dataclass

import redis
from django.conf import settings

from cards.log_context import note

logger = logging.getLogger(__name__)

SCRIPT = """
local now, step, ahead = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local owes = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + step
if owes - now > ahead then return tostring(owes - now - ahead) end
redis.call('SET', KEYS[1], string.format('%.6f', owes), 'PX', math.ceil((owes - now) * 1000) + 1000)
return tostring(owes - now - ahead)
"""
MOST_KEPT = 10_000


@dataclass(frozen=True)
class Rate:
    """`per_second` on the average, `burst` at once."""

    name: str
    per_second: int
    burst: int

    @property
    def policy(self):
        """As `RateLimit-Policy` says it: so many in a window of seconds."""
        return f'"{self.name}";q={self.burst};w={math.ceil(self.ahead)}'

    @property
    def ahead(self):
        """By how many seconds a burst may run ahead."""
        return self.burst / self.per_second

    def halved(self):
        return Rate(self.name, max(1, self.per_second // 2), max(1, self.burst // 2))


READING = Rate("read", 20, 40)
ACTING = Rate("act", 5, 40)


@dataclass(frozen=True)
class Share:
    """What became of a request: whether it is let in, how many more are, and after how many seconds one is again."""

    rate: Rate
    is_open: bool
    left: int
    wait: float

    def headers(self):
        """As the draft on rate limit headers has them (draft-ietf-httpapi-ratelimit-headers-11)."""
        told = {
            "RateLimit-Policy": self.rate.policy,
            "RateLimit": f'"{self.rate.name}";r={self.left};t={math.ceil(self.wait)}',
        }
        return told if self.is_open else told | {"Retry-After": str(max(1, math.ceil(self.wait)))}


def take_share(rate, subject):
    """Count a request of this subject."""
    try:
        beyond = _in_redis(rate, subject) if settings.REDIS_URL else None
    except redis.RedisError as error:
        note(limits="local")
        logger.warning("Rate limits are counted by each process: %s", error)
        beyond = None
    if beyond is None:
        rate = rate.halved()
        beyond = _in_this_process(rate, subject, time.time())
    return _share(rate, beyond)


def _share(rate, beyond):
    """`beyond` is by how many seconds the burst would be passed; below zero there is room."""
    if beyond > 0:
        return Share(rate, False, 0, beyond)
    return Share(rate, True, math.floor(-beyond * rate.per_second), rate.ahead + beyond)


def _in_redis(rate, subject):
    client = _client()
    return float(
        client.eval(SCRIPT, 1, f"simportal:api:{rate.name}:{subject}", time.time(), 1 / rate.per_second, rate.ahead)
    )


_clients = threading.local()


def _client():
    if not hasattr(_clients, "client"):
        _clients.client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
    return _clients.client


_owed: dict[tuple[str, object], float] = {}
_owed_lock = threading.Lock()


def _in_this_process(rate, subject, now):
    with _owed_lock:
        if len(_owed) > MOST_KEPT:
            for key in [key for key, until in _owed.items() if until < now]:
                del _owed[key]
        owes = max(_owed.get((rate.name, subject), now), now) + 1 / rate.per_second
        beyond = owes - now - rate.ahead
        if beyond <= 0:
            _owed[rate.name, subject] = owes
    return beyond
