"""How many cards are in each state and show each hold, and how that changed: from the kept sums alone."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.http import urlencode

from cards import state_counts
from cards.calendar import WEEK, days
from cards.choices import Hold, State
from cards.pages.card_columns import USUAL
from cards.pages.charts import line
from cards.pages.frames import CONSOLE

TREND_DAYS = 30


def stopped_lately(today):
    """Where the cards are listed that were stopped in the last days, with when and by whom."""
    asked = {"stopped_since": str(today - timedelta(days=WEEK - 1)), "cols": ",".join((*USUAL, "stopped"))}
    return f"{CONSOLE.url('card-list')}?{urlencode(asked)}"


@dataclass(frozen=True)
class StateTile:
    """A number of cards in a state or stopped by a hold, and by how many that is more than 30 days ago.

    `carried` counts a hold also where another one is shown; `points` draw the line of the days between.
    """

    code: str
    label: str
    cards: int
    change: int
    points: str
    carried: int = 0

    @property
    def change_text(self):
        return f"{self.change:+,}".replace("-", "−")


class Fleet:
    """The tiles of all states and holds on `today`, and the days that led there."""

    def __init__(self, today):
        self.days = list(days(today - timedelta(days=TREND_DAYS), today))
        self.history = state_counts.states_on(self.days)

    @property
    def states(self):
        return [self._tile(state) for state in State]

    @property
    def holds(self):
        carried = state_counts.carried_now()
        return [self._tile(hold, carried[hold]) for hold in Hold]

    @property
    def in_all(self):
        now = self.history[self.days[-1]]
        return sum(now[state] for state in State)

    @property
    def columns(self):
        """The names of the codes in the order of `rows`."""
        return [code.label for code in (*State, *Hold)]

    @property
    def rows(self):
        """(day, the cards of each code) of every day, the newest first."""
        for day in reversed(self.days):
            yield day, [self.history[day][code] for code in (*State, *Hold)]

    def _tile(self, code, carried=0):
        counts = [self.history[day][code] for day in self.days]
        return StateTile(code.value, code.label, counts[-1], counts[-1] - counts[0], line(counts), carried)
