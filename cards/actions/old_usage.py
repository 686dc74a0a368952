"""Usage days that are kept no longer go, by whole months: card by card, a few thousand cards at a time.

What a card used in a cycle is kept in a row before the first of its days goes. The index of a card's days finds the old
ones; an index of days alone would cost every import more than it saves here.

On PostgreSQL a month that is a part of the table is dropped as a whole once all of its cycles are kept, if no meter
counts a day of it. An example: USAGE_MONTHS is 13, and 31 January 2028 has come. December 2026 is over, and nobody
counts its days any more: 1,000,000 rows of `PastCycle` are written, 2,000 cards at a time, and the part is dropped. If
a card is parked since then, the days of all others are deleted instead, and the part is dropped when it is empty.
"""

from datetime import timedelta

from django.db import connection, transaction

from cards.actions.imports.temporary_tables import analyze, append_rows, make_table
from cards.actions.usage_months import drop_month, months_divided
from cards.calendar import (
    EARLIEST,
    cycle_start,
    days,
    first_of_month,
    last_day,
    last_of_month,
    next_cycle_start,
)
from cards.choices import State
from cards.kept import last_day_over
from cards.models import Card, DeletedUsage, PolicyBook, UsageDay

CARDS_LOOKED_AT = 2_000
DAYS_AT_ONCE = {"postgresql": 50_000, "sqlite": 10_000}
# Days that a meter still counts stay, and those of a parked card, which is reckoned anew from them when it goes on.
GOES = f"""
    (c.state = '{State.CANCELLED}' OR c.parked = '' AND (
        c.state = '{State.SHUT_DOWN}' OR u.day < COALESCE(c.cycle_from, c.opened_on)
    ))
"""
# The range of cards is said of each table: PostgreSQL does not conclude one from another.
OLD_DAYS = f"""
    FROM cards_card AS c JOIN cards_usageday AS u ON u.card_id = c.id AND u.day BETWEEN %(since)s AND %(until)s
    WHERE c.id > %(after)s AND c.id <= %(through)s AND u.card_id > %(after)s AND u.card_id <= %(through)s AND {GOES}
"""
COUNT_OLD_DAYS = f"SELECT c.carrier, u.day, COUNT(*) {OLD_DAYS} GROUP BY c.carrier, u.day"
DELETE_OLD_DAYS = f"""
    DELETE FROM cards_usageday WHERE (card_id, day) IN (SELECT u.card_id, u.day {OLD_DAYS} LIMIT %(most)s)
        AND card_id > %(after)s AND card_id <= %(through)s AND day BETWEEN %(since)s AND %(until)s
"""
# All days of each cycle of which a day goes; where one went before, it stands there already.
KEEP_CYCLES = f"""
    INSERT INTO cards_pastcycle (card_id, cycle_from, cycle_until, bytes)
    SELECT u.card_id, y.cycle_from, y.cycle_until, SUM(u.bytes)
    FROM cards_card AS c
    JOIN cards_usageday AS u ON u.card_id = c.id AND u.day BETWEEN %(first)s AND %(last)s
    JOIN old_cycle AS y ON y.carrier = c.carrier AND y.day = u.day
    WHERE c.id > %(after)s AND c.id <= %(through)s AND u.card_id > %(after)s AND u.card_id <= %(through)s
    GROUP BY u.card_id, y.cycle_from, y.cycle_until
    HAVING SUM(u.bytes) > 0 AND MAX(CASE WHEN u.day <= %(until)s AND {GOES} THEN 1 ELSE 0 END) = 1
    ON CONFLICT DO NOTHING
"""
STILL_COUNTED = f"""
    SELECT EXISTS (
        SELECT 1 FROM cards_card AS c
        JOIN cards_usageday AS u ON u.card_id = c.id AND u.day BETWEEN %(since)s AND %(until)s
        WHERE NOT {GOES} AND (c.parked <> '' OR COALESCE(c.cycle_from, c.opened_on) <= %(until)s)
    )
"""


@transaction.atomic
def delete_old_days():
    """Delete old days of the next cards: how many days, and whether there is more to be done now.

    Of several who come at the same moment one does it, and the others find nothing to do.
    """
    place = _place()
    if place is None or place.through_card is None:
        return 0, False
    cards = Card.objects.filter(pk__gt=place.through_card).order_by("pk").values_list("pk", flat=True)
    last = cards[CARDS_LOOKED_AT - 1 : CARDS_LOOKED_AT].first() or cards.last()
    if last is None:
        return 0, _conclude(place)
    count, is_rest = _take_out(place, last)
    if not is_rest:
        place.through_card = last
    place.save()
    return count, True


