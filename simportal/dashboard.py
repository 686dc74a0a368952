"""The console's first page: how many cards are where, what comes next, and what needs a person's eye."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.db.models import Count

from cards.calendar import civil_today, days
from cards.choices import Hold, State
from cards.models import Card, SweptDay, UsageDay
from cards.views import console_page, staff_required

DAYS_AHEAD = 7


@dataclass(frozen=True)
class Figure:
    """A number of cards in a state or stopped by a hold; `carried` counts a hold also where another one is shown."""

    code: str
    label: str
    cards: int
    carried: int = 0


@staff_required
def dashboard(request):
    today = civil_today()
    context = {
        "states": state_figures(),
        "holds": hold_figures(),
        "agenda": Agenda(today),
        "sweep": LastSweep(today),
        "newest_usage": UsageDay.objects.order_by("-pk").values("day", "read_at").first(),
        "parked": Card.objects.parked().count(),
        "stray": Card.objects.filter(stray_usage_on__isnull=False).count(),
    }
    context["in_all"] = sum(figure.cards for figure in context["states"])
    return console_page(request, "console/dashboard.html", context)


def state_figures():
    counts = dict(Card.objects.order_by().values_list("state").annotate(Count("pk")))
    return [Figure(state.value, state.label, counts.get(state, 0)) for state in State]


def hold_figures():
    """The suspended cards by the hold they show, the one with the highest precedence, and by each they carry."""
    shown, carried = dict.fromkeys(Hold, 0), dict.fromkeys(Hold, 0)
    stopped = Card.objects.filter(state=State.SUSPENDED).exclude(holds="")
    for codes, cards in stopped.order_by().values_list("holds").annotate(Count("pk")):
        holds = codes.split(",")
        shown[holds[0]] += cards
        for hold in holds:
            carried[hold] += cards
    return [Figure(hold.value, hold.label, shown[hold], carried[hold]) for hold in Hold]


class Agenda:
    """On how many cards something is due: by today and not done yet, and on each of the days ahead."""

    def __init__(self, today):
        until = today + timedelta(days=DAYS_AHEAD)
        due = Card.objects.filter(next_due_on__lte=until).order_by()
        counts = dict(due.values_list("next_due_on").annotate(Count("pk")))
        self.overdue = sum(cards for day, cards in counts.items() if day <= today)
        self.days = [(day, counts.get(day, 0)) for day in days(today + timedelta(days=1), until)]
        self.most = max(1, *(cards for _, cards in self.days))


class LastSweep:
    """The last day that was swept, and whether the portal is behind: today's sweep comes just after midnight."""

    def __init__(self, today):
        self.today = today

    @cached_property
    def day(self):
        return SweptDay.objects.filter(finished_at__isnull=False).order_by("-day").first()

    @property
    def days_behind(self):
        return (self.today - self.day.day).days if self.day else 0

    @property
    def is_behind(self):
        return self.days_behind > 1
