"""Readings of days before a swap, of a file that names SIMs: they belong to the card that had the SIM then.

A night's file tells of yesterday, and lists cards in stock too. Of a card that was swapped this morning the old SIM's
row counts, and the new SIM's zero is no word about it.
"""

from django.db.models import Case, F, Min, Value, When

from cards.choices import Action
from cards.models import CardEvent, StagedReading


def swaps_latest_first():
    """Each swap: the card that was cancelled with the old SIM, the one that goes on, and the day."""
    swaps = CardEvent.objects.filter(action=Action.SWAP).exclude(from_state=F("to_state"))
    told = swaps.order_by("-effective_on", "-pk")
    return list(told.values_list("card_id", "evidence__other_card", "effective_on"))


def give_to_who_had_the_sim(file, swaps):
    """Exchange the cards of the file's readings of days before each of these swaps, the latest swap first."""
    if not swaps:
        return
    staged = StagedReading.objects.filter(file_id=file.pk)
    first = staged.aggregate(first=Min("day"))["first"]
    for old, card, on in swaps:
        if first is None or on <= first:
            return
        exchanged = Case(When(card_id=old, then=Value(card)), default=Value(old))
        staged.filter(card_id__in=(old, card), day__lt=on).update(card_id=exchanged)
