from collections import Counter

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _

from cards.keys import key_id, listed_keys
from cards.management.base import PortalCommand
from cards.models import ClaimCode, RealNameCheck, RecoveryCode
from simportal.enciphered import accounts_by_key, encipher_again

CODES_PER_FETCH = 2_000


class Command(PortalCommand):
    help = (
        "Says what still rests on SECRET_KEY, on each of SECRET_KEY_FALLBACKS, and on each key of CARRIER_KEY: "
        "one with nothing can be dropped."
    )

    def add_arguments(self, parser):
        told = "first bring the secrets of accounts elsewhere under the first key of CARRIER_KEY"
        parser.add_argument("--again", action="store_true", help=told)

    def carry_out(self, again, json, **options):
        """Exit code 1 while anything rests on a key that is not listed: what was hashed with it is not recognised."""
        if again:
            encipher_again()
        names = ["SECRET_KEY"] + [_("fallback {number}").format(number=n) for n in range(1, len(listed_keys()))]
        of = {"id_checks": _checks(), "recovery_codes": _recovery_codes(), "labels": _labels()}
        counts = [
            {"key": name, "id": key_id(key), **{what: found.pop(key_id(key), 0) for what, found in of.items()}}
            for name, key in zip(names, listed_keys(), strict=True)
        ]
        lost = {what: sum(found.values()) for what, found in of.items()}
        resting = accounts_by_key()
        accounts = [
            {"key": _("carrier key {number}").format(number=n), "accounts": len(resting.pop(n - 1, []))}
            for n in range(1, len(settings.CARRIER_KEY) + 1)
        ]
        orphans = [account.name for account in resting.get(None, [])]
        if json:
            self.give({"keys": counts, "not_listed": lost, "carrier_keys": accounts, "not_opened": orphans})
        else:
            self._print([*counts, {"key": _("not listed"), **lost}])
            self._print_accounts(accounts, orphans)
        return any(lost.values()) or bool(orphans)

    def _print(self, rows):
        for row in rows:
            sentence = _("{key}: ID checks {id_checks}, recovery codes {recovery_codes}, labels {labels}")
            self.stdout.write(sentence.format(**row))

    def _print_accounts(self, accounts, orphans):
        for row in accounts:
            self.stdout.write(_("{key}: accounts {accounts}").format(**row))
        for name in orphans:
            self.say(_("No key of CARRIER_KEY opens the secrets of the account {name}.").format(name=name))


def _checks():
    """By key: those that still count for the cards of a person."""
    return _by_key(RealNameCheck.objects.in_force())


def _recovery_codes():
    return _by_key(RecoveryCode.objects.all())


def _by_key(rows):
    return dict(rows.order_by().values_list("key_id").annotate(Count("pk")))


def _labels():
    """By key: the codes of cards without a customer. Each stays valid without its key, but is not printed again."""
    codes = ClaimCode.objects.filter(used_at=None, card__customer=None)
    keys = (code.key_of(code.card.iccid) for code in codes.select_related("card").iterator(CODES_PER_FETCH))
    return Counter(key_id(key) if key else "" for key in keys)
