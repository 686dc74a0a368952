"""The queues: cards, checks and jobs that wait for a person, how many there are and where they are listed."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cards.actions.jobs.control import jobs_waiting_for
from cards.models import Card, QuarantinedReading
from cards.pages.frames import CONSOLE
from cards.paging import counts_up_to
from cards.quick import QUICK
from cards.state_counts import COUNTED

CARD_QUEUES = ("cancelling", "expiring", "forced", "used_up", "low", "real_name", "parked", "stray", "late")
TITLES = {code: QUICK[code].label for code in CARD_QUEUES} | {
    "quarantine": _("Readings in quarantine"),
    "go_on": _("Jobs for you to go on with"),
    "failed": _("Jobs failed in the last 7 days"),
}
JOB_QUEUES = ("go_on", "failed")
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


def queues(snapshot, today, user):
    """Every queue by its code, in the order in which they are looked at; `snapshot` has the counts that are kept.

    Jobs are those that wait for this person.
    """
    kept = snapshot.document["quick"]
    rows = {code: QUICK[code].cards(Card.objects.all(), today) for code in CARD_QUEUES if code not in kept}
    rows |= {"quarantine": QuarantinedReading.objects.waiting()} | jobs_waiting_for(user)
    counts = kept | dict(zip(rows, counts_up_to(COUNTED, rows.values()), strict=True))
    is_capped = {code: code in rows and counts[code] > COUNTED for code in TITLES}
    return {code: Queue(code, counts[code] - is_capped[code], _url(code), is_capped[code]) for code in TITLES}


def _url(code):
    if code in PAGES_OF_QUEUES:
        return CONSOLE.url(PAGES_OF_QUEUES[code])
    if code in JOB_QUEUES:
        return f"{CONSOLE.url('job-list')}?waits={code}"
    return f"{CONSOLE.url('card-list')}?quick={code}"