def days_behind():
    """For how many days a month's usage should have been deleted and is not; 0 if all is, or nobody has begun."""
    place = DeletedUsage.objects.first()
    if place is None:
        return 0
    due = place.day if place.through_card is not None else last_of_month(_day_after(place.day))
    return max((last_day_over("USAGE_MONTHS") - due).days, 0)


def _day_after(day):
    return day + timedelta(days=1)


def _last_month_over():
    """The last day of the last month of which no day needs to be kept any more."""
    return last_day(first_of_month(_day_after(last_day_over("USAGE_MONTHS"))))


def _place():
    """Where to go on, locked; None while somebody else is at it. A new month begins once the one before is done."""
    day = _last_month_over()
    DeletedUsage.objects.get_or_create(pk=1, defaults={"day": day})
    place = DeletedUsage.objects.select_for_update(skip_locked=True).first()
    if place is None:
        return None
    if _day_after(place.day).day > 1:  # the code of before deleted day by day, and kept no cycle
        place.cycles_since = max(place.cycles_since, _day_after(place.day))
    if place.through_card is None and place.day < day:
        place.day, place.through_card = day, 0
        month = first_of_month(day)
        place.drops_from = month if month in months_divided() and not _is_counted(month) else None
    if place.day > day:  # somebody may have thought better of a shorter time, midway
        place.day, place.drops_from = day, None
    return place


def _is_counted(month):
    """Whether a meter still counts a day of this month."""
    with connection.cursor() as cursor:
        cursor.execute(STILL_COUNTED, {"since": str(month), "until": str(last_of_month(month))})
        return bool(cursor.fetchone()[0])


def _has_days(month):
    return UsageDay.objects.filter(day__range=(month, last_of_month(month))).exists()


def _conclude(place):
    """Drop the months that are over and of which nothing is left to be counted; whether there is more to be done now.

    Where a day of the month to be dropped is counted again meanwhile, the days of all other cards are deleted. Where
    somebody is at work all the time, it is for the next time.
    """
    if place.drops_from and _is_counted(place.drops_from):
        place.drops_from, place.through_card = None, 0
        place.save()
        return True
    over = [month for month in months_divided() if month <= place.day]
    if all(drop_month(month) for month in over if month == place.drops_from or not _has_days(month)):
        place.through_card = None
        place.save()
    return False


def _take_out(place, last):
    """Keep the cycles of these cards, and delete their old days but those of a month that will be dropped.

    How many days that are, and whether there may be more of them.
    """
    among = {"after": place.through_card, "through": last, "since": str(EARLIEST), "until": str(place.day)}
    most = DAYS_AT_ONCE[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(COUNT_OLD_DAYS, among)
        old = cursor.fetchall()
        _keep_cycles(cursor, among, list(_days_of_cycles([of for *of, _days in old], place.cycles_since)))
        to_drop = sum(count for _carrier, day, count in old if place.drops_from and day >= place.drops_from)
        if to_drop == sum(count for *_of, count in old):
            return to_drop, False
        until = last_day(place.drops_from) if place.drops_from else place.day
        cursor.execute(DELETE_OLD_DAYS, among | {"until": str(until), "most": most})
        is_rest = cursor.rowcount == most
        return cursor.rowcount + (0 if is_rest else to_drop), is_rest


def _keep_cycles(cursor, among, cycles):
    if cycles:
        make_table("old_cycle", "carrier varchar(4), day date, cycle_from date, cycle_until date")
        append_rows("old_cycle", ("carrier", "day", "cycle_from", "cycle_until"), cycles)
        analyze(cursor, "old_cycle")
        told = [day for _carrier, day, *_cycle in cycles]
        cursor.execute(KEEP_CYCLES, among | {"first": str(min(told)), "last": str(max(told))})


def _days_of_cycles(known, since):
    """(carrier, day, cycle_from, cycle_until) of every day of the cycles to which these days of carriers belong."""
    policies = PolicyBook.read()

    def cycle(carrier, day):
        cycle_day = policies.cycle_day(carrier, day)
        return cycle_start(day, cycle_day), next_cycle_start(day, cycle_day)

    for carrier, (start, until) in sorted({(carrier, cycle(carrier, day)) for carrier, day in known}):
        if start >= since:
            for day in days(start, last_day(until)):
                if cycle(carrier, day) == (start, until):
                    yield carrier, day, start, until
