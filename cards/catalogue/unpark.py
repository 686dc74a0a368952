import json
from collections.abc import Iterator
from datetime import date

from cards import rules
from cards.catalogue.action import ActionType
from cards.choices import Action
from cards.errors import InvariantBroken, Refused
from cards.guards import Asked
from cards.models import Card, CardEvent, UsageDay
from cards.quantities import MB
from cards.rules import Change


def is_parked(card: Card, request: Asked) -> None:
    if not card.parked:
        raise Refused("not_parked")


def facts_agree_again(card: Card, request: Asked) -> None:
    try:
        rules.check(card)
    except InvariantBroken as broken:
        raise Refused("still_broken", parked=broken.written()) from None


def reckon_meter(card: Card) -> None:
    """What the days of the running cycle, or of the test, come to, with what the card was taken over with in it."""
    days = UsageDay.objects.filter(card_id=card.pk, day__gte=card.meter_from, bytes__gt=0)
    used = dict(days.values_list("day", "bytes"))
    card.used_bytes = sum(used.values()) + _taken_over_with(card)
    card.used_on = max([*used, *filter(None, [card.used_on])], default=None)


def _taken_over_with(card: Card) -> int:
    """The bytes that a card was taken over with in the cycle, or test, that still runs."""
    if card.counted_from != card.meter_from:
        return 0
    told = CardEvent.objects.filter(card_id=card.pk, action__in=(Action.ADOPT, Action.UPDATE)).order_by("-seq")
    for action, evidence in told.values_list("action", "evidence"):
        if action == Action.ADOPT or "anew" in evidence:
            used_mb: float = evidence.get("anew", evidence).get("used_mb", 0)
            return round(used_mb * MB)
    return 0


def hear_of_device(card: Card) -> None:
    """Where the readings that were kept meanwhile saw the card last."""
    days = UsageDay.objects.filter(card_id=card.pk, day__gte=card.seen_on or card.opened_on).exclude(imei="")
    told = days.order_by("-day").values_list("imei", "day").first()
    if told and not card.is_over:
        card.hears_of_device(*told)


class Unpark(ActionType):
    """The card's data were corrected, and the rules apply to it again."""

    word = Action.UNPARK
    guards = (is_parked, facts_agree_again)
    is_for_parked_cards = True
    roles = ("operations",)

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        change.evidence = {"was": json.loads(InvariantBroken.read(card.parked).written())}
        card.parked = ""
        hear_of_device(card)
        if card.is_in_test or (card.term_runs and not card.cycle_is_over(change.on)):
            reckon_meter(card)

    def aftermath(self, card: Card, request: Asked, day: date) -> Iterator[Change]:
        """Readings were kept meanwhile: of a card that is still unused they are its first use.

        Where its cycle or term has ended meanwhile, the meter of the one that runs now is reckoned too.
        """
        if card.is_silent:
            reckon_meter(card)
            if card.used_bytes and (first_use := rules.due(card, day)):
                rules.perform(card, first_use, request.policies)
                rules.settle(card, first_use.on)
                yield first_use
        if card.term_runs and not card.cycle_is_over(day):
            reckon_meter(card)
            rules.settle(card, card.changed_on)
            yield from rules.catch_up(card, day, request.policies)


ACTION = Unpark()
