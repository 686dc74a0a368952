"""Everything that is written about a range of cards, read for the proof."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from cards.choices import State
from cards.models import Card, CardEvent, CardTag, DeviceBinding, KnownOwner, RealNameCheck, ServiceTerm, UsageDay

ROWS_AT_ONCE = 1_000
METERS_AT_ONCE = 20_000


@dataclass(slots=True)
class Records:
    """Everything that is written about one card."""

    card: Card
    events: list[CardEvent] = field(default_factory=list)
    terms: list[ServiceTerm] = field(default_factory=list)
    bindings: list[DeviceBinding] = field(default_factory=list)
    checks: list[RealNameCheck] = field(default_factory=list)
    tags: list[CardTag] = field(default_factory=list)
    owners: list[KnownOwner] = field(default_factory=list)
    told_bytes: int = 0  # of the days of the meter that runs


def read_records(cards: list[Card]) -> Collection[Records]:
    """Everything about these cards, which are in the order of their keys."""
    if not cards:
        return ()
    records = {card.pk: Records(card) for card in cards}
    companions: tuple[tuple[Any, str, str], ...] = (
        (CardEvent, "events", "seq"),
        (ServiceTerm, "terms", "number"),
        (DeviceBinding, "bindings", "pk"),
        (RealNameCheck, "checks", "pk"),
        (CardTag, "tags", "tag__name"),
        (KnownOwner, "owners", "version"),
    )
    for model, name, order in companions:
        rows = model.objects.filter(card__among=records.keys()).order_by("card_id", order)
        rows = rows.select_related("tag") if model is CardTag else rows
        for row in rows.iterator(ROWS_AT_ONCE):
            getattr(records[row.card_id], name).append(row)
    for card_id, told in told_since_the_meter_began(list(records)):
        records[card_id].told_bytes = told
    return records.values()


def told_since_the_meter_began(card_ids: Collection[int]) -> QuerySet[UsageDay, tuple[int, int]]:
    """(key, bytes) of the days from `Card.meter_from` on, of these cards where a meter runs and something is told."""
    days = UsageDay.objects.filter(_since_the_meter_began(), card__among=card_ids)
    return days.order_by().values_list("card_id").annotate(Sum("bytes"))


def with_other_counters(after: int, through: int) -> QuerySet[Card]:
    """The cards of a range of keys, with a meter that runs, that have not used what is told of its days."""
    told = UsageDay.objects.filter(_since_the_meter_began(OuterRef, ""), card=OuterRef("pk"))
    sums = told.order_by().values("card").annotate(told=Sum("bytes")).values("told")
    runs = Q(state=State.TESTING) | Q(resumes_to=State.TESTING) | Q(cycle_from__isnull=False)
    cards = Card.objects.filter(runs, pk__gt=after, pk__lte=through, parked="").exclude(state=State.CANCELLED)
    return cards.exclude(used_bytes=Coalesce(Subquery(sums), 0)).order_by("pk")


def _since_the_meter_began(column: type[F] = F, path: str = "card__") -> Q:
    """The days from `Card.meter_from` on, of a meter that runs; by the card's columns under `path`."""
    began = Coalesce(column(f"{path}cycle_from"), column(f"{path}opened_on"))
    counted_from = Coalesce(column(f"{path}counted_from"), column(f"{path}opened_on"))
    return Q(day__gte=began) & Q(day__gte=counted_from)
