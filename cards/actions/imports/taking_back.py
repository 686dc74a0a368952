"""Taking an import back: each card that it corrected, and that nothing has happened to since, is as it was before."""

from dataclasses import replace

from cards.actions.action_requests import RequestedAction
from cards.actions.imports.anew import Anew, evidence_of, filed, said_in_service, untouched
from cards.actions.imports.building import Building
from cards.actions.imports.card_rows import OPENED_WITH
from cards.actions.write import Work
from cards.catalogue import CATALOGUE
from cards.choices import Action
from cards.errors import BadInput, Refused
from cards.models import CardEvent, Customer, Plan
from cards.rules import Change


class TakingBack(Work):
    """`corrected` has for each card the numbers of the records by which it was corrected, in order."""

    def __init__(self, corrected, request):
        self.corrected, self.request = corrected, request

    def load(self, cards):
        numbers = {seq for card in cards for seq in self.corrected[card.pk]}
        events = CardEvent.objects.filter(card__among={card.pk for card in cards}, seq__in=numbers).order_by("-seq")
        self.events = {card.pk: [] for card in cards}
        for event in events:
            if event.seq in self.corrected[event.card_id]:
                self.events[event.card_id].append(event)
        owners = {event.evidence.get("was_customer_id") for event in events} - {None}
        customers = Customer.objects.in_bulk(list(owners))
        for event in events:
            event.former_customer = customers.get(event.evidence.get("was_customer_id"))
        self.codes = dict(Plan.objects.values_list("pk", "code"))
        anew = {event.card_id for event in events if "anew" in event.evidence}
        self.said = said_in_service(anew, before=self.corrected) if anew else {}
        self.untouched = untouched(anew) if anew else set()
        self.building = Building(self.request.policies, self.request.on)

    def steps(self, card):
        events, numbers = self.events.get(card.pk, []), self.corrected[card.pk]
        is_last = numbers and numbers == list(range(card.version - len(numbers) + 1, card.version + 1))
        if len(events) != len(numbers) or not is_last:
            raise Refused("changed_meanwhile")
        for event in events:
            if event.action == Action.UPDATE:
                yield self._restored(card, event)
            else:
                yield from self._given_back(card, event)

    def _given_back(self, card, event):
        inverse = CATALOGUE[event.action].inverse(event)
        for done in RequestedAction(CATALOGUE[inverse.action], replace(self.request, params=inverse.params)).steps(
            card
        ):
            if done.action == inverse.action:
                done.evidence["undoes"] = event.seq
            yield done

    def _restored(self, card, event):
        before = event.evidence.get("before")
        if before is None:
            raise Refused("nothing_to_undo")
        if "anew" in event.evidence:
            return self._anew(card, event, before)
        now = {name: getattr(card, name) for name in before}
        for name, value in before.items():
            setattr(card, name, value)
        return Change(card.changed_on, Action.UPDATE, evidence={**before, "before": now, "undoes": event.seq})

    def _anew(self, card, event, before):
        code, today = self.codes[card.plan_id], self.request.on
        if card.pk not in self.untouched or (card.next_due_on and card.next_due_on <= today):
            raise Refused("changed_meanwhile")
        now = filed(card, event.evidence["anew"], code, today)
        opened_with = {name: value for name, value in before.items() if name in OPENED_WITH}
        try:
            was = filed(card, self.said.get(card.pk, {}), code, today, **opened_with)
            self.building.check(was)
        except BadInput:
            raise Refused("nothing_to_undo") from None
        return Anew(card.version, *self.building.built(was), evidence_of(now, was, undoes=event.seq)).take_in(card)
