"""What others hear of cards: their records, pulled in order, each handed on once for each reader.

Records get their keys before they are committed, so behind the newest one a lower key may still come to light. On
PostgreSQL a reader therefore goes no further than a mark behind which nothing can: the highest key that was there
before a transaction of its own began, once every older transaction is over. That counts on a transaction having its
number before its first record has its key: locking the card's row gives it (`write.lock`), or inserting the card
(`write.create`). SQLite has one writer at a time: what is there is in order.
"""

from django.db import connection, transaction
from django.db.models import Max

from cards.models import CardEvent, EventCursor

RECORDS_PER_PULL = 2_000

OWN_NUMBER = "SELECT pg_current_xact_id()::text::bigint"
OLDEST_AT_WORK = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def pull(reader, handle, limit=RECORDS_PER_PULL, actions=None, rows=CardEvent.objects):
    """Hand the next records (of these actions) to `handle`, at most so many; their number, 0 when none is left.

    Others than cards' are those `rows`, of a table into which whoever writes calls `take_number` first.

    What `handle` does and how far the reader has come are one transaction: if it fails, nothing has happened, and the
    same records come again. Two pulls of a reader at once wait for each other.
    """
    newest = newest_key(rows.model)
    events = []
    with transaction.atomic(durable=True):
        place = place_of(reader, newest)
        if is_settled(place):
            following = rows.filter(pk__gt=place.through, pk__lte=place.mark).order_by("pk")
            events = list((following.filter(action__in=actions) if actions else following)[:limit])
            place.through = events[-1].pk if len(events) == limit else place.mark
        if events:
            handle(events)
        place.save()
    return len(events)


def skip_to_newest(reader):
    """Go on behind the newest record there is, for a reader that looks at everything instead.

    A record with a lower key that comes to light after it is not handed on.
    """
    newest = newest_key(CardEvent)
    EventCursor.objects.update_or_create(reader=reader, defaults={"through": newest, "mark": newest, "horizon": 0})


def is_there_news(reader, model=CardEvent):
    """Whether there is what the reader has not handled, be it that an older transaction holds it back."""
    through = EventCursor.objects.filter(reader=reader).values_list("through", flat=True).first()
    return newest_key(model) > (through or 0)


def newest_key(model):
    """The highest key that is there; to be asked before the transaction of `place_of` begins."""
    return model.objects.aggregate(newest=Max("pk"))["newest"] or 0


def place_of(reader, newest):
    """The reader's place, locked. Where all up to its mark was handled, the mark goes on to the `newest` key."""
    EventCursor.objects.get_or_create(reader=reader)
    place = EventCursor.objects.select_for_update().get(pk=reader)
    if place.through == place.mark < newest:
        place.mark = newest
        place.horizon = take_number()
    return place


def is_settled(place):
    """Whether everything up to the mark is there: no transaction is at work that is older than the horizon."""
    return connection.vendor == "sqlite" or _one_value(OLDEST_AT_WORK) >= place.horizon


def take_number():
    """Give the transaction its number, before a row that nothing else gives it for takes its key; 0 on SQLite."""
    return _one_value(OWN_NUMBER) if connection.vendor == "postgresql" else 0


def _one_value(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
