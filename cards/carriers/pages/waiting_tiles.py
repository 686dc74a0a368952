"""What waits at the carriers for a person, for the console's first page: how many, and which accounts do not work."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from cards.carriers.choices import LineStep
from cards.carriers.lookup import WITHOUT_OUTCOME
from cards.carriers.models import CarrierAccount, Drift, Line
from cards.paging import counts_up_to
from cards.state_counts import COUNTED


@dataclass(frozen=True)
class CarrierTile:
    """How many wait, and where they are listed, as a `Queue` of the cards says it."""

    title: str
    count: int
    url: str

    @property
    def count_label(self):
        return f"{COUNTED:,}+" if self.count > COUNTED else f"{self.count:,}"

    @property
    def tone(self):
        return "is-urgent" if self.count else "is-none"


def carrier_tiles(accounts):
    """The differences and the orders without an outcome; nothing where no carrier is connected."""
    if not accounts:
        return []
    drifts, unknown = counts_up_to(COUNTED, [Drift.objects.open(), Line.objects.filter(WITHOUT_OUTCOME)])
    cards = f"{reverse('console:card-list')}?step={LineStep.UNKNOWN}"
    return [
        CarrierTile(_("Differences from the carriers"), drifts, reverse("carriers:drift")),
        CarrierTile(_("Orders without an outcome"), unknown, cards),
    ]


def accounts_for_home():
    """All accounts: few, and a page that tells of the broken ones knows by them whether there is any."""
    return list(CarrierAccount.objects.all())


def broken_of(accounts):
    """Those that the carrier does not accept."""
    return [account for account in accounts if account.is_on and account.broken_since]
