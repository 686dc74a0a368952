"""The queues on one page: of each, what it is, how many wait, the most urgent few, and where to act on all of them."""

from dataclasses import dataclass, field
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.gzip import gzip_page

from cards.actions import fleet_snapshot
from cards.actions.jobs.control import jobs_waiting_for
from cards.calendar import civil_today
from cards.choices import Action
from cards.models import Card, QuarantinedReading, RealNameCheck
from cards.pages.charts import bars
from cards.pages.deciding_checks import BUTTONS_OF_CHECK
from cards.pages.frames import console_page, permitted
from cards.pages.job_labels import owner_of, title_of
from cards.pages.ordering import act_url, console_actor
from cards.pages.queues import queues
from cards.quantities import megabytes
from cards.quick import QUICK

ENTRIES_PER_QUEUE = 5
URGENT_DAYS = 7

WHY = {
    "cancelling": _("Shut down and not renewed: permanently cancelled on that day. Renew or protect the ones to keep."),
    "forced": _(
        "Not used yet: their term starts on that day, whether they are used or not. Let the customer know in time."
    ),
    "real_name": _("Their users have submitted ID verification and cannot use the card until it is decided."),
    "parked": _("Their data is inconsistent; no rules apply until they are unparked."),
    "stray": _("Used after their service ended: the carrier has not stopped them. Ask the carrier to do so."),
    "quarantine": _(
        "More than a card can carry in a day, by the carrier's policy. Not metered until someone accepts it; "
        "a later plausible reading of the day replaces it."
    ),
    "late": _("In use, but the carrier's last reading is old: the figures shown may be out of date."),
    "failed": _("These jobs will not continue on their own: open one to see why, and retry what failed."),
}
# What is offered beside each card, to anyone who may do it.
OFFERED = {
    "cancelling": ((Action.RENEW, Action.RENEW.label), (Action.PROTECT, Action.PROTECT.label)),
    "real_name": BUTTONS_OF_CHECK,
    "parked": ((Action.UNPARK, _("Unpark")),),
}
# What the day of an entry is.
DAY_LABELS = {
    "cancelling": _("will be cancelled on"),
    "forced": _("forced activation on"),
    "real_name": _("submitted on"),
    "stray": _("last used on"),
    "quarantine": _("day"),
    "late": _("last reading"),
}


@dataclass(frozen=True)
class QueueEntry:
    """One entry: a card or a job, since or until when it waits, what there is to know, and the actions offered."""

    name: str
    url: str
    shown: str = ""
    customer: str = ""
    day: date | None = None
    days_left: int | None = None
    note: str = ""
    actions: list = field(default_factory=list)

    @property
    def is_soon(self):
        return self.days_left is not None and self.days_left <= URGENT_DAYS


@dataclass(frozen=True)
class QueueSection:
    """A queue as the page shows it; `chart` draws how many wait by day, where the days matter."""

    queue: object
    rows: list
    chart: object = None

    @property
    def why(self):
        return WHY[self.queue.code]

    @property
    def day_title(self):
        return DAY_LABELS.get(self.queue.code)

    @property
    def has_notes(self):
        return any(row.note for row in self.rows)

    @property
    def has_actions(self):
        return any(row.actions for row in self.rows)

    @property
    def is_of_jobs(self):
        return self.queue.code == "failed"


@permitted("cards.view_card")
@gzip_page
def queues_page(request):
    return console_page(request, "console/queues.html", Queues(request.user, civil_today()).context())


def _cancelled_by(day):
    """Where the cards of one day are listed."""
    return f"{reverse('console:card-list')}?quick=cancelling&cancels_since={day}&cancels_through={day}"


class Queues:
    """The page's queues on a day, for somebody who may do some of the actions."""

    def __init__(self, user, today):
        self.user, self.actor, self.today = user, console_actor(user), today
        self.snapshot = fleet_snapshot.snapshot(today)

    def context(self):
        counted = queues(self.snapshot, self.today, self.user)
        cancelling = sorted(self.snapshot.document["cancelling"].items())
        charts = {"cancelling": bars(cancelling, url_of=_cancelled_by)} if cancelling else {}
        sections = [QueueSection(counted[code], getattr(self, f"_{code}"), charts.get(code)) for code in WHY]
        return {"sections": sections, "as_of": self.snapshot.as_of}

    @property
    def _cancelling(self):
        return self._rows("cancelling", "cancel_on")

    @property
    def _forced(self):
        return self._rows("forced", "forced_activation_on")

    @property
    def _real_name(self):
        cards = self._few("real_name", "pk")
        checks = RealNameCheck.objects.waiting().filter(card__in=cards).order_by("pk")
        by_card = {check.card_id: (check.submitted_on, str(check)) for check in checks}
        return [self._row("real_name", card, *by_card.get(card.pk, ())) for card in cards]

    @property
    def _parked(self):
        return [self._row("parked", card, note=card.parked_because) for card in self._few("parked", "pk")]

    @property
    def _stray(self):
        return [self._row("stray", card, card.stray_usage_on) for card in self._few("stray", "-stray_usage_on", "pk")]

    @property
    def _quarantine(self):
        waiting = QuarantinedReading.objects.waiting().select_related("card__customer").order_by("pk")
        return [
            self._row("quarantine", reading.card, reading.day, f"{megabytes(reading.bytes)} MB")
            for reading in waiting[:ENTRIES_PER_QUEUE]
        ]

    @property
    def _late(self):
        cards = self._few("late", "not_read__read_at", "pk")
        return [self._row("late", card, card.read_at) for card in cards]

    @property
    def _failed(self):
        jobs = jobs_waiting_for(self.user)["failed"].select_related("owner").order_by("-pk")[:ENTRIES_PER_QUEUE]
        return [
            QueueEntry(
                f"{title_of(job)} #{job.pk}",
                reverse("console:job", args=[job.pk]),
                "",
                owner_of(job),
                note=job.message,
            )
            for job in jobs
        ]

    def _rows(self, code, day):
        return [self._row(code, card, getattr(card, day)) for card in self._few(code, day, "pk")]

    def _few(self, code, *order):
        cards = QUICK[code].cards(Card.objects.all(), self.today)
        return list(cards.select_related("customer").order_by(*order)[:ENTRIES_PER_QUEUE])

    def _row(self, code, card, day=None, note=""):
        is_ahead = isinstance(day, date) and code in ("cancelling", "forced")
        return QueueEntry(
            name=card.iccid,
            url=reverse("console:card", args=[card.iccid]),
            shown=card.shown,
            customer=card.customer.name if card.customer else "",
            day=day,
            days_left=(day - self.today).days if is_ahead else None,
            note=note,
            actions=[
                (label, act_url(action, card.iccid, f"{reverse('console:queues')}#{code}"))
                for action, label in OFFERED.get(code, ())
                if action in self.actor.actions
            ],
        )
