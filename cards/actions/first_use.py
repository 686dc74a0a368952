"""A card was used for the first time, and it is the carrier who says so, before any reading does (rule 3)."""

from cards import rules
from cards.actions.write import Work, change
from cards.calendar import civil_today
from cards.catalogue.meters import bytes_told
from cards.choices import Action, Cause, Hold, State
from cards.errors import Refused
from cards.models import PolicyBook
from cards.rules import Change


def take_first_use(since, *, signature, versions=None, evidence=None):
    """These cards are in use, each since the day that `since` has by its key; one `Outcome` a card.

    A test ends with the first use, but not before a day that was counted in it already. What is due on a card by then
    is done first, and a card's record never goes back in time (rule 10). Refused is a card that is neither in test nor
    unused any more, and where `versions` are given one that has changed since. `evidence` is what the records are to
    say beside, by the keys of cards.
    """
    return change(since, FirstUse(since, signature.actor, versions, evidence or {}), signature)


class FirstUse(Work):
    def __init__(self, since, actor, versions, evidence):
        self.since, self.actor, self.versions, self.evidence = since, actor, versions, evidence
        self.today, self.policies = civil_today(), PolicyBook.read()

    def steps(self, card):
        self._check(card)
        day = max(min(self.since[card.pk], self.today), card.changed_on)
        yield from rules.catch_up(card, day, self.policies)
        if card.is_in_test:
            day = max(day, card.used_on or day)
            card.end_test(on=day, policy=self.policies.in_force(card.carrier, day))
            yield self._done(card, Change(day, Action.END_TEST))
            yield from rules.catch_up(card, day, self.policies)
        if not card.is_silent:
            raise Refused("not_unused")
        yield self._used(card, day)
        yield from rules.catch_up(card, max(day, self.today), self.policies)

    def _check(self, card):
        if not self.actor.may(Action.ACTIVATE, card):
            raise Refused("not_permitted", actor=self.actor.name, action=str(Action.ACTIVATE))
        if card.parked:
            raise Refused("parked", parked=card.parked)
        if not (card.is_in_test or card.is_silent):
            raise Refused("not_unused")

    def _used(self, card, day):
        """The term starts; without the real-name check of a person the card is stopped instead."""
        policy = self.policies.in_force(card.carrier, day)
        if card.lacks_real_name:
            card.place_hold(on=day, policy=policy, hold=Hold.REAL_NAME, resumes_to=State.IN_USE)
            return self._done(card, Change(day, Action.PLACE_HOLD, evidence={"hold": str(Hold.REAL_NAME)}))
        card.activate(on=day, policy=policy, cause=Cause.FIRST_USE)
        card.used_bytes = bytes_told(card)
        if card.cycle_is_over(self.today):
            card.move_meter(self.today, self.policies.in_force(card.carrier, self.today))
        return self._done(card, Change(day, Action.ACTIVATE))

    def _done(self, card, done):
        done.evidence.update(self.evidence.get(card.pk, {}))
        rules.settle(card, done.on)
        return done
