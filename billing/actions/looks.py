"""Which cards a step of a day has to look at: all of them twice a day, and between only those with news.

Renewals and notices are done again at each ring while the day goes on. Nearly always nothing has become of a card since
the ring before, and to look at all cards takes the longer the more there are. So the first look of a day is at all
cards, and so is the last one, once the day is over: whatever a look between them may not have heard of is found by
that, on the same day. Between them a step hears of cards by their records, and of usage by its sums; a change of terms,
which may be about any card, has it look at all of them once more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from billing.models import LastLook, TermsRecord
from cards.actions.events import newest_key, pull, skip_to_newest
from cards.calendar import made_up_for
from cards.choices import DayStep
from cards.models import UsageTally
from cards.querysets import CardQuerySet

# Whose allowance runs low is asked of all cards that have used so much: how often at the most, while usage comes in.
USAGE_HEARD_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DayLook:
    """What is looked at: the cards with these keys, None for all; and those that have used much, if `at_usage`."""

    keys: frozenset[int] | None = None
    at_usage: bool = True

    @property
    def is_at_cards(self) -> bool:
        """Whether any card has news, but for its usage."""
        return self.keys is None or bool(self.keys)

    def among(self, cards: CardQuerySet) -> CardQuerySet:
        """Those of these cards that are looked at."""
        return cards if self.keys is None else cards.filter(pk__among=self.keys)


AT_ALL = DayLook()


@contextmanager
def looking(step: DayStep, day: date) -> Iterator[DayLook]:
    """What this step has to look at as of a day, within `for_day`; if the block fails, the next look is at all."""
    known = {"day": day, "terms": newest_key(TermsRecord)}
    usage, now = newest_key(UsageTally), timezone.now()
    last = LastLook.objects.filter(step=step, **known).first()
    is_between = last is not None and made_up_for() is None
    if is_between:
        at_usage = usage != last.usage and now - last.usage_at >= USAGE_HEARD_EVERY
        look = DayLook(_recorded_since(step), at_usage)
    else:
        skip_to_newest(_reader(step))
        look = AT_ALL
    try:
        yield look
    except BaseException:
        LastLook.objects.filter(step=step).delete()
        raise
    if look.at_usage:
        LastLook.objects.update_or_create(step=step, defaults={**known, "usage": usage, "usage_at": now})


def _recorded_since(step: DayStep) -> frozenset[int]:
    """The cards of which something was recorded since this step heard of them."""
    keys: set[int] = set()
    while pull(_reader(step), lambda events: keys.update(event.card_id for event in events)):
        pass
    return frozenset(keys)


def _reader(step: DayStep) -> str:
    return f"look: {step}"
