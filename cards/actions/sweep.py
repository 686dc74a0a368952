"""The sweep: every civil day not yet swept, in order, with whatever is due on it (rule 10)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.utils import timezone

from cards import rules
from cards.actions.write import CHUNK, CatchUp, Done, Outcome, attach_queues, change
from cards.calendar import days
from cards.errors import InvariantBroken
from cards.models import Card, PolicyBook, SweptDay

LISTED = 10_000


@dataclass
class Report:
    """What a sweep did, or would do: days, changes (the first 10,000 of them), their counts, parked cards."""

    days: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    parked: list = field(default_factory=list)

    def add(self, outcome):
        for done in outcome.done:
            self.counts[str(done.change.rule)] += 1
            if len(self.changes) < LISTED:
                self.changes.append((outcome.card.iccid, done))
        if outcome.parked:
            self.parked.append((outcome.card.iccid, outcome.parked))


def sweep(through, progress=None):
    """Sweep every day not yet swept, up to `through`. Done twice, or twice at once, it changes nothing more.

    `progress`, if given, is called with each day and the number of cards done, after each chunk.
    """
    report = Report()
    for day in unswept_days(through):
        report.days.append(day)
        sweep_day(day, report, progress)
    return report


def unswept_days(through):
    """The days to sweep, in order: those after the last one swept, and `through` itself if anything is due by then."""
    last = SweptDay.objects.filter(finished_at__isnull=False).order_by("-day").values_list("day", flat=True).first()
    first = last + timedelta(days=1) if last else _first_day_with_work(through)
    if first <= through:
        return list(days(first, through))
    return [through] if Card.objects.due(through).exists() else []


def sweep_day(day, report, progress=None):
    """Do what is due by `day`, a chunk of cards at a time, each chunk in a transaction of its own."""
    swept, _ = SweptDay.objects.get_or_create(day=day)
    for card_ids in due_chunks(day):
        with transaction.atomic():
            # The row of the day is the lock: sweeps that meet take turns, chunk by chunk.
            swept = SweptDay.objects.select_for_update().get(day=day)
            chunk = Report()
            for outcome in change(card_ids, CatchUp(day)):
                chunk.add(outcome)
                report.add(outcome)
            swept.counts = dict(Counter(swept.counts) + chunk.counts)
            swept.save(update_fields=["counts"])
        if progress:
            progress(day, len(card_ids))
    SweptDay.objects.filter(day=day, finished_at=None).update(finished_at=timezone.now())


def due_chunks(day):
    """Ids of the cards due by `day`, in chunks. The cursor spares each chunk the walk over those already done."""
    cursor = None
    while True:
        cards = Card.objects.due(day)
        if cursor:
            cards = cards.after(*cursor)
        chunk = list(cards.values_list("next_due_on", "id")[:CHUNK])
        if not chunk:
            return
        cursor = chunk[-1]
        yield [card_id for _, card_id in chunk]


def dry_run(through, chunks=None):
    """What a sweep up to `through` would do: the same rules on copies, nothing written and nothing locked.

    `chunks` stops the looking ahead after so many chunks of cards, for a page that somebody waits for.
    """
    report, policies = Report(), PolicyBook.read()
    report.days = unswept_days(through)
    for card_ids in islice(due_chunks(through), chunks):
        for card in attach_queues(Card.objects.filter(pk__in=card_ids).order_by("next_due_on", "pk")):
            _foresee(card, through, policies, report)
    report.changes.sort(key=lambda change: change[1].change.on)
    return report


def _first_day_with_work(through):
    """Where a new portal begins: the earliest day on which anything is due."""
    return Card.objects.due(through).values_list("next_due_on", flat=True).first() or through


def _foresee(card, through, policies, report):
    outcome = Outcome(card)
    try:
        rules.check(card)
        state = card.state
        for change in rules.catch_up(card, through, policies):
            outcome.done.append(Done(change, state, card.state, 0))
            state = card.state
    except InvariantBroken as broken:
        outcome.parked = str(broken)
    report.add(outcome)
