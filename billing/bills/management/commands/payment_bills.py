from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _

from billing.bills.actions.fetching import bill_of, bring_bill, fetch_bill
from billing.bills.actions.following import follow
from billing.bills.actions.reading import read_bill
from billing.bills.actions.wanting import provider_of
from billing.bills.choices import told_fault
from billing.bills.models import Bill, BillLine
from billing.payments.wire import LONGEST_BILL
from cards.errors import BadInput
from cards.management.base import PortalCommand, civil_day
from cards.phrases import listed, pair
from cards.quantities import MB

MOST_LISTED = 10_000


class Command(PortalCommand):
    help = "Bills of payment providers: fetched or read from a file, and compared with the books."
    paths = ("file",)

    def add_arguments(self, parser):
        parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
        fetch = parts.add_parser("fetch", help="fetch the bills of a day now, and compare them")
        read = parts.add_parser("read", help="compare a bill that the provider's website gave")
        for part in (fetch, read):
            part.add_argument("account", metavar="ACCOUNT", help="the name of a payment account")
            part.add_argument("day", metavar="DAY", type=civil_day, help="a date such as 2026-03-02")
        read.add_argument("file", metavar="FILE", type=Path)
        for part in (fetch, read):
            part.add_argument("--kind", default="", metavar="KIND", help="the provider's name for the bill")
        parts.add_parser("list", help="the bills, the newest first, and what does not agree")

    def carry_out(self, part, **options):
        return getattr(self, f"_{part}")(**options)

    def _fetch(self, account, day, kind, json, **options):
        """Exit code 1 where a bill did not come, or something in it does not agree."""
        kinds = [kind] if kind else self._kinds(account)
        bills = [fetch_bill(bill_of(account, day, each)) for each in kinds]
        return self._compared(bills, json)

    def _read(self, account, day, file, kind, json, **options):
        """Exit code 1 where something in it does not agree."""
        kind = kind or self._kinds(account)[0]
        return self._compared([bring_bill(account, day, kind, _content(file))], json)

    def _list(self, json, **options):
        """Exit code 1 where something does not agree."""
        bills = [_bill_document(bill) for bill in Bill.objects.all()[:MOST_LISTED]]
        waiting = [_line_document(line) for line in BillLine.objects.open().select_related("bill")[:MOST_LISTED]]
        self._tell({"bills": bills, "open": waiting}, json)
        return bool(waiting)

    def _compared(self, bills, json):
        bills = [read_bill(bill) if bill.came_at else bill for bill in bills]
        follow()
        bills = list(Bill.objects.filter(pk__in=[bill.pk for bill in bills]).order_by("pk"))
        waiting = BillLine.objects.open().filter(bill__in=bills).select_related("bill").order_by("pk")
        found = [_line_document(line) for line in waiting[:MOST_LISTED]]
        self._tell({"bills": list(map(_bill_document, bills)), "open": found}, json)
        return bool(found) or not all(bill.is_read for bill in bills)

    def _kinds(self, account):
        provider = provider_of(account)
        if provider is None or not provider.bill_kinds:
            raise BadInput("account", _("There is no payment account {name} with bills.").format(name=account))
        return provider.bill_kinds

    def _tell(self, document, json):
        if json:
            self.give(document)
            return
        for each in [*document["bills"], *document["open"]]:
            self.stdout.write(listed(pair(name, value) for name, value in each.items()))


def _content(file):
    try:
        if file.stat().st_size > LONGEST_BILL:
            raise BadInput("file", _("A bill has at most {most} MB.").format(most=LONGEST_BILL // MB))
        return file.read_bytes()
    except OSError as error:
        raise BadInput("file", _("{path} cannot be read: {why}.").format(path=file, why=error.strerror)) from None


def _bill_document(bill):
    sums = {name: str(getattr(bill, name)) for name in ("takings", "refunds", "fees", "payouts")}
    facts = {"id": bill.pk, "account": bill.account, "day": str(bill.day), "kind": bill.kind, "state": bill.state}
    return facts | {"words": told_fault(bill.words) or None, "edition": bill.edition, "lines": bill.line_count} | sums


def _line_document(line):
    return {
        "id": line.pk,
        "account": line.bill.account,
        "day": str(line.bill.day),
        "bill": line.bill.kind,
        "line": line.number,
        "about": line.kind,
        "reference": line.reference,
        "number": line.key_text,
        "amount": str(line.amount),
        "at": timezone.localtime(line.at).isoformat(),
        "result": line.verdict,
        "unmatched": line.unmatched_id,
    }
