"""What somebody should look at: bills that do not come, lines that nobody has settled."""

from datetime import timedelta

from django.db.models import Count

from billing.bills.models import Bill, BillLine
from cards.calendar import this_moment

OVERDUE_AFTER = timedelta(days=1)


def bills_overdue():
    """The bills that were wanted a day ago and are not read, as `ali 2026-03-02 trade`, the oldest first."""
    overdue = Bill.objects.not_read().filter(wanted_at__lte=this_moment() - OVERDUE_AFTER)
    return list(map(str, overdue.order_by("day", "account", "kind")))


def lines_to_settle():
    """How many lines do not agree and wait for somebody, by what they came to."""
    counts = BillLine.objects.open().order_by().values_list("verdict").annotate(Count("pk"))
    return dict(counts)
