"""Wallets that hold too little: less than was agreed on, or less than nothing; and since when."""

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce, TruncDate

from billing.choices import Account
from billing.models import CustomerAccount, Posting
from billing.money import ZERO


def low_wallets():
    """Accounts whose wallets are low, with the day on which they became so as `since`."""
    return _since_below(CustomerAccount.objects.filter(balance__lt=F("low_below")), OuterRef("low_below"))


def overdrawn_wallets():
    """Accounts that use their credit, with the day on which they began to as `since`."""
    return _since_below(CustomerAccount.objects.filter(balance__lt=ZERO), ZERO)


def _since_below(accounts, bound):
    """It is the day of the first posting after the last one that left enough, or the customer's first day where none
    did. What is in the wallet of who was merged is the target's, or will be."""
    of_wallet = Posting.objects.filter(customer=OuterRef("pk"), account=Account.WALLET)
    enough = of_wallet.filter(balance__gte=bound).order_by("-pk").values("pk")[:1]
    after = of_wallet.filter(pk__gt=Coalesce(OuterRef("enough"), 0)).order_by("pk").values("entry__booked_on")[:1]
    accounts = accounts.filter(customer__merged_into=None)
    return accounts.alias(enough=Subquery(enough)).annotate(
        since=Coalesce(Subquery(after), TruncDate("customer__created_at"))
    )
