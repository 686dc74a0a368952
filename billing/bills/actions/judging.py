"""What lines of a bill come to beside our books: some hundred at a time, by a few looks at what they can be about.

A payment is known by the provider's reference once it is booked, before by our number of it; money that stands in
suspense by its reference. What the provider moved and we did not book is asked about at the provider, whose own word
books it (`following.py`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from billing.bills.choices import LineVerdict
from billing.choices import BillLineKind
from billing.models import PayerRefund, Payment, UnmatchedPayment
from cards.calendar import this_moment

POSTED_BY_BILLS = (BillLineKind.FEE, BillLineKind.PAYOUT)
OUR_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class Judged:
    """What a line came to: the verdict, the keys of what it is about, and whether something is left to do."""

    verdict: str
    payment: int | None = None
    payer_refund: int | None = None
    unmatched: int | None = None
    is_open: bool = False


def judged(account, rows):
    """What each of these lines of an account's bill comes to, in their order; what is not booked is asked about."""
    books = _Books(account, rows)
    verdicts = [books.judge(row) for row in rows]
    ask_what_became(
        payments={each.payment for each in verdicts if each.is_open and each.payment},
        payer_refunds={each.payer_refund for each in verdicts if each.is_open and each.payer_refund},
    )
    return verdicts


def ask_what_became(payments: Iterable[int] = (), payer_refunds: Iterable[int] = ()):
    """Have the provider asked what became of these, at the next turn; how many can still be asked about."""
    now = this_moment()
    asked = Payment.objects.filter(pk__in=payments, paid_at=None).update(ask_at=now)
    return asked + PayerRefund.objects.filter(pk__in=payer_refunds, ended_at=None).update(ask_at=now)


def our_key(text):
    """The key of a payment or a refund that a provider gives back as text; None where it is no number of ours."""
    return UUID(text) if OUR_KEY.fullmatch(text) else None


class _Books:
    """What we know of the payments and refunds that these lines are about."""

    def __init__(self, account, rows):
        keys = [key for row in rows if (key := our_key(row.key_text))]
        references = [row.reference for row in rows if row.reference]
        of_account = Payment.objects.filter(provider=account)
        self.paid = {each.provider_reference: each for each in of_account.filter(provider_reference__in=references)}
        self.payments = {each.key: each for each in of_account.filter(key__in=keys)}
        self.refunds = {each.key: each for each in PayerRefund.objects.filter(provider=account, key__in=keys)}
        kept = UnmatchedPayment.objects.filter(provider=account, reference__in=references, reopened_at=None)
        self.kept = {(each.reference, each.amount): each for each in kept}

    def judge(self, row):
        if row.kind == BillLineKind.PAYMENT:
            return self._of_payment(row)
        if row.kind == BillLineKind.REFUND:
            return self._of_refund(row)
        if row.kind in POSTED_BY_BILLS:
            return Judged(LineVerdict.POSTED)
        return Judged(LineVerdict.IGNORED, is_open=bool(row.amount))

    def _of_payment(self, row):
        if booked := self.paid.get(row.reference):
            return self._compared(booked.amount, row.amount, payment=booked.pk)
        if kept := self.kept.get((row.reference, row.amount)):
            return Judged(LineVerdict.MATCHED, payment=kept.payment_id, unmatched=kept.pk)
        payment = self.payments.get(our_key(row.key_text))
        if payment and payment.amount != row.amount:
            return Judged(LineVerdict.OTHER_AMOUNT, payment=payment.pk, is_open=True)
        return Judged(LineVerdict.MISSING_HERE, payment=payment and payment.pk, is_open=True)

    def _of_refund(self, row):
        refund = self.refunds.get(our_key(row.key_text))
        if refund is None:
            return Judged(LineVerdict.MISSING_HERE, is_open=True)
        if refund.is_paid_back or refund.amount != row.amount:
            return self._compared(refund.amount, row.amount, payer_refund=refund.pk)
        return Judged(LineVerdict.MISSING_HERE, payer_refund=refund.pk, is_open=True)

    def _compared(self, ours: Decimal, theirs: Decimal, **about):
        is_same = ours == theirs
        return Judged(LineVerdict.MATCHED if is_same else LineVerdict.OTHER_AMOUNT, is_open=not is_same, **about)
