"""How the accounts are doing, each in figures: what waits, what came of orders, what was read, and what differs."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from statistics import median

from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.calendar import civil_today
from cards.carriers.actions.pulls import USAGE_KINDS, Completeness
from cards.carriers.choices import CommandState, DriftKind
from cards.carriers.lookup import CONFIRMED_ORDER, ENDS_COUNTED, ON_ITS_WAY
from cards.carriers.models import CarrierAccount, Command, Drift, Pull, Reconciliation
from cards.carriers.protocols import PROTOCOLS
from cards.pages.badges import Badge

MEDIAN_OF = 2_000  # orders at most, the last ones
MEDIAN_WITHIN = timedelta(hours=24)


@dataclass
class AccountRow:
    """An account and its figures. `ended` counts the orders that came to an end today, by their state.

    `confirms_in` is the median of seconds from wish to confirmation in the last 24 hours, None without any.
    """

    account: CarrierAccount
    queued: int = 0
    oldest: datetime | None = None
    ended: Counter = field(default_factory=Counter)
    confirms_in: float | None = None
    readings: Pull | None = None
    drifts: list = field(default_factory=list)
    comparison: Reconciliation | None = None

    @property
    def badge(self):
        if not self.account.is_on:
            return Badge(_("Off"), "")
        if self.account.broken_since:
            return Badge(_("Does not work"), "bad")
        return Badge(_("Works"), "good")

    @property
    def protocol(self):
        known = PROTOCOLS.get(self.account.protocol)
        return known.LABEL if known else self.account.protocol

    @property
    def ends(self):
        """(what became of orders, how many today) in the order of the states."""
        return [(CommandState(state).label, self.ended[state]) for state in ENDS_COUNTED]

    @property
    def read_share(self):
        """The share of cards of which yesterday's usage was told, as `99.2 %`."""
        pull = self.readings
        return f"{Completeness(pull.told, pull.total).percent:.1f} %" if pull and pull.total else ""

    @property
    def found(self):
        """(what the last comparison found, how often), with what it corrected by itself."""
        labels = dict(DriftKind.choices) | {"corrected": _("corrected by itself")}
        found = self.comparison.found if self.comparison else {}
        return [(labels.get(code, code), count) for code, count in found.items() if count]


def account_rows(accounts):
    """The figures of these accounts: the same few queries for one and for many."""
    rows = {account.pk: AccountRow(account) for account in accounts}
    today, now = civil_today(), timezone.now()
    midnight = timezone.make_aware(datetime.combine(timezone.localdate(now), time()))
    commands = Command.objects.filter(account__in=rows).order_by()
    for key, count, oldest in commands.filter(ON_ITS_WAY).values_list("account").annotate(Count("pk"), Min("made_at")):
        rows[key].queued, rows[key].oldest = count, oldest
    ended = commands.filter(ended_at__gte=midnight).values_list("account", "state").annotate(Count("pk"))
    for key, state, count in ended:
        rows[key].ended[state] = count
    for key, seconds in _seconds_to_confirm(commands, now).items():
        rows[key].confirms_in = median(seconds)
    pulls = Pull.objects.filter(account__in=rows, kind__in=USAGE_KINDS, day=today - timedelta(days=1))
    for pull in pulls.filter(ended_at__isnull=False).order_by("ended_at"):
        rows[pull.account_id].readings = pull
    differing = Drift.objects.open().filter(account__in=rows).order_by()
    for key, kind, count in differing.values_list("account", "kind").annotate(Count("pk")):
        rows[key].drifts.append((kind, DriftKind(kind).label, count))
    newest = Reconciliation.objects.filter(account__in=rows, began_at__gte=now - timedelta(days=31))
    for run in newest.order_by("began_at").select_related("released_by"):
        rows[run.account_id].comparison = run
    return list(rows.values())


def _seconds_to_confirm(commands, now):
    """The seconds from each wish to its confirmation, by account."""
    confirmed = commands.filter(CONFIRMED_ORDER, ended_at__gte=now - MEDIAN_WITHIN).order_by("-ended_at")
    seconds = defaultdict(list)
    for key, made_at, ended_at in confirmed.values_list("account", "made_at", "ended_at")[:MEDIAN_OF]:
        seconds[key].append((ended_at - made_at).total_seconds())
    return seconds
