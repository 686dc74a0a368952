"""The sweep: every civil day not yet swept, in order, with whatever is due on it (rule 10)."""

import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q
from django.db.models.functions import Cast
from django.utils import timezone

from cards import rules
from cards.actions.lanes import in_lanes
from cards.actions.write import CatchUp, Done, Outcome, Signature, attach_queues, change, in_classes
from cards.calendar import days
from cards.errors import InvariantBroken
from cards.faults import fault_of
from cards.log_context import logged_with
from cards.models import Card, PolicyBook, SweptDay

logger = logging.getLogger(__name__)

CHANGES_KEPT = 10_000
# Cards of a chunk: of more there are more in each class. SQLite keeps other writers waiting for a fifth of a second.
DUE_AT_ONCE = 5_000

BRAKE_FROM_CARDS = 1_000
BRAKE_SHARE = 0.25
BRAKE_FACTOR = 5
BRAKE_NEEDS_DAYS = 30
BRAKE_LOOKS_BACK_DAYS = 100


@dataclass
class Report:
    """What a sweep did, or would do: days, changes (the first 10,000 of them), their counts, parked cards."""

    days: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    parked: list = field(default_factory=list)

    def add(self, outcomes):
        """What became of a chunk of cards."""
        self.counts += changes_by_rule(outcomes)
        self.parked += [(outcome.card.iccid, outcome.parked) for outcome in outcomes if outcome.parked]
        done_to = {key: outcome.done for outcome in outcomes if outcome.done for key in outcome.keys}
        if done_to and len(self.changes) < CHANGES_KEPT:
            self._list(done_to)

    def _list(self, done_to):
        """Each change of each card, in the order of the cards."""
        iccids = dict(Card.objects.filter(pk__among=done_to.keys()).values_list("pk", "iccid"))
        changes = [(iccids[key], done) for key in sorted(done_to) for done in done_to[key]]
        self.changes += changes[: CHANGES_KEPT - len(self.changes)]


def changes_by_rule(outcomes):
    """How many changes of cards there were by each rule."""
    counts = Counter()
    for outcome in outcomes:
        for done in outcome.done:
            counts[str(done.change.rule)] += len(outcome.keys)
    return counts


def sweep(through, progress=None, at=None):
    """Sweep every day not yet swept, up to `through`. Done twice, or twice at once, it changes nothing more.

    `progress`, if given, is called with each day and the number of cards done, after each chunk; `at` is the instant
    that the records say, if it is not now.
    """
    report = Report()
    for day in unswept_days(through):
        report.days.append(day)
        for outcomes in sweep_day(day, at):
            report.add(outcomes)
            if progress:
                progress(day, sum(len(outcome.keys) for outcome in outcomes))
    return report


def sweep_until(day, give_up_at):
    """The sweep that nobody asked for, unless the brake holds it, until `time.monotonic()` is so far.

    Whether nothing is left of the day.
    """
    if brake_holds(day):
        return False
    for chunk, _ in enumerate(sweep_day(day)):
        # What a day has changed and what it has yet to change make the same sum after each chunk.
        if time.monotonic() > give_up_at or (chunk == 0 and brake_holds(day)):
            return False
    return True


def is_swept(day):
    """Whether the day was swept, and nothing has become due by it since."""
    last = last_swept_day()
    return last is not None and last >= day and not Card.objects.due(day).exists()


def last_swept_day():
    """The last day that was swept to its end; None where none was."""
    return SweptDay.objects.filter(finished_at__isnull=False).order_by("-day").values_list("day", flat=True).first()


def brake_holds(day):
    """Whether the day would change far more cards than days usually do, and no human has looked at it yet.

    A mistake in a rule, a policy or the clock touches the whole fleet at once; a portal without a history knows no
    "usually" and is not held, nor is a sweep that a human starts.
    """
    swept = SweptDay.objects.filter(day=day).first()
    if swept is None or swept.released_by:
        return False
    if swept.braked_at is None and _is_far_more_than_usual(swept):
        SweptDay.objects.filter(day=day, braked_at=None).update(braked_at=timezone.now())
        logger.error(
            "The sweep of %s waits for somebody to look at it: it would change far more than usual",
            day,
            extra={"day": day},
        )
        return True
    return swept.braked_at is not None


def release_brake(day, user):
    """Somebody has looked at what the day would change, and releases the sweep; the first release is kept."""
    waiting = SweptDay.objects.filter(day=day, released_by="").exclude(braked_at=None)
    waiting.update(released_by=user.get_username(), released_at=timezone.now())


