"""Bank transfers to payers and customers: each of the bank's references pays one thing, whatever it is."""

from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing.models import PayerRefund, Withdrawal
from billing.references import reference_key
from cards.errors import BadInput


def transfer_reference(text):
    """The bank's reference of a transfer as it is kept. Raises `BadInput` for one that says nothing."""
    if not reference_key(text):
        raise BadInput("reference", _("a reference needs a letter or a digit"))
    return " ".join(text.split())


@contextmanager
def transferred_once(reference):
    """A transaction that writes what this transfer paid. Raises `BadInput` where something else was paid by it."""
    if any(model.objects.filter(bank_reference__iexact=reference).exists() for model in (Withdrawal, PayerRefund)):
        raise _used_already()
    try:
        with transaction.atomic():
            yield
    except IntegrityError:  # written for something else at this very moment
        raise _used_already() from None


def _used_already():
    return BadInput("reference", _("something else was paid by this transfer; check the reference"))
