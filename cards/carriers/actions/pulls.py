"""What is fetched from a carrier for all cards of an account, and when; `fetching.py` does it.

Carriers that tell days are asked for yesterday in the morning and once more later, and once for each of the two days
before, because bills come late; what they tell of a month is compared with its days. Carriers that count by cycle are
asked in the morning and last before midnight, when the day's usage is nearly complete. Cards that a carrier lists as
changed are looked at. Times are Beijing time.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.calendar import add_months, civil_today, cycle_start, days, first_of_month
from cards.carriers.choices import Can, PullKind
from cards.carriers.models import CarrierAccount, Pull
from cards.carriers.protocols import PROTOCOLS, protocol_of, setting_of
from cards.errors import BadInput

MOST_DAYS_MADE_UP_FOR = 7


@dataclass(frozen=True)
class PullTime:
    """A pull of each day: at which time it begins, and of how many days before that."""

    kind: str
    at: time
    days_back: int
    round: int


BY_DAY = (
    PullTime(PullKind.USAGE_DAY, time(6, 30), 1, 1),
    PullTime(PullKind.USAGE_DAY, time(10), 1, 2),
    PullTime(PullKind.USAGE_DAY, time(6, 30), 2, 3),
    PullTime(PullKind.USAGE_DAY, time(6, 30), 3, 4),
)
BY_CYCLE = (PullTime(PullKind.USAGE_CYCLE, time(6, 30), 0, 1), PullTime(PullKind.USAGE_CYCLE, time(23, 30), 0, 2))
_LISTS = tuple(PullTime(PullKind.CHANGED, time(hour, 15), 0, number) for number, hour in enumerate((5, 11, 17, 23), 1))
OF_MONTH_ON, OF_MONTH_AT = 2, time(8)
ASKED_FOR = 10  # the first round of pulls that a person asks for
USAGE_KINDS = (PullKind.USAGE_DAY, PullKind.USAGE_CYCLE)


def plan_pulls(now):
    """Make the rows of each account's next pulls, and of those missed while nobody planned; how many."""
    accounts = CarrierAccount.objects.filter(is_on=True, protocol__in=PROTOCOLS)
    planned = [pull for account in accounts for pull in _next_pulls(account, now)]
    return len(Pull.objects.bulk_create(planned, ignore_conflicts=True))


def pull_day(account, day, now=None):
    """Have the usage of a day fetched now, whatever was before; the new `Pull`. `BadInput` where it cannot be told."""
    kind = _kind_of_usage(account)
    if kind is None:
        raise BadInput("account", _("{account}: its protocol tells no usage.").format(account=account))
    first, last = days_told(account, kind)
    if not first <= day <= last:
        sentence = _("{account}: the carrier tells the usage of days from {first} to {last}.")
        raise BadInput("day", sentence.format(account=account, first=first, last=last))
    made = Pull.objects.filter(account=account, kind=kind, day=day, round__gte=ASKED_FOR)
    last = made.aggregate(last=Max("round"))["last"]
    following = ASKED_FOR if last is None else last + 1
    return Pull.objects.create(account=account, kind=kind, day=day, round=following, next_at=now or timezone.now())


def days_told(account, kind):
    """The first and the last day of which the carrier tells the usage today."""
    today = civil_today()
    if kind == PullKind.USAGE_CYCLE:
        return cycle_start(today, int(setting_of(account, "cycle_day"))), today
    last, first = (today - timedelta(days=back) for back in protocol_of(account).DAYS_BACK)
    return first, last


@dataclass(frozen=True)
class Completeness:
    """Of how many cards of an account a day's usage was told."""

    told: int
    total: int

    @property
    def missing(self):
        return self.total - self.told

    @property
    def percent(self):
        """Rounded down: only when nothing is missing it is 100."""
        return self.told * 1000 // self.total / 10 if self.total else 100.0


def completeness(account, day):
    """How complete the usage of a day is, by the last pull of it that has come to its end; None before there is one."""
    pulls = Pull.objects.filter(account=account, kind__in=USAGE_KINDS, day=day, ended_at__isnull=False)
    last = pulls.order_by("-ended_at").first()
    return last and Completeness(last.told, last.total)


def _next_pulls(account, now):
    """The pulls for which the time comes next, and of days that were missed since the last one that was planned.

    A total of a cycle makes up for those before it, and so does a list of what changed since the last one.
    """
    can = protocol_of(account).can(account.fields)
    for its in _times_of(account, can):
        following = _following(its, now)
        for day in [following, *_missed_days(account, its, following)]:
            at = _instant(its, now, day)
            yield Pull(account=account, kind=its.kind, day=day, round=its.round, next_at=at)
    if Can.USAGE_DAY in can:
        yield from _next_month(account, now)


def _times_of(account, can):
    of_usage = {PullKind.USAGE_DAY: BY_DAY, PullKind.USAGE_CYCLE: BY_CYCLE}.get(_kind_of_usage(account), ())
    return (*of_usage, *(_LISTS if Can.CHANGED in can else ()))


def _kind_of_usage(account):
    can = protocol_of(account).can(account.fields)
    if Can.USAGE_DAY in can:
        return PullKind.USAGE_DAY
    return PullKind.USAGE_CYCLE if Can.USAGE_CYCLE in can else None


def _missed_days(account, its, following):
    if its.kind != PullKind.USAGE_DAY or its.round != 1:
        return []
    planned = Pull.objects.filter(account=account, kind=its.kind, round=its.round)
    last = planned.aggregate(last=Max("day"))["last"] or following
    earliest = civil_today() - timedelta(days=min(protocol_of(account).DAYS_BACK[1], MOST_DAYS_MADE_UP_FOR))
    return days(max(last + timedelta(days=1), earliest), following - timedelta(days=1))


def _following(its, now):
    """The day that is fetched when the time comes next. It counts by the portal's day, the time by the clock."""
    is_tomorrow = timezone.localtime(now).time() >= its.at
    return civil_today() + timedelta(days=is_tomorrow - its.days_back)


def _instant(its, now, day):
    """When a day is fetched."""
    ahead = day + timedelta(days=its.days_back) - civil_today()
    return timezone.make_aware(datetime.combine(timezone.localdate(now) + ahead, its.at))


def _next_month(account, now):
    """The pull of this month as a whole, if its days have been fetched from the first one on."""
    month = first_of_month(civil_today())
    if Pull.objects.filter(account=account, kind=PullKind.USAGE_DAY, day__lte=month).exists():
        ahead = add_months(month, 1, OF_MONTH_ON) - civil_today()
        at = timezone.make_aware(datetime.combine(timezone.localdate(now) + ahead, OF_MONTH_AT))
        yield Pull(account=account, kind=PullKind.USAGE_MONTH, day=month, next_at=at)
