"""What is kept of money for a while only: that customers were told, and to which bank accounts money went.

The books, orders and receipts stay.
"""

from django.db.models import Exists, OuterRef
from django.db.models.functions import Right

from billing.actions.wallets_below import low_wallets
from billing.choices import NoticeKind
from billing.models import Digest, Notice, Withdrawal
from cards.actions.retention import Retention, rows_over
from cards.kept import last_day_over, last_instant_over

DIGITS_KEPT = 4


def _notices_over():
    """Those of things that are past; that a wallet is low stays as long as it is, or it would be said again."""
    over = Notice.objects.filter(on__lte=last_day_over("NOTICE_DAYS"), created_at__lte=last_instant_over("NOTICE_DAYS"))
    low = low_wallets().filter(pk=OuterRef("customer"), since=OuterRef("on"))
    return over.exclude(Exists(low), kind=NoticeKind.WALLET_LOW).exclude(digest__due_at__isnull=False)


def _digests_over():
    over = Digest.objects.filter(day__lte=last_day_over("NOTICE_DAYS"), due_at=None)
    return over.exclude(Exists(Notice.objects.filter(digest=OuterRef("pk"))))


def _payees_over():
    """Of withdrawals that were over so long ago that nobody asks any more where exactly the money went."""
    over = Withdrawal.objects.exclude(account_name="")
    return over.filter(ended_at__lte=last_instant_over("REQUEST_YEARS"))


def _forget_payee(withdrawals):
    """The last digits stay: by them whoever was paid knows their account."""
    digits = Right("account_number", DIGITS_KEPT)
    withdrawals.update(bank="", account_name="", account_number=digits)


MONEY_KINDS = (
    Retention("notices", ("NOTICE_DAYS",), rows_over(_notices_over, lambda rows: rows.delete())),
    Retention("digests", ("NOTICE_DAYS",), rows_over(_digests_over, lambda rows: rows.delete())),
    Retention("payees", ("REQUEST_YEARS",), rows_over(_payees_over, _forget_payee)),
)
