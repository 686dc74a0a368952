"""Usage days that are kept no longer, deleted card by card: a few thousand cards at a time, all of them once a day.

The index of a card's days finds the old ones; an index of days alone would cost every import more than it saves here.
"""

from django.db import connection, transaction

from cards.choices import State
from cards.kept import last_day_over
from cards.models import Card, DeletedUsage

CARDS_LOOKED_AT = 5_000
DAYS_AT_ONCE = {"postgresql": 50_000, "sqlite": 10_000}
# Days that a meter still counts stay, and those of a parked card, which is reckoned anew from them when it goes on.
OLD_DAYS = f"""
    SELECT u.card_id, u.day FROM cards_card AS c JOIN cards_usageday AS u ON u.card_id = c.id AND u.day <= %(day)s
    WHERE c.id > %(after)s AND c.id <= %(through)s AND u.card_id > %(after)s AND u.card_id <= %(through)s
        AND (c.state = '{State.CANCELLED}' OR c.parked = '' AND (
            c.state = '{State.SHUT_DOWN}' OR u.day < COALESCE(c.cycle_from, c.opened_on)
        ))
    LIMIT %(most)s
"""


@transaction.atomic
def delete_old_days():
    """Delete old days of the next cards: how many days, and whether there is more to be done today.

    Of several who come at the same moment one does it, and the others find nothing to do.
    """
    place = _place()
    if place is None or place.through_card is None:
        return 0, False
    cards = Card.objects.filter(pk__gt=place.through_card).order_by("pk").values_list("pk", flat=True)
    last = cards[CARDS_LOOKED_AT - 1 : CARDS_LOOKED_AT].first() or cards.last()
    if last is None:
        return 0, _goes_on(place, None)
    deleted = _delete(place, last)
    return deleted, _goes_on(place, place.through_card if deleted == DAYS_AT_ONCE[connection.vendor] else last)


def days_behind():
    """How many days' usage should be deleted and is not; 0 if all is, or nobody has begun."""
    place = DeletedUsage.objects.first()
    if place is None:
        return 0
    return max((last_day_over("USAGE_MONTHS") - place.day).days, 0) + (place.through_card is not None)


def _place():
    """Where to go on, locked; None while somebody else is at it. A new day begins once the one before is done."""
    day = last_day_over("USAGE_MONTHS")
    DeletedUsage.objects.get_or_create(pk=1, defaults={"day": day})
    place = DeletedUsage.objects.select_for_update(skip_locked=True).first()
    if place and place.through_card is None and place.day < day:
        place.day, place.through_card = day, 0
    if place:
        place.day = min(place.day, day)  # somebody may have thought better of a shorter time, midway
    return place


def _delete(place, last):
    among = {"day": str(place.day), "after": place.through_card, "through": last}
    with connection.cursor() as cursor:
        most = DAYS_AT_ONCE[connection.vendor]
        cursor.execute(f"DELETE FROM cards_usageday WHERE (card_id, day) IN ({OLD_DAYS})", among | {"most": most})
        return cursor.rowcount


def _goes_on(place, through_card):
    place.through_card = through_card
    place.save()
    return through_card is not None
