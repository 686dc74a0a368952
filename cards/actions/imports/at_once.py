"""What the rules would do at once, by today, to cards as a file has them: a year mistyped ends a card for good."""

from dataclasses import dataclass, field

from cards import rules
from cards.choices import Action
from cards.errors import InvariantBroken

AT_ONCE = (Action.FORCE_ACTIVATE, Action.EXPIRE, Action.CANCEL)
FOR_GOOD = (Action.EXPIRE, Action.CANCEL)


@dataclass
class AtOnce:
    """For each of these actions how many cards, the first and the last day; `ended` is how many come to an end."""

    days: dict = field(default_factory=dict)
    ended: int = 0

    def add(self, card, today, policies):
        """Take a new card, which stays as it is."""
        if not card.next_due_on or card.next_due_on > today:
            return
        try:
            changes = list(rules.catch_up(card.copy(), today, policies))
        except InvariantBroken:
            return
        done = {change.action: change.on for change in reversed(changes) if change.action in AT_ONCE}
        for action, day in done.items():
            self._count(action, 1, day, day)
        self.ended += not done.keys().isdisjoint(FOR_GOOD)

    def add_all(self, written):
        """Take what another one has written down."""
        for action, (count, first, last) in written["days"].items():
            self._count(action, count, first, last)
        self.ended += written["ended"]

    def counts(self):
        """As the commands' documents have it."""
        return {str(action): self.days.get(action, (0,))[0] for action in AT_ONCE}

    def written(self):
        """As JSON: {"days": {action: [count, first day, last day]}, "ended"}."""
        return {"days": {str(action): found for action, found in self.days.items()}, "ended": self.ended}

    def _count(self, action, count, first, last):
        first, last = str(first), str(last)
        before, earliest, latest = self.days.get(action, (0, first, last))
        self.days[action] = [before + count, min(earliest, first), max(latest, last)]
