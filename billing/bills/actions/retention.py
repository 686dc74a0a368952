"""Lines of bills that agree are kept for as long as a year's accounts are looked at; what was posted of them stays."""

from django.db.models import Exists, OuterRef

from billing.bills.models import Bill, BillLine
from cards.actions.retention import Retention, rows_over
from cards.calendar import add_months, civil_today

MONTHS_KEPT = 13


def _bills_over():
    """Bills so old of which a line is left that nobody has to settle."""
    settled = BillLine.objects.filter(bill=OuterRef("pk"), settled_at__isnull=False)
    return Bill.objects.filter(Exists(settled), day__lte=add_months(civil_today(), -MONTHS_KEPT))


def _forget_lines(bills):
    BillLine.objects.filter(bill__in=bills, settled_at__isnull=False).delete()


BILL_KINDS = (Retention("bill_lines", (), rows_over(_bills_over, _forget_lines, at_once=1)),)
