"""What the card list shows: its rows, its tabs and the addresses of the views beside it."""

from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.choices import Carrier, Hold, State
from cards.filters import TABS, stopped_by
from cards.paging import counts_up_to
from cards.quantities import per_cent
from cards.views.addresses import view_url

COUNTED = 10_000
SOON_DAYS = 30
LOW_PER_CENT = 80

# What a row looks at, and the queries ask for.
COLUMNS = (
    "iccid", "msisdn", "carrier", "state", "holds", "resumes_to", "parked", "opened_on", "test_quota_mb",
    "test_until", "forced_activation_on", "service_until", "cancel_on", "cycle_from", "cycle_until", "quota_mb",
    "pack_mb", "limit_mb", "used_bytes", "bound_imei", "seen_imei",
    "customer", "customer__name", "plan", "plan__code",
)  # fmt: skip

# The day that matters next, by the phase of the card, and what it is.
NEXT_DAY = {
    State.TESTING: ("test_until", gettext_lazy("test ends")),
    State.UNUSED: ("forced_activation_on", gettext_lazy("forced active")),
    State.IN_USE: ("service_until", gettext_lazy("service until")),
    State.SHUT_DOWN: ("cancel_on", gettext_lazy("cancelled on")),
    State.CANCELLED: ("cancel_on", gettext_lazy("cancelled on")),
}
STATES_WITH_A_TAB = (State.TESTING, State.UNUSED, State.IN_USE, *Hold, State.SHUT_DOWN, State.CANCELLED)


@dataclass(frozen=True)
class Usage:
    """Used of how much, and how it looks."""

    used_bytes: int
    quota_bytes: int
    per_cent: int
    tone: str


@dataclass(frozen=True)
class Row:
    iccid: str
    url: str
    msisdn: str
    shown: str
    is_parked: bool
    customer: str
    carrier: str
    plan: str
    usage: Usage | None
    next_day: date | None
    next_label: str
    is_soon: bool
    imei: str


@dataclass(frozen=True)
class Tab:
    label: str
    count: str
    url: str
    is_current: bool


def rows_of(cards, day):
    return [_row(card, day) for card in cards]


def usage_of(card, day):
    """The card's meter as a bar, or None while none runs."""
    if card.term_runs and card.cycle_until is None:
        return None  # A card that contradicts itself is shown all the same, for somebody to see.
    meter = card.meter(day)
    if meter.quota_bytes is None:
        return None
    share = per_cent(meter.used_bytes, meter.quota_bytes)
    tone = "is-out" if share == 100 else "is-low" if share >= LOW_PER_CENT else ""
    return Usage(meter.used_bytes, meter.quota_bytes, share, tone)


def next_day_of(card):
    """The day that matters next on the card and what it is: `("service until", 2027-01-01)`."""
    name, label = NEXT_DAY[card.phase]
    day = getattr(card, name)
    if day is None:
        # In use without a term: it waits for the real-name check, at the longest until it is forced active.
        day, label = card.forced_activation_on, NEXT_DAY[State.UNUSED][1]
    return day, label


def tabs_of(filtered, params):
    """One tab for each state and, in place of `suspended`, for each hold, with counts that stop at a cap."""
    chosen = {name: params.get(name) for name in TABS}
    tabs = [("", "", _("All"))]
    tabs += [("hold" if code in Hold.values else "state", code, code.label) for code in STATES_WITH_A_TAB]
    if chosen["state"] == State.SUSPENDED:
        tabs.insert(1, ("state", State.SUSPENDED, State.SUSPENDED.label))
    counts = counts_up_to(COUNTED, [_in_tab(filtered.in_all_tabs, name, code) for name, code, _label in tabs])
    return [
        Tab(label, capped(count), view_url(params, **_only(name, code)), chosen == _only(name, code))
        for (name, code, label), count in zip(tabs, counts, strict=True)
    ]


def capped(count):
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"


def _only(name, code):
    return {tab: str(code) if tab == name else None for tab in TABS}


def _in_tab(cards, name, code):
    if not name:
        return cards
    return stopped_by(cards, code) if name == "hold" else cards.filter(state=code)


def _row(card, day):
    next_day, label = next_day_of(card)
    return Row(
        iccid=card.iccid,
        url=reverse("console:card", args=[card.iccid]),
        msisdn=card.msisdn,
        shown=card.shown,
        is_parked=bool(card.parked),
        customer=card.customer.name if card.customer else "",
        carrier=Carrier(card.carrier).label,
        plan=card.plan.code,
        usage=usage_of(card, day),
        next_day=next_day,
        next_label=label,
        is_soon=bool(next_day) and not card.is_final and (next_day - day).days <= SOON_DAYS,
        imei=card.bound_imei or card.seen_imei,
    )
