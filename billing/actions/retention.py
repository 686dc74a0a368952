"""What is kept of money for a while only: that customers were told. The books, orders and receipts stay."""

from django.db.models import Exists, OuterRef

from billing.actions.wallets_below import low_wallets
from billing.choices import NoticeKind
from billing.models import Digest, Notice
from cards.actions.retention import Retention, rows_over
from cards.kept import last_day_over, last_instant_over


def _notices_over():
    """Those of things that are past; that a wallet is low stays as long as it is, or it would be said again."""
    over = Notice.objects.filter(on__lte=last_day_over("NOTICE_DAYS"), created_at__lte=last_instant_over("NOTICE_DAYS"))
    low = low_wallets().filter(pk=OuterRef("customer"), since=OuterRef("on"))
    return over.exclude(Exists(low), kind=NoticeKind.WALLET_LOW).exclude(digest__due_at__isnull=False)


def _digests_over():
    over = Digest.objects.filter(day__lte=last_day_over("NOTICE_DAYS"), due_at=None)
    return over.exclude(Exists(Notice.objects.filter(digest=OuterRef("pk"))))


MONEY_KINDS = (
    Retention("notices", ("NOTICE_DAYS",), rows_over(_notices_over, lambda rows: rows.delete())),
    Retention("digests", ("NOTICE_DAYS",), rows_over(_digests_over, lambda rows: rows.delete())),
)
