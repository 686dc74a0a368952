"""How long things are kept, reckoned back from now: the settings that `env.KEPT` declares, each with its unit."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from cards.calendar import add_months, civil_today

MONTHS_OF = {"YEARS": 12, "MONTHS": 1}


def last_day_over(setting: str) -> date:
    """The last day of which nothing needs to be kept any more: from the day on on which so long has passed."""
    return _before(civil_today(), setting)


def last_instant_over(setting: str) -> datetime:
    """The same of instants: so long has passed since this one, at the same time of day."""
    now = timezone.localtime()
    return timezone.make_aware(datetime.combine(_before(now.date(), setting), now.time()))


def over_at(setting: str) -> datetime:
    """When something is over that begins now, and is kept for days."""
    return timezone.now() + timedelta(days=getattr(settings, setting))


def first_day_told(on: date) -> date:
    """The first day of which a reading counts that is told on a day; one of an earlier day is stale.

    It is a month later than the first day whose readings are kept. So a total finds the days before it in the carrier's
    cycle, and a file that is applied days after it was read brings back no day that was deleted meanwhile.
    """
    return add_months(_before(on, "USAGE_MONTHS"), 1)


def _before(day: date, setting: str) -> date:
    count, unit = getattr(settings, setting), setting.rpartition("_")[2]
    return add_months(day, -count * MONTHS_OF[unit]) if unit in MONTHS_OF else day - timedelta(days=count)
