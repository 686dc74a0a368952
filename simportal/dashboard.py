"""The console's first page: what needs a person today, how many cards are where, what happened and what comes next."""

from functools import cached_property

from billing.bills.pages.bill_rows import bill_tiles
from billing.pages.approval_lines import told_as_expired, waiting_for
from billing.pages.money_tiles import money_out_tiles
from cards.actions import fleet_snapshot
from cards.actions.sweep import braked_days
from cards.calendar import civil_today
from cards.carriers.pages.waiting_tiles import accounts_for_home, broken_of, carrier_tiles
from cards.models import Card, SweptDay, UsageDay
from cards.pages.frames import console_page, permitted
from cards.pages.queues import queues
from cards.paging import counts_up_to
from cards.state_counts import COUNTED
from simportal.dashboard_charts import activations, agenda, expiries, readings, usage
from simportal.dashboard_states import Fleet
from simportal.nightly_proof import state_of_the_proof


@permitted("cards.view_card")
def dashboard(request):
    today = civil_today()
    snapshot = fleet_snapshot.snapshot(today)
    accounts = accounts_for_home()
    context = {
        "queues": [
            *queues(snapshot, today).values(),
            *carrier_tiles(accounts),
            *money_out_tiles(request.user),
            *bill_tiles(request.user),
        ],
        "broken_accounts": broken_of(accounts),
        "as_of": snapshot.as_of,
        "fleet": Fleet(today),
        "agenda": agenda(snapshot.document, today),
        "expiries": expiries(snapshot.document, today),
        "activations": activations(today),
        "usage": usage(today),
        "readings": readings(snapshot.document, today),
        "sweep": LastSweep(today),
        "proof": state_of_the_proof(),
        "approvals": waiting_for(request.user),
        "expired_approvals": told_as_expired(request.user),
        "newest_usage": UsageDay.objects.order_by("-pk").values("day", "read_at").first(),
    }
    return console_page(request, "console/dashboard.html", context)


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
