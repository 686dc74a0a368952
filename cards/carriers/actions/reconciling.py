"""All cards of an account are compared with what the carrier says: begun by hand or each night, and what follows.

What such a comparison would correct is collected while the cards are looked at, and done at its end; should that be too
many, nothing is done until a person has released it: a carrier that answers nonsense stops no fleet.
"""

import logging
from datetime import datetime, time, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from cards.calendar import civil_today
from cards.carriers.actions.commands import lines_locked
from cards.carriers.actions.drifts import MAY_DECIDE_DRIFTS
from cards.carriers.actions.hearing import hear
from cards.carriers.actions.judging import correct, most_corrections
from cards.carriers.choices import PullKind
from cards.carriers.models import CarrierAccount, Drift, Line, Pull, Reconciliation

logger = logging.getLogger(__name__)

NIGHT_BEGINS = time(0, 30)
NIGHT_MINUTES = 240  # over which the accounts are spread
_EXAMPLES = 10
_CORRECTED_AT_ONCE = 100


def reconcile(account, now):
    """Begin to compare all cards of an account; the comparison, also where one is at work already."""
    hear()  # what the portal wants as of now
    with transaction.atomic():
        CarrierAccount.objects.select_for_update().get(pk=account.pk)
        at_work = comparison_of(account)
        if at_work:
            return at_work
        pulls = Pull.objects.filter(account=account, kind=PullKind.STATES, day=civil_today())
        number = (pulls.aggregate(last=Max("round"))["last"] or 0) + 1
        pull = Pull.objects.create(account=account, kind=PullKind.STATES, day=civil_today(), round=number, next_at=now)
        return Reconciliation.objects.create(account=account, pull=pull, began_at=now)


def comparison_of(account):
    """The comparison of this account that is at work, or None."""
    return Reconciliation.objects.filter(account=account, ended_at=None).first()


def begin_due(now):
    """Begin what each account has once a night, spread over it; how many were begun."""
    begun = 0
    for account in CarrierAccount.objects.filter(is_on=True):
        is_due = account.reconcile_at is not None and account.reconcile_at <= now
        if is_due:
            reconcile(account, now)
            begun += 1
        if is_due or account.reconcile_at is None:
            following = _next_night(account, now)
            CarrierAccount.objects.filter(pk=account.pk).update(reconcile_at=following)
    return begun


def release_comparison(run, user):
    """Let a comparison that was held correct what it found after all; whether it was held."""
    if not user.has_perm(MAY_DECIDE_DRIFTS):
        raise PermissionDenied
    return bool(Reconciliation.objects.filter(_HELD, pk=run.pk).update(released_by=user))


class Comparisons:
    """A source of calls: the end of comparisons, and what they correct. None of it calls the carrier by itself."""

    def due(self, account, now):
        return _looked_through(account).exists() or _to_correct(account).exists()

    def do(self, account, call, now):
        run = _looked_through(account).first()
        if run:
            end_comparison(run, now)
            return True
        return correct_some(account, now)


def end_comparison(run, now):
    """All cards were looked at: what was found is written down, and the brake looks at what is to be corrected."""
    with transaction.atomic():
        run = Reconciliation.objects.select_for_update(of=("self",)).select_related("account").get(pk=run.pk)
        if run.ended_at:
            return
        waiting = Line.objects.filter(comparison=run)
        number, most = waiting.count(), most_corrections(run.account)
        kinds = Drift.objects.open().filter(account=run.account).order_by().values_list("kind").annotate(Count("pk"))
        run.ended_at, run.found = now, {**dict(kinds), "corrected": number}
        run.looked_at = Line.objects.filter(account=run.account, seen_at__gte=run.began_at).count()
        if number > most:
            run.held_above = most
            run.examples = list(waiting.order_by("card").values_list("card__iccid", flat=True)[:_EXAMPLES])
        run.save()
    _tell(run)


def correct_some(account, now):
    """Do some of what comparisons of this account have found and may do; whether there was anything."""
    with transaction.atomic():
        cards = list(_to_correct(account).order_by("card").values_list("card", flat=True)[:_CORRECTED_AT_ONCE])
        correct(lines_locked(cards), now)
    return bool(cards)


_HELD = Q(ended_at__isnull=False, released_by=None) & Q(held_above__isnull=False)


def _looked_through(account):
    """Comparisons of which all cards were looked at, and that have not been brought to their end."""
    return Reconciliation.objects.filter(account=account, ended_at=None, pull__ended_at__isnull=False)


def _to_correct(account):
    may = Q(comparison__held_above=None) | Q(comparison__released_by__isnull=False)
    return Line.objects.filter(may, account=account, comparison__ended_at__isnull=False)


def _next_night(account, now):
    """The account's minute of the next night, by the portal's own clock."""
    minute = timedelta(minutes=account.pk * 37 % NIGHT_MINUTES)
    today = timezone.localtime(now).date()
    nights = (timezone.make_aware(datetime.combine(day, NIGHT_BEGINS)) + minute for day in _days_from(today))
    return next(night for night in nights if night > now)


def _days_from(day):
    return (day + timedelta(days=number) for number in range(3))


def _tell(run):
    """The line of the daily report; one that is held is an alarm."""
    told = {"account": run.account.name, "looked_at": run.looked_at, "found": run.found}
    if run.held_above is not None:
        examples = ", ".join(run.examples)
        logger.error("Comparison with account %s is held: too many cards, %s", run.account.name, examples, extra=told)
    else:
        logger.info("Account %s is compared", run.account.name, extra=told)
