"""A carrier of the tests that tells what it was told to tell: the port of protocols, spoken by a script."""

from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from cards.carriers.choices import Can
from cards.carriers.models import CarrierAccount, Line
from cards.carriers.protocols import PROTOCOLS
from cards.carriers.protocols.port import CarrierProtocol
from cards.carriers.results import Amount, CallFailed, Listing, NoAmount, Seen


class Telling(CarrierProtocol):
    """`amounts` are bytes by card; one that is not there gets no figure. `fails` are the results of the next calls, and
    a call for usage with a card of `breaks` fails with the result given for it.
    """

    NAME, LABEL, CARRIER = "telling", "Telling", ""
    ASKED_AT_ONCE, USAGE_AT_ONCE = 3, 10
    DAYS_BACK = (1, 7)

    def __init__(self, *can):
        self.CAN = frozenset(can)
        self.amounts, self.imeis, self.fails, self.breaks = {}, {}, [], {}
        self.looks, self.lists = {}, [()]
        self.meanwhile = None  # what happens during the next call for usage
        self.calls, self.at = [], None

    def usage(self, call, access, sims, day):
        return self._tell(sims, day)

    def usage_of_month(self, call, access, sims, month):
        return self._tell(sims, month)

    def ask(self, call, access, sims, is_thorough=False):
        """Each card is active, or as `looks` say."""
        self.calls.append(("all" if is_thorough else "state", [sim.key for sim in sims]))
        self._fail()
        return [self.looks.get(sim.key, Seen("active", "2")) for sim in sims]

    def changed(self, call, access, since, cursor):
        """The pages of `lists`, one after the other."""
        self.calls.append((since, cursor))
        self._fail()
        page = int(cursor or 0)
        return Listing(self.lists[page], str(page + 1) if page + 1 < len(self.lists) else "")

    def _tell(self, sims, day):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        self.calls.append((day, [sim.key for sim in sims]))
        self._fail()
        for sim in sims:
            if sim.key in self.breaks:
                raise CallFailed(self.breaks[sim.key])
        return [self._amount(sim, day) for sim in sims]

    def _fail(self):
        if self.fails and (result := self.fails.pop(0)):
            raise result if isinstance(result, Exception) else CallFailed(result)

    def _amount(self, sim, day):
        if sim.key not in self.amounts:
            return NoAmount(sim, "blank")
        told_at = self.at or timezone.now()
        return Amount(sim, self.amounts[sim.key], told_at, day, imei=self.imeis.get(sim.key, ""))


@contextmanager
def told_by(*can):
    """Such a carrier is there within."""
    PROTOCOLS[Telling.NAME] = Telling(*(can or [Can.USAGE_DAY]))
    yield PROTOCOLS[Telling.NAME]
    del PROTOCOLS[Telling.NAME]


def account_with(cards, carrier="cmcc", **settings):
    """An account of such a carrier with these cards on it."""
    columns = {"carrier": carrier, "protocol": Telling.NAME, "is_on": True, "settings": settings}
    number = CarrierAccount.objects.count() + 1
    account = CarrierAccount.objects.create(name=f"told{number}", push_key=str(number), **columns)
    Line.objects.bulk_create(Line(card=card, account=account) for card in cards)
    return account


def beijing(day, hour, minute=0):
    return timezone.make_aware(datetime(day.year, day.month, day.day, hour, minute))


class NoCall:
    """What a protocol is given that makes no request: its clock stands still, unless it is moved."""

    exchanges = ()
    access = None

    def __init__(self, at=None):
        self.at = at

    def masked(self, text):
        return text

    def now(self):
        return self.at or timezone.now()
