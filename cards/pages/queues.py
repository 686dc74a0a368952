"""The queues: cards, checks and jobs that wait for a person, how many there are and where they are listed."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.choices import OF_CARDS, JobStatus
from cards.models import Card, Job, QuarantinedReading
from cards.models.job import FAILED, WAITING
from cards.pages.frames import CONSOLE
from cards.paging import counts_up_to
from cards.quick import QUICK
from cards.state_counts import COUNTED

FAILED_DAYS = 7

CARD_QUEUES = ("cancelling", "expiring", "forced", "used_up", "low", "real_name", "parked", "stray", "late")
TITLES = {code: QUICK[code].label for code in CARD_QUEUES} | {
    "quarantine": _("Readings in quarantine"),
    "waiting": _("Jobs ready to start"),
    "failed": _("Jobs failed in the last 7 days"),
}
PAGES_OF_QUEUES = {"quarantine": "quarantine", "real_name": "real-name"}
IS_URGENT = ("cancelling", "parked", "stray", "quarantine", "failed")


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
    def count_label(self):
        return f"{self.cards:,}+" if self.is_capped else f"{self.cards:,}"

    @property
    def tone(self):
        """How loud it is: nothing waits, something does, or something that cannot be made good later."""
        if not self.cards:
            return "is-none"
        return "is-urgent" if self.code in IS_URGENT else ""


def queues(snapshot, today):
    """Every queue by its code, in the order in which they are looked at; `snapshot` has the counts that are kept."""
    kept = snapshot.document["quick"]
    not_kept = [code for code in CARD_QUEUES if code not in kept]
    cards = [QUICK[code].cards(Card.objects.all(), today) for code in not_kept]
    counted = counts_up_to(COUNTED, [*cards, QuarantinedReading.objects.waiting()])
    counted_now = dict(zip([*not_kept, "quarantine"], counted, strict=True))
    waiting, failed = Count("pk", filter=WAITING), Count("pk", filter=_failed_lately())
    jobs = Job.objects.filter(WAITING | FAILED, kind__in=OF_CARDS).aggregate(waiting=waiting, failed=failed)
    counts = kept | counted_now | jobs
    is_capped = {code: code in counted_now and counts[code] > COUNTED for code in TITLES}
    return {code: Queue(code, counts[code] - is_capped[code], _url(code), is_capped[code]) for code in TITLES}


def failed_jobs():
    return Job.objects.filter(_failed_lately())


def _failed_lately():
    return FAILED & Q(created_at__gte=timezone.now() - timedelta(days=FAILED_DAYS))


def _url(code):
    if code in PAGES_OF_QUEUES:
        return CONSOLE.url(PAGES_OF_QUEUES[code])
    if code in ("waiting", "failed"):
        status = JobStatus.READY if code == "waiting" else JobStatus.FAILED
        return f"{CONSOLE.url('job-list')}?status={status}"
    return f"{CONSOLE.url('card-list')}?quick={code}"
