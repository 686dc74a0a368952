"""Limits on guessing. A try is counted before it is known to be right: a hundred at the same moment are a hundred."""

from datetime import timedelta
from typing import NamedTuple

from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cards.models import Tries


class Limit(NamedTuple):
    """At most `most` tries of one thing `within` a time; the last try blocks it for as long again."""

    what: str
    most: int
    within: timedelta


QUARTER_OF_AN_HOUR, ONE_DAY = timedelta(minutes=15), timedelta(days=1)

PASSWORD = Limit("password", 5, QUARTER_OF_AN_HOUR)
PASSWORDS_OF_ADDRESS = Limit("passwords of address", 50, QUARTER_OF_AN_HOUR)
SECOND_FACTOR = Limit("second factor", 5, QUARTER_OF_AN_HOUR)
RESETS_OF_MAIL = Limit("resets of mail", 3, QUARTER_OF_AN_HOUR)
RESETS_OF_ADDRESS = Limit("resets of address", 20, QUARTER_OF_AN_HOUR)
PHONES_OF_PERSON = Limit("phones of person", 10, ONE_DAY)
ACCOUNTS_OF_ADDRESS = Limit("accounts of address", 20, ONE_DAY)
UPLOADS_OF_PERSON = Limit("uploads of person", 100, ONE_DAY)
CLAIMS_OF_CARD = Limit("claims of card", 5, ONE_DAY)
CLAIMS_OF_PERSON = Limit("claims of person", 5, ONE_DAY)


def hit(limit, subject):
    """Count a try; False when none is left. It takes the same statements in any case."""
    now, key = timezone.now(), _key(limit, subject)
    until = now + limit.within
    Tries.objects.bulk_create([Tries(key=key, until=until)], ignore_conflicts=True)
    tries = Tries.objects.filter(key=key)
    tries.filter(until__lte=now).update(count=0, until=until)
    is_last = When(count=limit.most - 1, then=Value(until))
    left = tries.filter(count__lt=limit.most)
    return bool(left.update(count=F("count") + 1, until=Case(is_last, default=F("until"))))


def undo_hit(limit, subject):
    """The try was right: it does not count."""
    Tries.objects.filter(key=_key(limit, subject), count__gt=0).update(count=F("count") - 1)


def reset(limit, subject):
    """The try was right, and those before it are forgiven."""
    Tries.objects.filter(key=_key(limit, subject)).delete()


def delete_expired():
    """Delete counts whose time is over."""
    Tries.objects.filter(until__lte=timezone.now()).delete()


def _key(limit, subject):
    return salted_hmac(f"cards.tries.{limit.what}", str(subject), algorithm="sha256").hexdigest()
