"""What is fetched from a carrier for all cards of an account: when, and one call after the other.

Carriers that tell days are asked for yesterday in the morning and once more later, and once for each of the two days
before, because bills come late. Carriers that count by cycle are asked in the morning and last before midnight, when
the day's usage is nearly complete. Times are Beijing time.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.calendar import civil_today, cycle_start, days
from cards.carriers.actions import pieces
from cards.carriers.actions.readings_in import take_days, take_totals
from cards.carriers.choices import Can, PullKind
from cards.carriers.models import CarrierAccount, Pull
from cards.carriers.protocols import PROTOCOLS, access_of, protocol_of, setting_of
from cards.carriers.results import (
    AccountFault,
    Busy,
    CallFailed,
    GarbledAnswer,
    LoginRefused,
    NothingHeard,
    Sim,
    TurnedDown,
)
from cards.errors import BadInput
from cards.leases import Lost

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


class Pulls:
    """The source of calls that fetches: whoever has a right to call takes the next piece."""

    def due(self, account, now):
        return pieces.due_pulls(account, now).exists()

    def do(self, account, call, now):
        held = pieces.hand_out(account, now)
        if held is None:
            return False
        pull, piece = held
        try:
            FETCHES[pull.kind](pull, piece, call, now)
        except Lost:
            pass  # it took so long that another worker has it
        except CallFailed as failure:
            _failed(pull, piece, failure.result, now)
            if isinstance(failure.result, AccountFault):
                raise
        except (LoginRefused, BadInput) as refused:
            pieces.let_piece_wait(pull, piece, str(refused), now, float(setting_of(account, "retry_s")))
            raise
        except (NothingHeard, GarbledAnswer) as nothing:
            pieces.try_piece_again(pull, piece, str(nothing) or _("no answer"), now)
        return True


def _failed(pull, piece, result, now):
    why = result.text or result.code
    if isinstance(result, Busy | AccountFault):
        wait_s = max(getattr(result, "after", 0), float(setting_of(pull.account, "retry_s")))
        pieces.let_piece_wait(pull, piece, why, now, wait_s)
    elif isinstance(result, TurnedDown):
        pieces.halve_piece(pull, piece, why, now)
    else:
        pieces.try_piece_again(pull, piece, why, now)


def _fetch_usage(pull, piece, call, now):
    first, last = days_told(pull.account, pull.kind)
    if not first <= pull.day <= last:
        pieces.give_up_pull(pull, _("the carrier does not tell this day any more"), now)
        return
    lines = pieces.lines_of(pull, piece)
    asked, rest = lines[: pieces.size_of(pull)], lines[pieces.size_of(pull) :]
    told = []
    if asked:
        told = protocol_of(pull.account).usage(call, access_of(pull.account), list(map(_sim_of, asked)), pull.day)
    with transaction.atomic():
        came = take_days(told, pull.day) if pull.kind == PullKind.USAGE_DAY else take_totals(told, pull.day, first)
        pieces.finish_piece(pull, piece, came, now, str(asked[-1].card_id) if rest else "")


FETCHES = {PullKind.USAGE_DAY: _fetch_usage, PullKind.USAGE_CYCLE: _fetch_usage}


def _sim_of(line):
    card = line.card
    return Sim(card.pk, card.iccid, card.msisdn, card.imsi, line.seen_code)


def _next_pulls(account, now):
    """The pulls for which the time comes next, and of days that were missed since the last one that was planned.

    A total of a cycle makes up for those before it.
    """
    for its in _times_of(account):
        following = _following(its, now)
        for day in [following, *_missed_days(account, its, following)]:
            at = _instant(its, now, day)
            yield Pull(account=account, kind=its.kind, day=day, round=its.round, next_at=at)


def _missed_days(account, its, following):
    if its.kind != PullKind.USAGE_DAY or its.round != 1:
        return []
    planned = Pull.objects.filter(account=account, kind=its.kind, round=its.round)
    last = planned.aggregate(last=Max("day"))["last"] or following
    earliest = civil_today() - timedelta(days=min(protocol_of(account).DAYS_BACK[1], MOST_DAYS_MADE_UP_FOR))
    return days(max(last + timedelta(days=1), earliest), following - timedelta(days=1))


def _times_of(account):
    kind = _kind_of_usage(account)
    return {PullKind.USAGE_DAY: BY_DAY, PullKind.USAGE_CYCLE: BY_CYCLE}.get(kind, ())


def _kind_of_usage(account):
    can = protocol_of(account).can(account.fields)
    if Can.USAGE_DAY in can:
        return PullKind.USAGE_DAY
    return PullKind.USAGE_CYCLE if Can.USAGE_CYCLE in can else None


def _following(its, now):
    """The day that is fetched when the time comes next. It counts by the portal's day, the time by the clock."""
    is_tomorrow = timezone.localtime(now).time() >= its.at
    return civil_today() + timedelta(days=is_tomorrow - its.days_back)


def _instant(its, now, day):
    """When a day is fetched."""
    ahead = day + timedelta(days=its.days_back) - civil_today()
    return timezone.make_aware(datetime.combine(timezone.localdate(now) + ahead, its.at))


def days_told(account, kind):
    """The first and the last day of which the carrier tells the usage today."""
    today = civil_today()
    if kind == PullKind.USAGE_CYCLE:
        return cycle_start(today, int(setting_of(account, "cycle_day"))), today
    last, first = (today - timedelta(days=back) for back in protocol_of(account).DAYS_BACK)
    return first, last
