"""A bill that came is read, some hundred lines at a time: each is kept with what it comes to beside our books.

How far it was read stands in the bill, and moves with the lines: whoever goes on after a worker that died goes on
there. Of two who read the same, one loses it (`Lost`), and so does who reads an edition that was replaced meanwhile.
"""

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from time import monotonic

from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from billing.actions.ledger import post_entry, transfer
from billing.bills.actions.fetching import BILL_HELD_FOR, give_bill_up, kept_document, rows_of_bill
from billing.bills.actions.judging import Judged, judged
from billing.bills.actions.payouts import post_payout
from billing.bills.actions.wanting import provider_of
from billing.bills.choices import BillFault, BillState, LineVerdict
from billing.bills.models import Bill, BillDocument, BillFee, BillLine
from billing.choices import Account, BillLineKind, EntryKind
from billing.models.fields import MoneyField
from billing.money import ZERO, rounded
from billing.payments.port import BillRow
from billing.permissions import provider_actor
from cards.actions.write import chunked
from cards.calendar import this_moment
from cards.errors import BadInput
from cards.leases import Lost, acquire, extend

LINES_AT_ONCE = 500
MOST_READINGS = 20
WITH_FEES = (BillLineKind.PAYMENT, BillLineKind.REFUND, BillLineKind.FEE)


@dataclass(frozen=True)
class _Numbered:
    """A line of a document with its number; `mark` is made of what it says."""

    number: int
    mark: str
    row: BillRow


def read_next(until):
    """Read the bill whose turn it is, if there is one, until that instant of `time.monotonic` at the most."""
    now = this_moment()
    bill = acquire(Bill.objects.to_read().filter(next_at__lte=now).order_by("next_at"), next_at=now + BILL_HELD_FOR)
    if bill and bill.tries > MOST_READINGS:
        give_bill_up(bill, BillFault.NO_BILL)
    elif bill:
        read_bill(bill, until)
    return bill


def read_bill(bill, until=None):
    """Read a bill on from where it was left, to its end or until then; the `Bill` as it is then."""
    try:
        _read_on(bill, until)
    except BadInput as bad:
        give_bill_up(bill, str(bad))
    except Lost:
        pass  # somebody else reads it, or another document has come
    return Bill.objects.get(pk=bill.pk)


def _read_on(bill, until):
    for chunk in chunked(islice(_numbered(bill), bill.read_through, None), LINES_AT_ONCE):
        _keep_lines(bill, chunk)
        if until is not None and monotonic() >= until:
            Bill.objects.to_read().filter(pk=bill.pk, edition=bill.edition).update(next_at=this_moment(), tries=0)
            return
    _finish(bill)


def _numbered(bill):
    """The lines of a document. Those without a reference that say the same are told apart by how many came before."""
    provider, document = provider_of(bill.account), kept_document(bill)
    if provider is None:
        raise BadInput("", BillFault.NO_ACCOUNT.label)
    same = Counter()
    for number, row in enumerate(rows_of_bill(provider, bill.kind, document), 1):
        said = "|".join(map(str, (row.kind, row.reference, row.key_text, row.amount, row.fee)))
        if not row.reference:
            said += f"|{row.at.isoformat()}"
            same[said] += 1
            said += f"|{same[said]}"
        yield _Numbered(number, sha256(said.encode()).hexdigest(), row)


@transaction.atomic
def _keep_lines(bill, chunk):
    """Keep some lines, each once in an edition, and what they come to."""
    through = chunk[-1].number
    _hold(bill, read_through=through, next_at=this_moment() + BILL_HELD_FOR)
    bill.read_through = through
    by_mark = {}
    for each in chunk:
        by_mark.setdefault(each.mark, each)
    known = {line.mark: line for line in BillLine.objects.filter(bill=bill, mark__in=list(by_mark))}
    verdicts = dict(zip(by_mark, judged(bill.account, [each.row for each in by_mark.values()]), strict=True))
    new = [_line(bill, by_mark[mark], verdict) for mark, verdict in verdicts.items() if mark not in known]
    old = [line for line in known.values() if line.edition != bill.edition]
    for line in old:
        _stands_again(line, bill, by_mark[line.mark], verdicts[line.mark])
    BillLine.objects.bulk_update(old, ("edition", "number", *_OF_VERDICT))
    for line in [*BillLine.objects.bulk_create(new), *old]:
        if line.kind == BillLineKind.PAYOUT:
            post_payout(line)


_OF_VERDICT = ("verdict", "payment", "payer_refund", "unmatched", "settled_at")


def _line(bill, numbered, verdict: Judged):
    row = numbered.row
    line = BillLine(
        bill=bill,
        mark=numbered.mark,
        number=numbered.number,
        edition=bill.edition,
        kind=row.kind,
        reference=row.reference[:64],
        key_text=row.key_text[:64],
        amount=rounded(row.amount),
        fee=rounded(row.fee),
        at=row.at,
    )
    return _with_verdict(line, verdict)


def _stands_again(line, bill, numbered, verdict):
    """A line of an earlier edition stands in the corrected bill too: what was decided about it holds."""
    line.edition, line.number = bill.edition, numbered.number
    if (line.is_open and not line.unmatched_id) or line.verdict == LineVerdict.RETRACTED:
        _with_verdict(line, verdict)


def _with_verdict(line, verdict):
    line.verdict, line.settled_at = verdict.verdict, None if verdict.is_open else this_moment()
    line.payment_id, line.payer_refund_id, line.unmatched_id = verdict.payment, verdict.payer_refund, verdict.unmatched
    return line


@transaction.atomic
def _finish(bill):
    """All lines are read: what the correction left out is retracted, the fees are posted, the document is forgotten."""
    _hold(bill, state=BillState.READ, next_at=None, read_at=this_moment(), tries=0)
    left_out = BillLine.objects.of_document().filter(bill=bill, edition__lt=bill.edition)
    left_out.filter(payout=None).update(verdict=LineVerdict.RETRACTED, settled_at=this_moment())
    left_out.update(verdict=LineVerdict.RETRACTED, settled_at=None)
    lines = BillLine.objects.of_document().filter(bill=bill)
    sums = lines.aggregate(
        takings=_total("amount", kind=BillLineKind.PAYMENT),
        refunds=_total("amount", kind=BillLineKind.REFUND),
        payouts=_total("amount", kind=BillLineKind.PAYOUT),
        fees=_total("fee", kind__in=WITH_FEES),
    )
    Bill.objects.filter(pk=bill.pk).update(**sums, line_count=lines.count())
    _post_fees(bill, sums["fees"])
    BillDocument.objects.filter(bill=bill).delete()


def _post_fees(bill, fees):
    """What the fees of the bill come to beyond those that earlier editions posted."""
    posted = BillFee.objects.filter(bill=bill).aggregate(posted=_total("amount"))["posted"]
    more = rounded(fees - posted)
    key, lines = f"fee:{bill.pk}:{bill.edition}", transfer(more, Account.FEES, Account.PROVIDERS)
    entry = post_entry(key, EntryKind.FEE, None, *lines, actor=provider_actor(bill.account))
    if entry:
        BillFee.objects.create(bill=bill, edition=bill.edition, amount=more, entry=entry)


def _total(column, **of):
    return Coalesce(Sum(column, filter=Q(**of)), ZERO, output_field=MoneyField())


def _hold(bill, **held):
    """Nobody else reads this edition from here on until the transaction ends; raises `Lost` where somebody has."""
    mine = Bill.objects.to_read().filter(pk=bill.pk, edition=bill.edition, read_through=bill.read_through)
    extend(mine, **held)
