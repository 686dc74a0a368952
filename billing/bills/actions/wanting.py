"""Which bills are wanted: of each account that has taken money, each day that is over, by every name that its provider
has for them. Days that were missed are made up for within a week. Days and hours are Beijing's."""

from datetime import timedelta

from django.utils import timezone

from billing.bills.models import Bill
from billing.models import Payment, ProviderAccount
from billing.payments import PROVIDERS
from cards.calendar import civil_today, days, this_moment

DAYS_MADE_UP_FOR = 7


def want_bills():
    """Make the rows of the bills that can be fetched now, once each."""
    for account in ProviderAccount.objects.filter(protocol__in=PROVIDERS):
        Bill.objects.bulk_create(_missing_bills(account), ignore_conflicts=True)


def accounts_with_bills():
    """(name, `Provider`) of the accounts whose provider has bills."""
    accounts = ProviderAccount.objects.filter(protocol__in=PROVIDERS).values_list("name", "protocol")
    return [(name, PROVIDERS[protocol]) for name, protocol in accounts if PROVIDERS[protocol].bill_kinds]


def provider_of(name):
    """The `Provider` by whose protocol an account of this name works; None where there is no such account any more."""
    protocol = ProviderAccount.objects.filter(name=name).values_list("protocol", flat=True).first()
    return PROVIDERS.get(protocol)


def lists_payments(bill):
    """Whether it is the bill in which every payment and refund of the day stands: the first that its provider names."""
    provider = provider_of(bill.account)
    return provider is not None and provider.bill_kinds[:1] == (bill.kind,)


def _missing_bills(account):
    provider, today = PROVIDERS[account.protocol], civil_today()
    is_there = timezone.localtime(this_moment()).hour >= provider.bill_after_hour
    last, earliest = today - timedelta(days=1 if is_there else 2), today - timedelta(days=DAYS_MADE_UP_FOR)
    known = set(Bill.objects.filter(account=account.name, day__gte=earliest).values_list("day", "kind"))
    wanted = [(day, kind) for day in days(earliest, last) for kind in provider.bill_kinds]
    missing = [(day, kind) for day, kind in wanted if (day, kind) not in known]
    since = _first_day(account) if missing else None
    return [Bill(account=account.name, day=day, kind=kind) for day, kind in missing if since and day >= since]


def _first_day(account):
    """The day on which a payment was first started by it; None where none was."""
    first = Payment.objects.filter(provider=account.name).order_by("pk").first()
    return first and timezone.localdate(first.started_at)
