"""Above the card list: a tab for each state and, in place of `suspended`, for each hold; and the quick filters."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cards import state_counts
from cards.choices import Hold, State
from cards.filters import TABS
from cards.pages.addresses import view_url
from cards.quick import QUICK

STATES_WITH_A_TAB = (State.TESTING, State.UNUSED, State.IN_USE, *Hold, State.SHUT_DOWN, State.CANCELLED)
WITHOUT_A_TAB = {state.value: state for state in {*State}.difference(STATES_WITH_A_TAB)}


@dataclass(frozen=True)
class Tab:
    """`value` is what a button in its place posts: a pasted list does not go into a dozen addresses."""

    label: str
    count: str
    url: str
    is_current: bool
    value: str = "all"


@dataclass(frozen=True)
class Chip:
    """A quick filter; the address of one that is on takes it off."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Tabs:
    """The tabs, and in a sentence how their counts were come by."""

    tabs: list
    note: str
    is_capped: bool

    @property
    def count(self):
        """How many cards the view has, as far as they were counted."""
        return next((tab.count for tab in self.tabs if tab.is_current), "")


def tabs_of(filtered, params, frame):
    """The tabs of a read filter, each with its count."""
    chosen = {name: params.get(name) for name in TABS}
    counted = filtered.counted
    mark = "" if counted.is_exact else "+"
    tabs = [
        Tab(
            label,
            f"{counted.counts[code]:,}{mark}",
            view_url(params, frame, **_only(name, code)),
            chosen == _only(name, code),
            f"{name}={code}" if name else "all",
        )
        for name, code, label in _offered(chosen)
    ]
    return Tabs(tabs, _note(counted), not counted.is_exact)


def posted_tab(params):
    """Puts the tab whose button was pressed in place of the one that was looked at."""
    pressed = params.pop("tab", None)
    if pressed:
        name, _equals, code = pressed[0].partition("=")
        for tab in TABS:
            params.pop(tab, None)
        if name in TABS:
            params[name] = code


def chips_of(params, frame, names):
    """The quick filters of these names, each as one click from this view."""
    current = params.get("quick")
    return [
        Chip(QUICK[name].label, view_url(params, frame, quick=None if name == current else name), name == current)
        for name in names
    ]


def _offered(chosen):
    yield "", "", _("All")
    if state := WITHOUT_A_TAB.get(chosen["state"]):
        yield "state", state, state.label
    for code in STATES_WITH_A_TAB:
        yield "hold" if code in Hold.values else "state", code, code.label


def _only(name, code):
    return {tab: str(code) if tab == name else None for tab in TABS}


def _note(counted):
    if counted.is_kept:
        return _("Exact: updated with every change.")
    if counted.is_exact:
        return _("Exact: counted just now.")
    return _("At least this many: counting stops at {most} cards.").format(most=f"{state_counts.COUNTED:,}")
