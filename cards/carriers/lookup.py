"""What this room's rows are asked for, as conditions."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from cards.carriers.choices import OPEN_COMMANDS, CommandState, LineStep
from cards.carriers.models import CarrierAccount, Command, Drift, Line
from cards.models import Card, Job

OPEN_ORDER = Q(state__in=OPEN_COMMANDS)
ORDER_BY_HAND = Q(state=CommandState.BY_HAND)
NOT_REPLACED = ~Q(state=CommandState.SUPERSEDED)
# What the carrier still owes an answer to, or gets to hear only later.
ON_ITS_WAY = OPEN_ORDER & ~ORDER_BY_HAND
CONFIRMED_ORDER = Q(state=CommandState.CONFIRMED)
ENDS_COUNTED = (CommandState.CONFIRMED, CommandState.REFUSED, CommandState.UNKNOWN)
WITHOUT_OUTCOME = Q(step=LineStep.UNKNOWN)


def open_drifts_of(card: Card) -> QuerySet[Drift]:
    """The differences of a card that nobody has settled, the oldest first."""
    return Drift.objects.open().filter(card=card).order_by("pk")


def step_of_card() -> Subquery:
    """Where each card of a query stands between the portal and its carrier; no value where it has no line."""
    return Subquery(Line.objects.filter(card=OuterRef("pk")).values("step"))


def at_step(step: str) -> Exists:
    """Whether a card of a query stands there."""
    return Exists(Line.objects.filter(step=step, card=OuterRef("pk")))


def orders_about(card: Card, since_seq: int = 0) -> QuerySet[Command]:
    """The orders of a card from its record of that number on, the newest first."""
    return Command.objects.filter(card=card, seq__gte=since_seq).order_by("-pk")


def orders_of_job(job: Job, state: str = "") -> QuerySet[Command]:
    """The orders that came of a job: those in this state, or else those on their way."""
    return Command.objects.filter(Q(state=state) if state else ON_ITS_WAY, job=job)


def left_by_hand(account: CarrierAccount) -> QuerySet[Command]:
    """What nobody can order of this account's carrier, and somebody has to have done there."""
    return Command.objects.filter(ORDER_BY_HAND, account=account)


def counts_of_job(job: Job) -> dict[str, int]:
    """How many orders to carriers came of a job, by their states."""
    return dict(Command.objects.filter(job=job).order_by().values_list("state").annotate(Count("pk")))
