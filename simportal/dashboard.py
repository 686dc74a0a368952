"""The console's first page: what needs whoever looks, how many cards are where, what happened and what comes.

It is made of sections, each for who does what it is about: who has several roles has the sections of all of them.
"""

from functools import cached_property

from django.db.models import Max
from django.views.decorators.gzip import gzip_page

from billing.pages.approval_lines import decided_by, told_as_expired
from cards.actions import fleet_snapshot
from cards.actions.sweep import braked_days
from cards.calendar import civil_today
from cards.carriers.models import CarrierAccount
from cards.models import AuditEntry, Card, CardRequest, SweptDay, UsageTally
from cards.pages.frames import console_page, permitted
from cards.pages.queues import queues
from cards.paging import counts_up_to
from cards.state_counts import COUNTED
from simportal.dashboard_charts import activations, agenda, expiries, readings, usage
from simportal.dashboard_states import Fleet, stopped_lately
from simportal.nightly_proof import state_of_the_proof
from simportal.waiting import WAITS, waiting_tiles

ROWS_IN_SECTION = 5
OF_JOBS = ("cards.suspend_card", "cards.place_hold_card", "cards.import_card")
# The queues of cards and jobs, each for who may do something about what waits there.
SEES_TO = {
    "cancelling": ("cards.protect_card", "billing.place_order"),
    "expiring": ("billing.place_order",),
    "forced": ("cards.activate_card",),
    "used_up": ("billing.place_order",),
    "low": ("billing.place_order",),
    "real_name": ("cards.approve_real_name_card",),
    "parked": ("cards.unpark_card",),
    "stray": ("carriers.decide_drift",),
    "quarantine": ("cards.decide_quarantinedreading",),
    "late": ("cards.import_card",),
    "go_on": OF_JOBS,
    "failed": OF_JOBS,
}
OF_SERVING = ("requests", "stuck_orders")
OF_MONEY = ("orders", "unmatched", "not_paid", "owing", "withdrawals", "payer_refunds", "bills")
OF_CARRIERS = ("drift", "no_outcome")
# The sections in their order, each for who has one of these permissions; `_<name>.html` shows it.
SECTIONS_OF_HOME = {
    "queues": (
        *{asked for asks in SEES_TO.values() for asked in asks},
        *(WAITS[name].asks for name in (*OF_SERVING, *OF_CARRIERS)),
    ),
    "money": ("billing.pay_order", "billing.add_receipt", "billing.pay_withdrawal", "bills.settle_bill"),
    "log": ("cards.view_auditentry",),
    "stopped": ("cards.suspend_card", "cards.place_hold_card"),
    "states": ("cards.view_card",),
    "requests": ("cards.answer_cardrequest",),
    "charts": ("cards.import_card", "billing.pay_order", "cards.view_auditentry"),
    "night": ("cards.sweep_card", "cards.view_auditentry"),
}


@permitted("cards.view_card")
@gzip_page
def dashboard(request):
    home = Home(request.user, civil_today())
    return console_page(request, "console/dashboard.html", home.context())


class Home:
    """What one person's first page shows on a day."""

    def __init__(self, user, today):
        self.user, self.today = user, today

    def context(self):
        """The sections by name, with what each shows, and what has to be said before all of them."""
        names = [name for name, asks in SECTIONS_OF_HOME.items() if self._has_one_of(asks)]
        shown = {
            "sections": [f"console/dashboard/_{name}.html" for name in names],
            "approvals": sum(counts_up_to(COUNTED, decided_by(self.user))),
            "expired_approvals": told_as_expired(self.user),
        }
        for name in names:
            shown |= getattr(self, f"_{name}")()
        return shown

    @cached_property
    def _snapshot(self):
        return fleet_snapshot.snapshot(self.today)

    @cached_property
    def _fleet(self):
        return Fleet(self.today)

    def _requests(self):
        waiting = CardRequest.objects.waiting().select_related("card", "customer").order_by("pk")
        return {"requests": waiting[:ROWS_IN_SECTION]}

    def _queues(self):
        counted = queues(self._snapshot, self.today, self.user)
        mine = [queue for code, queue in counted.items() if self._has_one_of(SEES_TO[code])]
        accounts = list(CarrierAccount.objects.all()) if self.user.has_perm("carriers.decide_drift") else []
        return {
            "queues": mine,
            "waiting": waiting_tiles(self.user, (*OF_SERVING, *OF_CARRIERS) if accounts else OF_SERVING),
            "broken_accounts": [account for account in accounts if account.is_on and account.broken_since],
            "as_of": self._snapshot.as_of,
        }

    def _money(self):
        return {"money_tiles": [tile for tile in waiting_tiles(self.user, OF_MONEY, self._snapshot) if tile.count]}

    def _stopped(self):
        return {"fleet": self._fleet, "stopped_url": stopped_lately(self.today)}

    def _log(self):
        return {"entries": AuditEntry.objects.order_by("-pk")[:ROWS_IN_SECTION]}

    def _states(self):
        return {"fleet": self._fleet}

    def _charts(self):
        return {
            "expiries": expiries(self._snapshot.document, self.today),
            "activations": activations(self._snapshot.document, self.today),
            "usage": usage(self.today),
            "as_of": self._snapshot.as_of,
        }

    def _night(self):
        return {
            "as_of": self._snapshot.as_of,
            "agenda": agenda(self._snapshot.document, self.today),
            "readings": readings(self._snapshot.document, self.today),
            "sweep": LastSweep(self.today),
            "proof": state_of_the_proof(),
            "newest_day": UsageTally.objects.aggregate(day=Max("day"))["day"],
        }

    def _has_one_of(self, asks):
        return any(map(self.user.has_perm, asks))


class LastSweep:
    """The last day that was swept, and whether the portal is behind: today's sweep comes just after midnight."""

    def __init__(self, today):
        self.today = today

    @cached_property
    def day(self):
        return SweptDay.objects.filter(finished_at__isnull=False).order_by("-day").first()

    @cached_property
    def braked(self):
        """Days whose sweep waits for somebody to look at it."""
        return list(braked_days())

    @cached_property
    def overdue(self):
        """On how many cards something is due that was not done yet; no more than the cap and one."""
        (cards,) = counts_up_to(COUNTED, [Card.objects.due(self.today)])
        return cards

    @property
    def days_behind(self):
        return (self.today - self.day.day).days if self.day else 0

    @property
    def is_behind(self):
        return self.days_behind > 1

    @property
    def is_ahead(self):
        """Whether a day was swept that has not come: the clock was set back, or a command swept ahead."""
        return self.days_behind < 0
