"""Bills and their lines as people read them: each with its badge, and what is to be done about what does not agree."""

from dataclasses import dataclass

from django.db.models import Count, Sum
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.actions.providers import provider_label
from billing.bills.choices import BillState, LineVerdict, told_fault
from billing.bills.models import Bill, BillLine
from billing.choices import Account, BillLineKind
from billing.models import Posting
from billing.money import ZERO
from cards.pages.badges import Badge
from cards.pages.downloads import csv_response

TONES = {
    BillState.WANTED: "info",
    BillState.FETCHED: "info",
    BillState.READ: "good",
    BillState.FAILED: "bad",
    LineVerdict.MATCHED: "good",
    LineVerdict.POSTED: "good",
    LineVerdict.MISSING_HERE: "bad",
    LineVerdict.MISSING_THERE: "bad",
    LineVerdict.OTHER_AMOUNT: "bad",
    LineVerdict.RETRACTED: "warning",
    LineVerdict.IGNORED: "warning",
}
_AMOUNTS_DIFFER = gettext_lazy(
    "The bill says another amount than our books. Look for the reference on the provider's website, and correct "
    "the difference by an adjustment for the customer."
)
TO_DO_ABOUT = {
    (LineVerdict.MISSING_HERE, BillLineKind.PAYMENT): gettext_lazy(
        "The provider has taken this payment, and we have not booked it. The provider is asked about it: once it "
        "confirms the payment, it is booked and leaves this queue. If it stays here, ask once more."
    ),
    (LineVerdict.MISSING_HERE, BillLineKind.REFUND): gettext_lazy(
        "The provider has given this money back, and by our books it has not. If somebody did that at the provider, "
        "past the portal, book what it means here first: a refund of the order, a chargeback or an adjustment."
    ),
    (LineVerdict.MISSING_THERE, BillLineKind.PAYMENT): gettext_lazy(
        "We have booked this payment, and no bill has it. Look for the reference on the provider's website. If the "
        "money never came, take it back by a chargeback; if the bill is wrong, upload the corrected one."
    ),
    (LineVerdict.MISSING_THERE, BillLineKind.REFUND): gettext_lazy(
        "By our books this money went back to the payer, and no bill has it. Look for it on the provider's website, "
        "and tell the payer if it never arrived."
    ),
    (LineVerdict.OTHER_AMOUNT, BillLineKind.PAYMENT): _AMOUNTS_DIFFER,
    (LineVerdict.OTHER_AMOUNT, BillLineKind.REFUND): _AMOUNTS_DIFFER,
    (LineVerdict.OTHER_AMOUNT, BillLineKind.PAYOUT): gettext_lazy(
        "A payout with this reference is posted with another amount. The bank's statement says which is right."
    ),
    (LineVerdict.RETRACTED, BillLineKind.PAYOUT): gettext_lazy(
        "This payout is posted, and the provider has taken it out of its bill. See in the bank's statement whether "
        "the money came."
    ),
    (LineVerdict.IGNORED, BillLineKind.OTHER): gettext_lazy(
        "The provider moved money for something that the portal does not know, such as a payout that came back. See "
        "on the provider's website what it is, and book what concerns your books."
    ),
}
TO_CLEAR = gettext_lazy(
    "This money fits no payment of ours, and stands in suspense. Say whose it is among the payments to clear: then it "
    "leaves this queue."
)
_COLUMNS = (
    *("number", "kind", "reference", "key_text", "amount", "fee", "at", "verdict", "settled_at", "decided_by", "note"),
)


@dataclass(frozen=True)
class ShownBill:
    """`open` lines wait for somebody; `words` say why it did not come."""

    bill: Bill
    account: str
    badge: Badge
    words: str
    open: int

    @property
    def upload_query(self):
        """What the form of uploads begins with, to bring this very bill."""
        return urlencode({"bill": f"{self.bill.account}:{self.bill.kind}", "day": self.bill.day})


@dataclass(frozen=True)
class ShownLine:
    """`ours` is what we booked for it, where that is known; `to_do` what settles it."""

    line: BillLine
    account: str
    badge: Badge
    ours: object
    to_do: str


def shown_bills(bills):
    """These bills, each with how many of its lines are open."""
    lines = BillLine.objects.open().filter(bill__in=[bill.pk for bill in bills]).order_by()
    counts = dict(lines.values_list("bill").annotate(Count("pk")))
    labels = {name: account_label(name) for name in {bill.account for bill in bills}}
    return [
        ShownBill(bill, labels[bill.account], _badge(bill), told_fault(bill.words), counts.get(bill.pk, 0))
        for bill in bills
    ]


def shown_bill_lines(lines):
    labels = {name: account_label(name) for name in {line.bill.account for line in lines}}
    return [shown_bill_line(line, labels[line.bill.account]) for line in lines]


def shown_bill_line(line, account=None):
    ours = line.payment or line.payer_refund
    badge = Badge(line.get_verdict_display(), TONES.get(line.verdict, ""))
    to_do = TO_CLEAR if line.unmatched_id else TO_DO_ABOUT.get((line.verdict, line.kind), "")
    return ShownLine(line, account or account_label(line.bill.account), badge, ours and ours.amount, to_do)


def account_label(name):
    """What people call an account: its provider and its name."""
    return f"{provider_label(name)} ({name})"


def at_providers():
    """What stands at all providers by our books, and what the bills of each account come to since the first."""
    posted = Posting.objects.filter(customer=None, account=Account.PROVIDERS).aggregate(total=Sum("amount"))
    by_bills = Bill.objects.read().order_by("account").values("account")
    rows = list(by_bills.annotate(paid=Sum("takings"), back=Sum("refunds"), kept=Sum("fees"), out=Sum("payouts")))
    for row in rows:
        row["label"] = account_label(row["account"])
        row["stands"] = row["paid"] - row["back"] - row["kept"] - row["out"]
    return {"by_our_books": -(posted["total"] or ZERO), "by_bills": rows}


def bill_lines_file(bill, lines, *, by):
    """Lines of a bill as a file."""
    name = _("bill-{account}-{kind}-{day}").format(account=bill.account, kind=bill.kind, day=bill.day)
    return _lines_file(name, lines, _COLUMNS, by)


def open_lines_file(lines, *, by):
    """Lines of any bills as a file: each says of which."""
    return _lines_file(_("provider-differences"), lines, ("bill", *_COLUMNS), by)


def _lines_file(name, lines, columns, by):
    headings = [capfirst(BillLine._meta.get_field(column).verbose_name) for column in columns]
    found = lines.select_related("bill", "decided_by").order_by("pk").iterator()
    return csv_response(name, headings, (_cells(line, columns) for line in found), by=by)


def _cells(line, columns):
    shown = {"kind": line.get_kind_display(), "verdict": line.get_verdict_display()}
    values = (shown.get(name, getattr(line, name)) for name in columns)
    return ["" if value is None else value for value in values]


def _badge(bill):
    return Badge(bill.get_state_display(), TONES.get(bill.state, ""))
