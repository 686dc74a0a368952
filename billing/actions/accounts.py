"""The agreement with a customer, kept beside the wallet."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from billing.actions.ledger import wallet_locked
from billing.money import yuan


def keep_agreement(customer, **agreement):
    """Keep these values of the agreement; raises `ValidationError` for a credit limit that the wallet exceeds."""
    with wallet_locked(customer.pk) as account:
        for name, value in agreement.items():
            setattr(account, name, value)
        if account.available < 0:
            sentence = _("The wallet is already overdrawn by {amount}, so the limit cannot be lower than that.")
            raise ValidationError({"credit_limit": sentence.format(amount=yuan(-account.balance))})
        account.save(update_fields=list(agreement))
        return account
