"""Limits on guessing. A try is counted before it is known to be right: a hundred at the same moment are a hundred."""

from datetime import timedelta
from typing import NamedTuple

from django.db.models import Case, F, Value, When
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cards.models import Tries


class Limit(NamedTuple):
    """So many tries of one thing in a stretch of time; the last one shuts the door for as long again."""

    what: str
    most: int
    within: timedelta


QUARTER_OF_AN_HOUR, DAY = timedelta(minutes=15), timedelta(days=1)

PASSWORD = Limit("password", 5, QUARTER_OF_AN_HOUR)
PASSWORDS_OF_ADDRESS = Limit("passwords of address", 50, QUARTER_OF_AN_HOUR)
SECOND_FACTOR = Limit("second factor", 5, QUARTER_OF_AN_HOUR)
RESETS_OF_MAIL = Limit("resets of mail", 3, QUARTER_OF_AN_HOUR)
RESETS_OF_ADDRESS = Limit("resets of address", 20, QUARTER_OF_AN_HOUR)
PHONES_OF_PERSON = Limit("phones of person", 10, DAY)
ACCOUNTS_OF_ADDRESS = Limit("accounts of address", 20, DAY)
CLAIMS_OF_CARD = Limit("claims of card", 5, DAY)
CLAIMS_OF_PERSON = Limit("claims of person", 5, DAY)


def take(limit, who):
    """Count a try; False when none is left. It takes the same statements in any case."""
    now, key = timezone.now(), _key(limit, who)
    until = now + limit.within
    Tries.objects.bulk_create([Tries(key=key, until=until)], ignore_conflicts=True)
    tries = Tries.objects.filter(key=key)
    tries.filter(until__lte=now).update(count=0, until=until)
    is_last = When(count=limit.most - 1, then=Value(until))
    left = tries.filter(count__lt=limit.most)
    return bool(left.update(count=F("count") + 1, until=Case(is_last, default=F("until"))))


def give_back(limit, who):
    """The try was right: it does not count."""
    Tries.objects.filter(key=_key(limit, who), count__gt=0).update(count=F("count") - 1)


def forget(limit, who):
    """The try was right, and so are those before it forgiven."""
    Tries.objects.filter(key=_key(limit, who)).delete()


def forget_old():
    """Put away what counts no more."""
    Tries.objects.filter(until__lte=timezone.now()).delete()


def _key(limit, who):
    return salted_hmac(f"cards.tries.{limit.what}", str(who), algorithm="sha256").hexdigest()