def _is_far_more_than_usual(swept):
    earlier = SweptDay.objects.filter(day__lt=swept.day, day__gte=swept.day - timedelta(days=BRAKE_LOOKS_BACK_DAYS))
    usual = [day.changes for day in earlier.exclude(finished_at=None)]
    if len(usual) < BRAKE_NEEDS_DAYS:
        return False
    changes = swept.changes + Card.objects.due(swept.day).count()
    least = max(BRAKE_FROM_CARDS, BRAKE_FACTOR * max(usual))
    return changes > least and changes > BRAKE_SHARE * Card.objects.count()


def unswept_days(through):
    """The days to sweep, in order: those after the last one swept, and `through` itself if anything is due by then."""
    last = last_swept_day()
    if last:
        first = last + timedelta(days=1)
    else:  # a new portal begins on the earliest day on which anything is due
        first = Card.objects.due(through).values_list("next_due_on", flat=True).first() or through
    if first <= through:
        return list(days(first, through))
    return [through] if Card.objects.due(through).exists() else []


def sweep_day(day, at=None):
    """Do what is due by `day`, and yield the outcomes of each chunk of cards, which is a transaction of its own.

    A fault keeps its own chunk back and no other; the day is not over then, and the fault is raised at the end.
    """
    signature, faults = at and Signature(at=at), []
    _swept, is_new = SweptDay.objects.get_or_create(day=day)
    if at and is_new:
        SweptDay.objects.filter(day=day).update(started_at=at)
    do = partial(_sweep_chunk, CatchUp(day), signature)
    yield from in_lanes(logged_with(day=day)(partial(_but_for_faults, do, faults)), due_chunks(day))
    if faults:
        raise faults[0]
    SweptDay.objects.filter(day=day, finished_at=None).update(finished_at=at or timezone.now())
    counts = SweptDay.objects.values_list("counts", flat=True).get(day=day)
    logger.info("%s is swept", day, extra={"day": day, "counts": counts})


def _sweep_chunk(work, signature, card_ids):
    began = time.monotonic()
    with transaction.atomic():
        outcomes = change(card_ids, work, signature, in_classes)
        counts = changes_by_rule(outcomes)
        swept = SweptDay.objects.select_for_update().get(day=work.day)
        swept.counts = dict(Counter(swept.counts) + counts)
        swept.save(update_fields=["counts"])
    told = {"day": work.day, "size": len(card_ids), "ms": round((time.monotonic() - began) * 1000), "counts": counts}
    logger.info("A chunk of %s is swept", work.day, extra=told)
    return outcomes


def _but_for_faults(do, faults, card_ids):
    """The outcomes of a chunk; none, and the error noted, if a fault stopped it."""
    try:
        return do(card_ids)
    except Exception as error:
        if not fault_of(error):
            raise
        logger.warning("A chunk of the sweep waits for its next ring", exc_info=error)
        faults.append(error)
        return []


def due_chunks(day):
    """Ids of the cards due by `day`, in chunks. The cursor spares each chunk the walk over those already done."""
    cursor = None
    while True:
        cards = Card.objects.due(day)
        if cursor:
            cards = cards.after(*cursor)
        # As text: a day of each card would be read, and only that of the last one is asked for.
        chunk = list(cards.values_list(Cast("next_due_on", CharField()), "id")[:DUE_AT_ONCE])
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
        cards = attach_queues(Card.objects.filter(pk__among=set(card_ids)).order_by("next_due_on", "pk"))
        report.add([_foreseen(card, through, policies) for card in cards])
    report.changes.sort(key=lambda change: change[1].change.on)
    return report


def _foreseen(card, through, policies):
    outcome = Outcome(card)
    try:
        rules.check(card)
        state = card.state
        for change in rules.catch_up(card, through, policies):
            outcome.done.append(Done(change, state, card.state, 0))
            state = card.state
    except InvariantBroken as broken:
        outcome.parked = str(broken)
    return outcome


def braked_days():
    """Days whose sweep waits for somebody to look at it, because it would change far more cards than usual.

    Among them today, where what became due after its sweep was finished is too much.
    """
    waiting = SweptDay.objects.filter(braked_at__isnull=False, released_by="")
    last = SweptDay.objects.filter(finished_at__isnull=False).order_by("-day").values("day")[:1]
    return waiting.filter(Q(finished_at=None) | Q(Exists(Card.objects.due(OuterRef("day"))), day=last))
