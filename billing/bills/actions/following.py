"""What follows from the lines of bills, done at each ring, and again without harm.

Lines that agree by now leave the queue. Money that the provider took and that we know nothing of is believed as the
provider's own word, and so stands in suspense until somebody says whose it is. What we booked on a day is looked for in
the bills of the day and of the days beside it: a provider's midnight is not to the second ours.
"""

from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery

from billing.actions.payments import believe
from billing.bills.actions.judging import our_key
from billing.bills.actions.wanting import DAYS_MADE_UP_FOR, lists_payments
from billing.bills.choices import LineVerdict
from billing.bills.models import Bill, BillLine
from billing.choices import BillLineKind, ClearingState, PayerRefundState, PaymentState
from billing.models import PayerRefund, Payment, UnmatchedPayment
from billing.payments.port import Facts, Said
from cards.actions.write import chunked
from cards.calendar import civil_today, end_of, this_moment

BELIEVED_AT_ONCE = 200
MISSED_AT_ONCE = 500
AROUND_MIDNIGHT = timedelta(minutes=15)  # what is booked so late may stand in the bill of the next day
STARTED_WITHIN = timedelta(days=3)  # of being paid
WAITED_FOR = timedelta(days=2)  # the bill of the next day


def follow():
    """Do all that follows from what was read; how many lines were believed or missed."""
    settle_what_agrees()
    done = keep_in_suspense() + look_for_ours()
    if done:
        settle_what_agrees()
    return done


def settle_what_agrees():
    """Lines whose payment or refund was booked since, whose money was cleared, or which a bill has by now."""
    now, lines = this_moment(), BillLine.objects.open()
    agrees = {"verdict": LineVerdict.MATCHED, "settled_at": now}
    not_here = lines.filter(verdict=LineVerdict.MISSING_HERE)
    of_reference = {"provider": OuterRef("bill__account"), "provider_reference": OuterRef("reference")}
    booked = Payment.objects.filter(**of_reference, amount=OuterRef("amount"))
    not_here.filter(Exists(booked), kind=BillLineKind.PAYMENT).exclude(reference="").update(**agrees)
    given_back = {"payer_refund__state": PayerRefundState.DONE, "payer_refund__amount": F("amount")}
    not_here.filter(kind=BillLineKind.REFUND, **given_back).update(**agrees)
    _link_to_suspense()
    cleared = Q(unmatched__isnull=False) & ~Q(unmatched__state=ClearingState.WAITING)
    lines.filter(cleared).update(settled_at=now)
    lines.filter(_IS_IN_A_BILL, verdict=LineVerdict.MISSING_THERE).update(**agrees)


def keep_in_suspense():
    """Believe lines about money that is not ours to ask about: of no payment of ours, or of one paid otherwise.

    How many; each once, however many bills have it. What a late notification says of it is then known.
    """
    not_here = BillLine.objects.open().filter(verdict=LineVerdict.MISSING_HERE, kind=BillLineKind.PAYMENT)
    unasked = not_here.filter(Q(payment=None) | Q(payment__state=PaymentState.PAID), unmatched=None)
    lines = list(unasked.exclude(reference="").select_related("bill").order_by("pk")[:BELIEVED_AT_ONCE])
    for line in lines:
        believe(line.bill.account, _facts(line))
    _link_to_suspense()
    return len(lines)


def _link_to_suspense():
    """Say of open lines where their money stands in suspense, whatever told us of it."""
    of_line = {"reference": OuterRef("reference"), "amount": OuterRef("amount"), "reopened_at": None}
    kept = (
        UnmatchedPayment.objects.filter(provider=OuterRef("bill__account"), **of_line).order_by("pk").values("pk")[:1]
    )
    payments = BillLine.objects.open().filter(kind=BillLineKind.PAYMENT, number__isnull=False, unmatched=None)
    for line in payments.annotate(kept=Subquery(kept.values("pk")[:1])).exclude(kept=None)[:BELIEVED_AT_ONCE]:
        BillLine.objects.filter(pk=line.pk).update(unmatched=line.kept)


def look_for_ours():
    """What we booked on the days of bills that are read, and no bill has, comes into the queue; how many that is."""
    since = civil_today() - timedelta(days=DAYS_MADE_UP_FOR + 2)
    bills = Bill.objects.read().filter(day__gte=since).order_by("day")
    return sum(_look_for_ours(bill.pk) for bill in bills if _compared_to(bill) and lists_payments(bill))


