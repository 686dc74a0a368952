"""Taking a bulk action back: each card that nothing has happened to since gets back what the action took.

The inverse is exact where the plain action is not: resuming lifts a reached limit too, taking back a stop does not.
"""

from dataclasses import replace

from cards import guards, rules
from cards.actions import lifecycle
from cards.actions.ask import DEEDS, Ask, rehearse
from cards.actions.jobs.bulk import cards_of, checked, told
from cards.actions.jobs.engine import Kind
from cards.actions.write import Signature, Work, change
from cards.calendar import civil_today
from cards.choices import Action, Hold
from cards.errors import Refused
from cards.models import CardEvent, Customer, PolicyBook
from cards.permissions import Actor

# What takes an action back; the others have no inverse.
INVERSES = {
    Action.SUSPEND: Action.RESUME,
    Action.RESUME: Action.SUSPEND,
    Action.PLACE_HOLD: Action.LIFT_HOLD,
    Action.LIFT_HOLD: Action.PLACE_HOLD,
    Action.PROTECT: Action.UNPROTECT,
    Action.UNPROTECT: Action.PROTECT,
    Action.SET_LIMIT: Action.SET_LIMIT,
    Action.ASSIGN: Action.ASSIGN,
    Action.RENEW: Action.UNRENEW,
    Action.TAG: Action.UNTAG,
    Action.UNTAG: Action.TAG,
    Action.REMARK: Action.REMARK,
}


class Undo(Kind):
    """`payload` is {"cards": keys, "seqs": the records to take back}; `job.of` is the job that made them."""

    def check(self, job, chunk):
        undoing = _undoing(job, chunk)
        cards = cards_of(chunk)
        undoing.load(cards)
        return checked((card.pk, rehearse(undoing, card)[1]) for card in cards)

    def apply(self, job, chunk):
        undoing = _undoing(job, chunk)
        signature = Signature(undoing.ask.actor, job.reason, job_id=job.pk)
        return told(change(chunk.payload["cards"], undoing, signature))


class Undoing(Work):
    """The work of taking back the records `seqs`, by card."""

    def __init__(self, seqs, ask):
        self.seqs, self.ask = seqs, ask

    def load(self, cards):
        events = CardEvent.objects.filter(card__among={card.pk for card in cards}, seq__in=set(self.seqs.values()))
        self.events = {event.card_id: event for event in events if self.seqs.get(event.card_id) == event.seq}
        owners = {event.evidence.get("was_customer_id") for event in self.events.values()} - {None}
        self.customers = Customer.objects.in_bulk(list(owners))

    def steps(self, card):
        event = self.events.get(card.pk)
        if event is None or card.version != event.seq:
            raise Refused("changed_meanwhile")
        day, inverse = max(self.ask.on, card.changed_on), INVERSES[event.action]
        ask = replace(self.ask, params=self._params(event))
        yield from rules.catch_up(card, day, ask.policies)
        guards.check(inverse, card, ask)
        card.move_meter(day, ask.policy(card))
        done = rules.Change(day, inverse)
        UNDOINGS.get(event.action, _by_the_action)(card, ask, done, event)
        done.evidence["undoes"] = event.seq
        rules.settle(card, day)
        yield done
        yield from rules.catch_up(card, day, ask.policies)

    def _params(self, event):
        evidence = event.evidence
        match event.action:
            case Action.PLACE_HOLD | Action.LIFT_HOLD:
                return {"kind": Hold.ANOMALY}
            case Action.RENEW:
                return {"term": evidence["term"]}
            case Action.ASSIGN:
                return {"customer": self.customers.get(evidence["was_customer_id"])}
            case Action.TAG | Action.UNTAG:
                return {"tag": evidence["tag"]}
            case Action.REMARK:
                return {"remark": evidence["was_remark"]}
        return {}


def _by_the_action(card, ask, done, event):
    DEEDS[done.action](card, ask, done)


def _stopped_no_more(card, ask, done, event):
    lifecycle.lift(card, ask, done, Hold.VOLUNTARY)


def _stopped_again(card, ask, done, event):
    for hold in map(Hold, event.evidence["lifted"]):
        if not card.may_be_held(hold):
            raise Refused("not_from_this_state", state=str(card.state))
        if hold == Hold.THRESHOLD:
            card.limit_waived = False
        lifecycle.place(card, ask, done, hold)


def _limited_as_before(card, ask, done, event):
    lifecycle.limit(card, ask, done, event.evidence["was_limit_mb"], event.evidence["was_waived"])


UNDOINGS = {
    Action.SUSPEND: _stopped_no_more,
    Action.RESUME: _stopped_again,
    Action.SET_LIMIT: _limited_as_before,
}


def _undoing(job, chunk):
    seqs = dict(zip(chunk.payload["cards"], chunk.payload["seqs"], strict=True))
    return Undoing(seqs, Ask(Actor.of_job(job), civil_today(), PolicyBook.read(), job.reason))
