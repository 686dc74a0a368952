"""Actions that people ask for: one door for one card and for many, in the browser, on the command line and in jobs."""

from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter

from django.contrib.auth.models import User
from django.utils import timezone

from cards import rules
from cards.actions.alike import Unlike, bear_out, classes_of
from cards.actions.alone import acting_alone
from cards.actions.cancelling import may_cancel_alone, too_many_alone
from cards.actions.swapping import swap_sims
from cards.actions.write import Signature, Work, attach_queues, change, one_by_one, started
from cards.calendar import civil_today
from cards.catalogue import CATALOGUE, asked_for
from cards.choices import ActorKind
from cards.errors import InvariantBroken, Refused
from cards.models import Card, PolicyBook
from cards.permissions import Actor


@dataclass(slots=True)
class ActionRequest:
    """Who asks for what, on which civil day, why and with what parameters (cleaned).

    `reason` is None while somebody only looks at what would be possible. `versions`, if given, are the cards' when
    somebody looked at them: a card that has changed since is refused, so that nobody acts on what they did not see.
    `sent_in` are the cards of this chunk whose real-name check is sent in: the database does not know them yet.
    `withheld` is why this actor may do it to no card, whatever the cards are. `evidence` is what the records are to say
    beside, by the keys of cards.
    """

    actor: Actor
    on: date
    policies: PolicyBook
    reason: str | None = None
    params: dict = field(default_factory=dict)
    versions: dict | None = None
    sent_in: set = field(default_factory=set)
    withheld: Refused | None = None
    evidence: dict = field(default_factory=dict)

    @property
    def is_preview(self):
        return self.reason is None

    def policy(self, card):
        return self.policies.in_force(card.carrier, self.on)


def act(
    action,
    card_ids,
    *,
    actor,
    reason="",
    on=None,
    at=None,
    job_id=None,
    versions=None,
    evidence=None,
    how=one_by_one,
    **params,
):
    """Do `action` to these cards; one `Outcome` a card (or a class of them: `how`), refused ones with their reason.

    What is already due on a card is done first, so that nobody acts on a state that is out of date (rule 10).
    `evidence` is what the record of each card is to say beside, by the card's key. Raises `BadInput` when the
    parameters cannot be read; then nothing was done to any card.
    """
    declared = asked_for(action)
    params = declared.cleaned(params)
    day, policies = on or civil_today(), PolicyBook.read()
    request = ActionRequest(actor, day, policies, reason, params, versions, evidence=evidence or {})
    work, signature = RequestedAction(declared, request), Signature(actor, reason, at or timezone.now(), job_id)
    if declared.takes_another:
        return swap_sims(card_ids, work, signature)
    if not declared.is_final or actor.kind != ActorKind.STAFF or job_id:  # a job was looked at when it was started
        return change(card_ids, work, signature, how)
    card_ids, person = list(card_ids), User.objects.get_by_natural_key(actor.name)
    with acting_alone(person):
        if not may_cancel_alone(person, len(card_ids)):
            request.withheld = too_many_alone(person)
        return change(card_ids, work, signature, how)


class RequestedAction(Work):
    """The work of one action that somebody asks for."""

    def __init__(self, declared, request):
        self.declared, self.request, self.day = declared, request, request.on
        self.also_asks, self.versions = facts_asked(declared, request.actor), request.versions

    def load(self, cards):
        self.request.sent_in.clear()

    def steps(self, card):
        request, day = self.request, max(self.request.on, card.changed_on)
        if card.next_due_on and card.next_due_on <= day:
            yield from rules.catch_up(card, day, request.policies)
        self.declared.check(card, request)
        if request.withheld:
            raise request.withheld
        card.move_meter(day, request.policy(card))
        done = rules.Change(day, self.declared.word)
        self.declared.effect(card, request, done)
        if request.evidence:
            done.evidence.update(request.evidence.get(card.pk, {}))
        following = rules.settle(card, day)
        yield done
        if following and following.on <= day:
            yield from rules.catch_up(card, day, request.policies)
        yield from self.declared.aftermath(card, request, day)


def facts_asked(declared, actor):
    """Which facts of a card an action of this actor asks for, beside those of the rules."""
    return declared.also_asks if actor.customers is None else tuple(sorted({*declared.also_asks, "customer_id"}))


def possible(card, actor, on, policies):
    """Every action this actor's role knows, with the refusal it would meet on this card now, or None.

    The card is looked at as it will be once what is due on it is done. Raises `InvariantBroken` when its facts
    contradict each other and nobody has parked it yet.
    """
    card = card.copy()
    if not card.parked:
        rules.check(card)
    list(rules.catch_up(card, on, policies))
    request = ActionRequest(actor, on, policies)
    return [(word, action.refusal(card, request)) for word, action in CATALOGUE.items() if word in actor.actions]


def rehearse(work, card):
    """(the card as the work would leave it, None), or (None, the refusal it would meet now): tried on a copy."""
    twin = card.copy()
    try:
        for done in started(twin, work):
            bear_out(twin, done)
    except Refused as refused:
        return None, refused
    except InvariantBroken as broken:
        return None, Refused("parked", parked=broken.written())
    return twin, None


def foreseen_refusal(action, card, request):
    """The refusal that one action would meet on this card now, or None; a card of contradictions refuses as parked."""
    try:
        return _foreseen_refusal(asked_for(action), card.copy(), request)
    except InvariantBroken as broken:
        return Refused("parked", parked=broken.written())


def foreseen_refusals(action, card_ids, request):
    """The same of many cards: (key, version, refusal or None) of each, in the order of their keys."""
    declared, found = asked_for(action), []
    for card in classes_of(card_ids, request.on, facts_asked(declared, request.actor)):
        try:
            refused = _foreseen_refusal(declared, card.copy(), request)
        except (Unlike, InvariantBroken):
            continue
        found += [(key, version, refused) for key, version in zip(card.keys, card.versions, strict=True)]
    others = set(card_ids).difference(key for key, _version, _refused in found)
    for card in attach_queues(list(Card.objects.filter(pk__among=others))) if others else ():
        found.append((card.pk, card.version, foreseen_refusal(action, card, request)))
    return sorted(found, key=itemgetter(0))


def _foreseen_refusal(declared, card, request):
    if not card.parked:
        rules.check(card)
    for done in rules.catch_up(card, max(request.on, card.changed_on), request.policies):
        bear_out(card, done)
    return declared.refusal(card, request)
