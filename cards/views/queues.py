"""The queues: cards, checks and jobs that wait for a person, how many there are and where they are listed."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.actions.figures import LATE_AFTER_DAYS
from cards.choices import JobStatus, RealName, UsageLevel
from cards.models import Card, Job
from cards.paging import counts_up_to

COUNTED = 10_000
EXPIRING_DAYS = 30
FAILED_DAYS = 7

TITLES = {
    "cancelling": _("To be cancelled within 14 days"),
    "expiring": _("Service ends within 30 days"),
    "forced": _("Forced active next month"),
    "used_up": _("The cycle's allowance used up"),
    "low": _("The cycle's allowance running low"),
    "late": _("No usage reading for 3 days"),
    "real_name": _("Real-name checks waiting"),
    "parked": _("Parked cards"),
    "stray": _("Used after their service ended"),
    "waiting": _("Jobs waiting for somebody"),
    "failed": _("Jobs that failed in 7 days"),
}
IS_URGENT = ("cancelling", "parked", "stray", "failed")


@dataclass(frozen=True)
class Queue:
    """What waits: `cards` (or jobs), or more than that where `is_capped`; `url` is where all of it is listed."""

    code: str
    cards: int
    url: str
    is_capped: bool = False

    @property
    def title(self):
        return TITLES[self.code]

    @property
    def figure(self):
        return f"{self.cards:,}+" if self.is_capped else f"{self.cards:,}"

    @property
    def tone(self):
        """How loud it is: nothing waits, something does, or something that cannot be made good later."""
        if not self.cards:
            return "is-none"
        return "is-urgent" if self.code in IS_URGENT else ""


def queues(figures, today):
    """Every queue by its code, in the order in which they are looked at; `figures` are those that are kept."""
    counted_now = _cards_now()
    counts = _kept(figures.document, today) | counted_now | _jobs_now()
    is_capped = {code: code in counted_now and counts[code] > COUNTED for code in TITLES}
    return {code: Queue(code, counts[code] - is_capped[code], _url(code), is_capped[code]) for code in TITLES}


def late_readings(document):
    """How many cards in use were not read for days, or never."""
    readings = document["readings"]
    return readings[f"older_{LATE_AFTER_DAYS}"] + readings["never"]


def failed_jobs():
    return Job.objects.filter(status=JobStatus.FAILED, created_at__gte=timezone.now() - timedelta(days=FAILED_DAYS))


def _kept(document, today):
    soon = str(today + timedelta(days=EXPIRING_DAYS))
    return {
        "cancelling": sum(document["cancelling"].values()),
        "expiring": sum(cards for day, cards in document["expiring"].items() if day <= soon),
        "forced": document["forced"],
        "used_up": document["used"][str(UsageLevel.USED_UP.value)],
        "low": document["used"][str(UsageLevel.LOW.value)],
        "late": late_readings(document),
    }


def _cards_now():
    waiting = {
        "real_name": Card.objects.filter(real_name=RealName.SUBMITTED),
        "parked": Card.objects.parked(),
        "stray": Card.objects.filter(stray_usage_on__isnull=False),
    }
    return dict(zip(waiting, counts_up_to(COUNTED, waiting.values()), strict=True))


def _jobs_now():
    is_failed = Q(pk__in=failed_jobs().order_by())
    counts = Job.objects.filter(status__in=(JobStatus.READY, JobStatus.FAILED)).order_by()
    return counts.aggregate(waiting=Count("pk", filter=Q(status=JobStatus.READY)), failed=Count("pk", filter=is_failed))


def _url(code):
    if code == "late":
        return f"{reverse('console:queues')}#late"
    if code in ("waiting", "failed"):
        status = JobStatus.READY if code == "waiting" else JobStatus.FAILED
        return f"{reverse('console:job-list')}?status={status}"
    return f"{reverse('console:card-list')}?quick={code}"