def _facts(line):
    """A line as the provider's word of a payment. A number that is none of ours has a key too, always the same.

    So has one of a bill that a person brought, and of a payment that was paid otherwise: nobody puts money into a
    wallet by a file.
    """
    is_proved = line.payment_id is None or line.bill.brought_by_id is None
    of_none = uuid5(NAMESPACE_URL, f"{line.bill.account}:{line.key_text or line.reference}")
    key = (is_proved and our_key(line.key_text)) or of_none
    body = {"bill": f"{line.bill.kind} {line.bill.day}", "line": line.number, "number": line.key_text}
    return Facts(f"bill:{line.reference}:{line.amount}", key, Said.PAID, line.amount, line.reference, body)


def _compared_to(bill):
    """Up to which instant of its day what we booked can be looked for now; None where it was, or cannot be yet."""
    others = Bill.objects.filter(account=bill.account, kind=bill.kind)
    if others.under_way().filter(day=bill.day - timedelta(days=1)).exists():
        return None
    is_next_there = others.read().filter(day=bill.day + timedelta(days=1)).exists()
    is_whole = is_next_there or civil_today() - bill.day > WAITED_FOR
    through = end_of(bill.day) - (timedelta() if is_whole else AROUND_MIDNIGHT)
    return through if bill.compared_through is None or bill.compared_through < through else None


@transaction.atomic
def _look_for_ours(pk):
    """Two who do it at once do it one after the other; the second finds it done."""
    bill = Bill.objects.select_for_update().get(pk=pk)
    through = _compared_to(bill)
    if through is None or not bill.is_read:
        return 0
    begin = bill.compared_through or end_of(bill.day - timedelta(days=1))
    missed = [*_payments_missed(bill, begin, through), *_refunds_missed(bill, begin, through)]
    for chunk in chunked(missed, MISSED_AT_ONCE):
        BillLine.objects.bulk_create(chunk, ignore_conflicts=True)
    Bill.objects.filter(pk=pk).update(compared_through=through)
    return len(missed)


_LINES_ABOUT = BillLine.objects.of_document()
_IS_IN_A_BILL = (
    Q(payment__isnull=False) & Exists(_LINES_ABOUT.filter(kind=BillLineKind.PAYMENT, payment=OuterRef("payment")))
) | (
    Q(payer_refund__isnull=False)
    & Exists(_LINES_ABOUT.filter(kind=BillLineKind.REFUND, payer_refund=OuterRef("payer_refund")))
)


def _payments_missed(bill, begin, end):
    """Payments booked between these instants that stand in no bill; started not long before, for which there is an
    order by keys."""
    earlier = Payment.objects.filter(started_at__lt=begin - STARTED_WITHIN).order_by("-pk")
    after = earlier.values_list("pk", flat=True).first() or 0
    booked = Payment.objects.filter(provider=bill.account, state=PaymentState.PAID, pk__gt=after)
    in_a_bill = _LINES_ABOUT.filter(kind=BillLineKind.PAYMENT, payment=OuterRef("pk"))
    for payment in booked.filter(paid_at__gte=begin, paid_at__lt=end).exclude(Exists(in_a_bill)).order_by("pk"):
        what = {"kind": BillLineKind.PAYMENT, "payment": payment, "reference": payment.provider_reference}
        yield _missing_there(bill, payment, at=payment.paid_at, **what)


def _refunds_missed(bill, begin, end):
    done = PayerRefund.objects.filter(provider=bill.account, state=PayerRefundState.DONE)
    in_a_bill = _LINES_ABOUT.filter(kind=BillLineKind.REFUND, payer_refund=OuterRef("pk"))
    for refund in done.filter(ended_at__gte=begin, ended_at__lt=end).exclude(Exists(in_a_bill)).order_by("pk"):
        what = {"kind": BillLineKind.REFUND, "payer_refund": refund, "reference": refund.reference}
        yield _missing_there(bill, refund, at=refund.ended_at, **what)


def _missing_there(bill, ours, *, kind, **facts):
    mark, verdict = f"ours:{kind}:{ours.pk}", LineVerdict.MISSING_THERE
    return BillLine(
        bill=bill, mark=mark, kind=kind, key_text=ours.key.hex, amount=ours.amount, verdict=verdict, **facts
    )
