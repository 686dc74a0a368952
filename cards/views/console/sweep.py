"""The sweep's page: what the last nights did, what tonight will do, and what needs a person's eye."""

from collections import Counter
from datetime import date, timedelta

from django.contrib import messages
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cards.actions.action_requests import act
from cards.actions.sweep import DUE_AT_ONCE, braked_days, dry_run, is_swept, release_brake
from cards.calendar import civil_today
from cards.choices import Action, DayStep, Rule, State, label_of
from cards.models import Card, DaysAtWork, StepOfDay, SweptDay
from cards.pages.badges import Badge
from cards.pages.frames import console_page, permitted
from cards.permissions import Actor
from cards.phrases import pair

MAY_SWEEP = "cards.sweep_card"
NIGHTS = 30
ROWS_LISTED = 200
CUSTOMERS_LISTED = 12
CHUNKS_LOOKED_AT = 2


@permitted("cards.view_sweptday")
def sweep_page(request):
    context = {
        "tonight": Tonight(civil_today() + timedelta(days=1)),
        "behind": Behind(civil_today()),
        "nights": last_nights(),
        "parked": Card.objects.parked().select_related("customer").order_by("pk")[:ROWS_LISTED],
        "may_unpark": Action.UNPARK in Actor.of(request.user).actions,
        "braked": braked_days(),
        "may_sweep": request.user.has_perm(MAY_SWEEP),
        "stray": stray_cards()[:ROWS_LISTED],
        "listed": ROWS_LISTED,
    }
    return console_page(request, "console/sweep.html", context)


@permitted("cards.unpark_card")
@require_POST
def unpark(request, iccid):
    """Unpark a card, if its data are consistent by now; says what became of it on the sweep's page."""
    card = get_object_or_404(Card, iccid=iccid)
    (outcome,) = act(Action.UNPARK, [card.pk], actor=Actor.of(request.user), reason=request.POST.get("reason", ""))
    if outcome.refused:
        messages.error(request, pair(iccid, outcome.refused))
    else:
        messages.success(request, _("{iccid} was unparked.").format(iccid=iccid))
    return redirect("console:sweep")


@permitted(MAY_SWEEP)
@require_POST
def release(request):
    """Release the sweep of a day that the brake holds, by somebody who looked at what it would change."""
    swept = next((swept for swept in braked_days() if str(swept.day) == request.POST.get("day")), None)
    if swept is None:
        raise Http404
    release_brake(swept.day, request.user)
    messages.success(request, _("The sweep for {day} resumes within a minute.").format(day=swept.day))
    return redirect("console:sweep")


def stray_cards():
    """Cards that were used although their service had ended: the carrier has not stopped what should be stopped."""
    return (
        Card.objects.filter(stray_usage_on__isnull=False).select_related("customer").order_by("-stray_usage_on", "pk")
    )


def last_nights():
    """The last `NIGHTS` that were swept, each with the steps that came after."""
    nights, at_work = SweptDay.objects.all()[:NIGHTS], DaysAtWork.objects.first()
    steps = {(row.day, row.step): row for row in StepOfDay.objects.filter(day__in=[night.day for night in nights])}
    first_day = at_work.first_day if at_work else date.max
    return [Night(swept, steps if swept.day >= first_day else None) for swept in nights]


class Behind:
    """The first day before today of which something is left to be done, and what that is; false if there is none."""

    def __init__(self, today):
        at_work = DaysAtWork.objects.first()
        self.day, self.today = at_work.first_open_day if at_work else today, today
        self.is_held = at_work is not None and at_work.is_held(today)

    def __bool__(self):
        return self.day < self.today

    @property
    def step(self):
        """What waits: the sweep, or the first step after it that is not behind us."""
        if not is_swept(self.day):
            return SweptDay._meta.verbose_name
        return StepOfDay.left(self.day)[0].label


class Night:
    """A swept day: how long it took, how often each rule did something, and how far the steps after the sweep are.

    `steps` are the rows of steps by day and step; None of a day of which only the sweep is done.
    """

    def __init__(self, swept, steps=None):
        self.is_today = swept.day == civil_today()
        self.steps = [] if steps is None else [step_badge(step, steps.get((swept.day, step))) for step in DayStep]
        self.day, self.changes = swept.day, swept.changes
        self.seconds = (swept.finished_at - swept.started_at).total_seconds() if swept.finished_at else None
        self.rules = by_rule(swept.counts)
        self.released_by, self.released_at = swept.released_by, swept.released_at


def step_badge(step, row):
    """How far a step of a day is; without a row it has still to be done."""
    if row is None:
        return Badge(pair(step.label, _("waiting")), "")
    if row.gave_up:
        return Badge(pair(step.label, _("gave up")), "bad")
    if row.finished_at:
        return Badge(step.label, "good")
    failed = ngettext("failed {count} time, trying again", "failed {count} times, trying again", row.tries)
    return Badge(pair(step.label, failed.format(count=row.tries)), "warning")


class Tonight:
    """The dry run of the next sweep, of as many of the due cards as a page can wait for."""

    def __init__(self, day):
        self.day = day
        due = Card.objects.due(day)
        self.cards = due.count()
        self.looked_at = min(self.cards, CHUNKS_LOOKED_AT * DUE_AT_ONCE)
        report = dry_run(day, chunks=CHUNKS_LOOKED_AT)
        self.rules, self.would_park = by_rule(report.counts), report.parked
        self.total = sum(report.counts.values())
        self.changes = [TonightsChange(iccid, done) for iccid, done in report.changes[:ROWS_LISTED]]
        by_customer = due.order_by().values_list("customer__name").annotate(cards=Count("pk"))
        self.customers = by_customer.order_by("-cards")[:CUSTOMERS_LISTED]

    @property
    def is_cut(self):
        return self.looked_at < self.cards


class TonightsChange:
    """One change of tonight, as people read it."""

    def __init__(self, iccid, done):
        self.iccid, self.day = iccid, done.change.on
        self.action, self.rule = label_of(Action, done.change.action), label_of(Rule, done.change.rule)
        self.before, self.after = State(done.from_state), State(done.to_state)


def by_rule(counts):
    """(the rule's sentence, how often), the most frequent first."""
    return [(label_of(Rule, rule), count) for rule, count in Counter(counts).most_common()]
