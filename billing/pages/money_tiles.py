"""What waits of money that goes out, as tiles of the console's first page."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import PayerRefund, Withdrawal
from billing.permissions import may_pay_withdrawals, may_settle_payer_refunds
from cards.paging import counts_up_to
from cards.state_counts import COUNTED


@dataclass(frozen=True)
class MoneyTile:
    """How many wait, and where, as a `Queue` of the cards says it."""

    title: str
    count: int
    url: str

    @property
    def count_label(self):
        return f"{COUNTED:,}+" if self.count > COUNTED else f"{self.count:,}"

    @property
    def tone(self):
        return "is-urgent" if self.count else "is-none"


def money_out_tiles(user):
    """Refunds that their provider does not make and withdrawals to be transferred, for who sees to them; of what
    does not wait nothing."""
    waiting = []
    if may_settle_payer_refunds(user):
        waiting.append((PayerRefund.objects.failed(), _("Failed refunds to payers"), "money:payer-refund-list"))
    if may_pay_withdrawals(user):
        waiting.append((Withdrawal.objects.to_transfer(), _("Withdrawals to transfer"), "money:withdrawal-list"))
    counts = counts_up_to(COUNTED, [rows for rows, _title, _page in waiting])
    named = [(title, reverse(page)) for _rows, title, page in waiting]
    return [MoneyTile(title, count, url) for (title, url), count in zip(named, counts, strict=True) if count]
