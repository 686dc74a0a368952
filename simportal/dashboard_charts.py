"""The charts of the dashboard: what happened in the last 30 days and what comes in the next weeks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from django.utils import timezone
from django.utils.translation import gettext as _

from cards import state_counts
from cards.actions.fleet_snapshot import ACTIVATED_DAYS, AGENDA_DAYS, ENDING_DAYS, READINGS_OLDER_THAN_DAYS
from cards.calendar import WEEK, days, last_day
from cards.pages.charts import bars
from cards.pages.frames import CONSOLE
from cards.quantities import MB, megabytes
from cards.quick import LAST_READ

GB = 1_024 * MB


def activations(document, today):
    """How many cards were activated on each of the last 30 days, today included."""
    shown = _last_days(today)
    counts = [(str(day), document["activated"].get(str(day), 0)) for day in shown]
    return bars(counts, url_of=_activated, url=_activated(shown[0], shown[-1]))


def usage(today):
    """How much was used on each of the last 30 days, as far as it is known."""
    shown = _last_days(today)
    counts = state_counts.usage_by_day(shown[0])
    return bars([(str(day), int(counts.get(day, 0))) for day in shown], _cards_text)


@dataclass(frozen=True)
class Agenda:
    """On how many cards something is due on each of the days ahead, and on the fullest of them.

    `days` has (day, cards, where they are listed); `url` is where the cards of all these days are.
    """

    days: list
    most: int
    url: str


def agenda(document, today):
    ahead = list(days(today + timedelta(days=1), today + timedelta(days=AGENDA_DAYS)))
    counts = [(day, document["agenda"].get(str(day), 0), _due(day)) for day in ahead]
    return Agenda(counts, max(1, *(cards for _day, cards, _url in counts)), _due(ahead[0], ahead[-1]))


def expiries(document, today):
    """How many cards have their last day of service in each of the weeks ahead, today's first."""
    counts = []
    for start in range(1, ENDING_DAYS + 1, WEEK):
        week = list(days(today + timedelta(days=start), today + timedelta(days=start + WEEK - 1)))
        counts.append((str(last_day(week[0])), sum(document["ending"].get(str(until), 0) for until in week)))
    return bars(counts, url_of=_ending_in_week, url=f"{CONSOLE.url('card-list')}?expiring={ENDING_DAYS}")


@dataclass(frozen=True)
class Readings:
    """How old the last usage reading of the cards in use is: (how old, cards, where they are listed) from the newest to
    none at all."""

    in_use: int
    oldest: datetime | None
    newest: datetime | None
    ages: list


def readings(document, today):
    found = document["readings"]
    older = [found["in_use"] - found["never"], *(found[f"older_{days}"] for days in READINGS_OLDER_THAN_DAYS), 0]
    counts = [*(newer - rest for newer, rest in pairwise(older)), found["never"]]
    words = (_("yesterday or today"), *(age.label for age in LAST_READ.values()))
    urls = ("", *(f"{CONSOLE.url('card-list')}?reading={code}" for code in LAST_READ))
    oldest, newest = (
        found[name] and timezone.localtime(datetime.fromisoformat(found[name])) for name in ("oldest", "newest")
    )
    return Readings(found["in_use"], oldest, newest, list(zip(words, counts, urls, strict=True)))


def _activated(first, last=None):
    return f"{CONSOLE.url('card-list')}?activated_since={first}&activated_through={last or first}"


def _due(first, last=None):
    return f"{CONSOLE.url('card-list')}?due_since={first}&due_through={last or first}"


def _ending_in_week(day):
    last = date.fromisoformat(day) + timedelta(days=WEEK - 1)
    return f"{CONSOLE.url('card-list')}?expiring={ENDING_DAYS}&ends_since={day}&ends_through={last}"


def _last_days(today):
    return list(days(today - timedelta(days=ACTIVATED_DAYS - 1), today))


def _cards_text(count):
    return f"{count / GB:,.1f} GB" if count >= GB else f"{megabytes(count)} MB"
