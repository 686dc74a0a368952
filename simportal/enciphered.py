"""What lies enciphered under `CARRIER_KEY`, in whichever room, and on which of its keys each account rests."""

from django.db import transaction

from billing.models import ProviderAccount
from cards.actions.accounts_elsewhere import encipher_anew
from cards.carriers.models import CarrierAccount
from cards.ciphers import key_number

# The models whose `secrets` are enciphered, each with what else is under the same key and is forgotten with it.
ACCOUNTS = {
    CarrierAccount: {"token": "", "token_renew_at": None},
    ProviderAccount: {},
}


def bring_secrets(model, **forgotten):
    """A room within this one says which rows of it have `secrets` too."""
    ACCOUNTS[model] = forgotten


def accounts_by_key():
    """The accounts with secrets by the number of the key that they rest on; None: they rest on none that is listed."""
    found = {}
    for model in ACCOUNTS:
        for account in model.objects.exclude(secrets=""):
            found.setdefault(key_number(account.secrets), []).append(account)
    return found


@transaction.atomic
def encipher_again():
    """Bring all secrets under the first key of `CARRIER_KEY`, so that the ones behind it can be dropped. Those that no
    key opens stay as they are."""
    for model, forgotten in ACCOUNTS.items():
        encipher_anew(model, forgotten)
