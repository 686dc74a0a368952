"""What somebody should look at: accounts that are not accepted, orders that stand still, comparisons that hold back."""

from django.db.models import Count, F, Max, Min, Q

from cards.carriers.actions.pulls import USAGE_KINDS, completeness
from cards.carriers.lookup import ORDER_BY_HAND, WITHOUT_OUTCOME
from cards.carriers.models import CarrierAccount, Command, Drift, Line, Pull, Reconciliation

USED, USED_BY = Q(is_on=True), Q(account__is_on=True)


def broken_accounts():
    """The names of the accounts that are on and not accepted by their carrier."""
    broken = CarrierAccount.objects.filter(USED, broken_since__isnull=False)
    return list(broken.order_by("name").values_list("name", flat=True))


def accounts_used():
    """Whether each account that is on is accepted by its carrier, by its name."""
    return {account.name: account.broken_since is None for account in CarrierAccount.objects.filter(USED)}


def orders_waiting(now):
    """Orders that are due, by the account's name: how many, and since when the first of them is."""
    due = Command.objects.filter(USED_BY, due_at__lte=now).order_by("account__name")
    rows = due.values_list("account__name").annotate(Count("pk"), Min("due_at"))
    return {name: (count, since) for name, count, since in rows}


def seconds_still(now):
    """For how long orders are due while no call is made for them, of the account where that is longest; 0 where none
    is. Of accounts that are not accepted nobody expects any."""
    waiting = orders_waiting(now)
    used = CarrierAccount.objects.filter(USED, broken_since=None, name__in=waiting)
    since = (max(filter(None, (waiting[account.name][1], account.next_at))) for account in used)
    still = ((now - instant).total_seconds() for instant in since)
    return max(0, round(max(still, default=0)))


def comparisons_held():
    """The names of the accounts whose last comparison found so many differences that it corrected none, and waits."""
    last = CarrierAccount.objects.filter(USED).annotate(last=Max("reconciliations__pk"))
    held = Reconciliation.objects.filter(held_above__isnull=False, released_by=None, pk__in=last.values("last"))
    return list(held.order_by("account__name").values_list("account__name", flat=True))


def usage_told(day):
    """Of how many cards in a hundred a day's usage was told, by the account's name, by the last fetch of it that ended;
    None where none has. Accounts of which nobody fetched that day are left out."""
    fetched = Pull.objects.filter(day=day, kind__in=USAGE_KINDS).values("account")
    accounts = CarrierAccount.objects.filter(USED, pk__in=fetched)
    found = {account.name: completeness(account, day) for account in accounts}
    return {name: told and told.percent for name, told in found.items()}


def cards_without_outcome():
    return Line.objects.filter(WITHOUT_OUTCOME).count()


def orders_by_hand():
    return Command.objects.filter(ORDER_BY_HAND).count()


def differences_waiting():
    """How many differences wait for somebody, by their kind."""
    return dict(Drift.objects.open().order_by("kind").values_list(F("kind")).annotate(Count("pk")))
