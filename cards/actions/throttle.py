"""Limits on guessing. A try is counted before it is known to be right: a hundred at the same moment are a hundred."""

from datetime import timedelta
from itertools import chain
from typing import NamedTuple

from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cards.models import Tries


class Limit(NamedTuple):
    """At most `most` tries of one thing `within` a time; the last try blocks it for as long again."""

    what: str
    most: int
    within: timedelta

    def allowed(self, now):
        """Of which counts another try is allowed."""
        return "tries.count < %s", (self.most,)

    def until(self, now):
        """How long a try of now counts."""
        return "CASE WHEN tries.count = %s THEN %s ELSE tries.until END", (self.most - 1, _adapted(now + self.within))


class Slowdown(NamedTuple):
    """`free` tries of one thing, then each a while after the one before: after each of the `waits` in turn, and from
    then on after the last of them. It is forgotten `within` a time in which nothing was tried."""

    what: str
    free: int
    waits: tuple[timedelta, ...]
    within: timedelta

    def allowed(self, now):
        """Of which counts another try is allowed. One that came too early does not count, so nobody waits for ever."""
        waits = [(count, self._until_after(now, wait)) for count, wait in enumerate(self.waits, self.free)]
        after = f"CASE tries.count {'WHEN %s THEN %s ' * len(waits)}ELSE %s END"
        slowed = (*chain.from_iterable(waits), self._until_after(now, self.waits[-1]))
        return f"tries.count < %s OR tries.until <= {after}", (self.free, *slowed)

    def until(self, now):
        return "%s", (_adapted(now + self.within),)

    def _until_after(self, now, wait):
        """Until when a try counts that was this wait ago."""
        return _adapted(now - wait + self.within)


QUARTER_OF_AN_HOUR, ONE_HOUR, ONE_DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
GROWING = tuple(timedelta(seconds=seconds) for seconds in (5, 10, 20, 40, 60))

PASSWORD = Slowdown("password", 5, GROWING, QUARTER_OF_AN_HOUR)
PASSWORDS_OF_DEVICE = Limit("passwords of device", 5, QUARTER_OF_AN_HOUR)
PASSWORDS_OF_ADDRESS = Limit("passwords of address", 50, QUARTER_OF_AN_HOUR)
CONFIRMATIONS = Limit("confirmations", 5, QUARTER_OF_AN_HOUR)
WARNINGS_OF_OWNER = Limit("warnings of owner", 1, timedelta(hours=6))
# What the audit list is told: a machine that guesses or crawls does not fill it.
REFUSED_LOGINS_TOLD = Limit("refused logins told", 1, ONE_HOUR)  # of a user name
REFUSED_LOGINS_OF_ALL = Limit("refused logins of all told", 200, ONE_HOUR)  # of all who have an account
REFUSED_LOGINS_OF_NOBODY = Limit("refused logins of nobody told", 200, ONE_HOUR)  # of all other names
REFUSED_PAGES_TOLD = Limit("refused pages told", 1, ONE_HOUR)  # of a person and a page
REFUSED_PAGES_OF_PERSON = Limit("refused pages of person told", 20, ONE_HOUR)
SECOND_FACTOR = Limit("second factor", 5, QUARTER_OF_AN_HOUR)
RESETS_OF_MAIL = Limit("resets of mail", 3, QUARTER_OF_AN_HOUR)
RESETS_OF_ADDRESS = Limit("resets of address", 20, QUARTER_OF_AN_HOUR)
PHONES_OF_PERSON = Limit("phones of person", 10, ONE_DAY)
ACCOUNTS_OF_ADDRESS = Limit("accounts of address", 20, ONE_DAY)
MAILS_OF_INVITATION = Limit("mails of invitation", 1, timedelta(minutes=5))
UPLOADS_OF_PERSON = Limit("uploads of person", 100, ONE_DAY)
CLAIMS_OF_CARD = Limit("claims of card", 5, ONE_DAY)
CLAIMS_OF_PERSON = Limit("claims of person", 5, ONE_DAY)
# Of people without an account.
NUMBERS_OF_ADDRESS = Limit("numbers of address", 10, ONE_HOUR)
TRIES_OF_NUMBER = Limit("tries of number", 20, ONE_HOUR)
RECEIPTS_OF_ADDRESS = Limit("receipts of address", 10, ONE_HOUR)
ORDERS_OF_ADDRESS = Limit("orders of address", 30, ONE_HOUR)
BEGINNINGS_OF_PAYMENT = Limit("beginnings of payment", 30, ONE_HOUR)  # at its provider; one is good for four minutes
GUESTS_ORDERS_OF_CARD = Limit("guests' orders of card", 20, ONE_HOUR)


# One statement, and the same one in any case: a hundred at the same moment come one after another.
COUNT = """
INSERT INTO cards_tries AS tries (key, count, until) VALUES (%s, 1, %s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN tries.until <= %s THEN 1 ELSE tries.count + 1 END,
    until = CASE WHEN tries.until <= %s THEN %s ELSE {until} END
WHERE tries.until <= %s OR {allowed}
"""


def hit(limit, subject):
    """Count a try; False when none is left. What is over begins anew."""
    at = timezone.now()
    now, over = _adapted(at), _adapted(at + limit.within)
    until, in_until = limit.until(at)
    allowed, in_allowed = limit.allowed(at)
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT.format(until=until, allowed=allowed),
            (_key(limit, subject), over, now, now, over, *in_until, now, *in_allowed),
        )
        return bool(cursor.rowcount)


def is_slowed(slowdown, subject):
    """Whether the free tries are used up."""
    return Tries.objects.filter(key=_key(slowdown, subject), count__gte=slowdown.free).exists()


def undo_hit(limit, subject):
    """The try was right: it does not count."""
    Tries.objects.filter(key=_key(limit, subject), count__gt=0).update(count=F("count") - 1)


def reset(limit, subject):
    """The try was right, and those before it are forgiven."""
    Tries.objects.filter(key=_key(limit, subject)).delete()


def _adapted(instant):
    return connection.ops.adapt_datetimefield_value(instant)


def _key(limit, subject):
    return salted_hmac(f"cards.tries.{limit.what}", str(subject), algorithm="sha256").hexdigest()
