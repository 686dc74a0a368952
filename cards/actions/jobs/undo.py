"""Taking a bulk action back: each card that nothing has happened to since gets back what the action took."""

from dataclasses import replace

from cards import rules
from cards.actions.action_requests import ActionRequest, rehearse
from cards.actions.imports.taking_back import TakingBack
from cards.actions.jobs.bulk import cards_of, checked, outcomes_as_document
from cards.actions.jobs.engine import Kind
from cards.actions.write import Signature, Work, change
from cards.calendar import civil_today
from cards.catalogue import CATALOGUE
from cards.choices import JobKind
from cards.errors import Refused
from cards.models import CardEvent, Customer, PolicyBook
from cards.permissions import Actor


class Undo(Kind):
    """`payload` is {"cards": keys, "seqs": the records to undo}; `job.of` is the job that made them.

    Of an import it is several records for each card.
    """

    def check(self, job, chunk):
        undoing = _undoing(job, chunk)
        cards = cards_of(chunk)
        undoing.load(cards)
        return checked((card.pk, rehearse(undoing, card)[1]) for card in cards)

    def apply(self, job, chunk):
        undoing = _undoing(job, chunk)
        signature = Signature(undoing.request.actor, job.reason, job_id=job.pk)
        return outcomes_as_document(change(chunk.payload["cards"], undoing, signature))


class Undoing(Work):
    """The work of undoing the records `seqs`, by card."""

    def __init__(self, seqs, request):
        self.seqs, self.request = seqs, request

    def load(self, cards):
        events = CardEvent.objects.filter(card__among={card.pk for card in cards}, seq__in=set(self.seqs.values()))
        self.events = {event.card_id: event for event in events if self.seqs.get(event.card_id) == event.seq}
        owners = {event.evidence.get("was_customer_id") for event in self.events.values()} - {None}
        customers = Customer.objects.in_bulk(list(owners))
        for event in self.events.values():
            event.former_customer = customers.get(event.evidence.get("was_customer_id"))

    def steps(self, card):
        event = self.events.get(card.pk)
        if event is None or card.version != event.seq:
            raise Refused("changed_meanwhile")
        inverse, day = CATALOGUE[event.action].inverse(event), max(self.request.on, card.changed_on)
        action, request = CATALOGUE[inverse.action], replace(self.request, params=inverse.params)
        yield from rules.catch_up(card, day, request.policies)
        action.check(card, request)
        card.move_meter(day, request.policy(card))
        done = rules.Change(day, inverse.action)
        (inverse.effect or action.effect)(card, request, done)
        done.evidence["undoes"] = event.seq
        rules.settle(card, day)
        yield done
        yield from rules.catch_up(card, day, request.policies)


def _undoing(job, chunk):
    seqs = dict(zip(chunk.payload["cards"], chunk.payload["seqs"], strict=True))
    kind = TakingBack if job.of.kind == JobKind.IMPORT_CARDS else Undoing
    return kind(seqs, ActionRequest(Actor.of_job(job), civil_today(), PolicyBook.read(), job.reason))
