"""When carriers close their books: around the end of a cycle no orders are sent, and questions are."""

from datetime import datetime, time, timedelta

from django.utils import timezone

from cards.calendar import cycle_start
from cards.carriers.protocols import setting_of

_BEFORE, _AFTER = timedelta(minutes=10), timedelta(minutes=15)


def is_closed(account, now):
    """Whether no orders are to be sent to this carrier at this instant: from 23:50 to 00:15 where a cycle ends."""
    if setting_of(account, "window") != "on":
        return False
    begins_on = cycle_start(timezone.localdate(now + _BEFORE), int(setting_of(account, "cycle_day")))
    begins_at = timezone.make_aware(datetime.combine(begins_on, time()))
    return begins_at - _BEFORE <= now < begins_at + _AFTER
