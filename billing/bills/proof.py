"""The proof of what bills posted: each fee and payout in the books was told, and what was told is in the books."""

from collections.abc import Callable, Iterator

from django.db.models import Exists, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Round
from django.utils.translation import gettext as _

from billing.bills.models import Bill, BillFee, Payout
from billing.choices import Account, EntryKind
from billing.models import Entry, Posting
from billing.models.fields import MoneyField
from billing.money import ZERO, yuan
from cards.proof import Piece, Problem, ProofPart


def _whole(check: Callable[[], Iterator[Problem]]) -> ProofPart:
    return lambda since, after: Piece(list(check()))


def _fees_and_payouts() -> Iterator[Problem]:
    """What a bill or a person told is booked as it was told; nothing else stands as a fee or a payout."""
    debit = Posting.objects.filter(entry=OuterRef("entry"), amount=-1 * OuterRef("amount"))
    for fee in BillFee.objects.exclude(Exists(debit.filter(account=Account.FEES))).select_related("bill"):
        yield _problem("fee_not_booked", _("the fees of bill {bill} are not booked as it says"), bill=fee.bill)
    for payout in Payout.objects.exclude(Exists(debit.filter(account=Account.CASH))):
        yield _problem("payout_not_booked", _("payout {payout} is not booked as it was told"), payout=payout)
    untold = {"fee_never_told": (EntryKind.FEE, "bill_fee"), "payout_never_told": (EntryKind.PAYOUT, "payout")}
    for code, (kind, told) in untold.items():
        for key in Entry.objects.filter(kind=kind, **{told: None}).values_list("pk", flat=True):
            yield _problem(code, _("entry {key} stands for nothing that a provider told"), key=key)


def _sums_of_bills() -> Iterator[Problem]:
    """The fees of a bill that is read are those that its editions posted."""
    of_bill = BillFee.objects.filter(bill=OuterRef("pk")).order_by().values("bill")
    total = Round(Sum("amount"), 2, output_field=MoneyField())
    posted = Coalesce(Subquery(of_bill.annotate(of=total).values("of")), Value(ZERO), output_field=MoneyField())
    wrong = Bill.objects.read().annotate(posted=posted).exclude(posted=F("fees"))
    for account, day, kind, fees, sum_posted in wrong.values_list("account", "day", "kind", "fees", "posted"):
        sentence, bill = _("the fees of bill {bill} come to {fees}, but {posted} are posted"), f"{account} {day} {kind}"
        yield _problem("bill_fees", sentence, bill=bill, fees=yuan(fees), posted=yuan(sum_posted))


def _problem(code: str, sentence: str, **facts: object) -> Problem:
    return Problem(None, code, sentence.format(**facts))


BILL_PARTS: tuple[ProofPart, ...] = (_whole(_fees_and_payouts), _whole(_sums_of_bills))
