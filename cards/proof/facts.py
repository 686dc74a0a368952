"""The proof of one card's facts: it stands where its records, terms, bindings and checks say."""

from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from cards.choices import CHANGES_OWNER, Action, RealName, State, UsageLevel, label_of
from cards.models import CardEvent, Customer
from cards.models.event import is_of_merging
from cards.phrases import listed
from cards.proof.chain import OPENINGS, begins_term, takes_in
from cards.proof.problem import Findings, holds_in_words
from cards.proof.reading import Records

NOT_SAID = object()
ACTIVATIONS = (Action.ACTIVATE, Action.FORCE_ACTIVATE, Action.APPROVE_REAL_NAME)


def prove_state_and_holds(records: Records) -> Findings:
    """The card's state and holds are those of its last event, and agree with each other."""
    card = records.card
    last = records.events[-1] if records.events else None
    if last and card.state != last.to_state:
        sentence = _("the card's state is “{state}”, but its last event says “{other}”")
        yield "state", sentence.format(state=label_of(State, card.state), other=label_of(State, last.to_state))
    if last and card.holds != last.holds:
        sentence = _("the card's holds are “{holds}”, but its last event says “{other}”")
        yield "holds", sentence.format(holds=holds_in_words(card.holds), other=holds_in_words(last.holds))
    if last and card.changed_on != last.effective_on:
        sentence = _("the card was changed on {day}, but its last event says {other}")
        yield "changed_on", sentence.format(day=card.changed_on, other=last.effective_on)
    if (card.state == State.SUSPENDED) != bool(card.resumes_to) or (card.state == State.SUSPENDED and not card.holds):
        yield "suspended", _("a card must be suspended if, and only if, it has holds and a state to resume to")
    if card.holds != str(card.hold_list):
        yield "hold_order", _("the holds “{holds}” are not in order").format(holds=holds_in_words(card.holds))


def prove_owner(records: Records) -> Findings:
    """The card is the customer's whose the records say it became last, and theirs since that record."""
    card, owner = records.card, _owner_said_last(records)
    if owner not in (NOT_SAID, card.customer_id):
        sentence = _("the card's customer is “{customer}”, but its records say “{other}”")
        yield "owner", sentence.format(customer=_whose(card.customer_id), other=_whose(owner))
    since = max((event.seq for event in records.events if _gives_to_another(event)), default=None)
    if card.owned_from_seq != since:
        sentence = _("the card has been its customer's since record {seq}, but its records say {other}")
        yield "owned_from", sentence.format(seq=card.owned_from_seq or 1, other=since or 1)


def _owner_said_last(records: Records) -> Any:
    """The key of the customer by the last record that tells whose the card became; NOT_SAID where it has no key.

    Records of before have none. What a migration wrote down stands for those of the cards that were there; a record
    that code of before has written since proves nothing about the owner, until the next one.
    """
    said = {known.version: known.customer_id for known in records.owners}
    said_through = max(said, default=0)
    for event in records.events:
        if event.seq > said_through and (event.action in OPENINGS or _moves(event)):
            said[event.seq] = event.evidence.get("customer_id", NOT_SAID)
    return said[max(said)] if said else NOT_SAID


def _moves(event: CardEvent) -> bool:
    """Whether the record moved the card to another customer; files of before did it by correcting."""
    return event.action in CHANGES_OWNER or (event.action == Action.UPDATE and "customer" in event.evidence)


def _gives_to_another(event: CardEvent) -> bool:
    """Whether from this record on the card is somebody else's; of two customers that were merged, nobody is else."""
    return _moves(event) and not is_of_merging(event.evidence)


def _whose(customer_id: Any) -> str:
    return str(Customer.objects.filter(pk=customer_id).first() or _("in stock"))


def prove_iccid(records: Records) -> Findings:
    """A card has the ICCID that its last swap gave it."""
    swaps = [event.evidence.get("iccid") for event in records.events if event.action == Action.SWAP]
    if swaps and swaps[-1] != records.card.iccid:
        yield "iccid", _("the card's last swap gave it the ICCID {iccid}").format(iccid=swaps[-1] or "–")


def prove_terms(records: Records) -> Findings:
    """Terms are numbered without a gap, follow each other without an overlap, and the card knows the running one."""
    card, terms = records.card, records.terms
    if [term.number for term in terms] != list(range(1, len(terms) + 1)) or not terms:
        yield "term_numbers", _("the service terms are not numbered 1, 2, 3 …")
    for before, term in pairwise(terms):
        ended = before.service_until if before.starts_on else None
        if term.starts_on and (ended is None or term.starts_on < ended):
            sentence = _("term {number} starts before the one in front of it has ended")
            yield "term_overlap", sentence.format(number=term.number)
    started = [term for term in terms if term.starts_on]
    last = started[-1] if started else None
    known = (card.term_number, card.service_from, card.service_until, card.quota_mb)
    if known != ((last.number, last.starts_on, last.service_until, last.quota_mb) if last else (0, None, None, 0)):
        yield "running_term", _("the card's current term is not the last one that started")


def prove_term_starts(records: Records) -> Findings:
    """A term started on the day of the record by which it began; of a card that was taken over, not the first."""
    began = {event.effective_on for event in records.events if begins_term(event)}
    activated = {event.effective_on for event in records.events if event.action in ACTIVATIONS}
    for term in records.terms:
        if not term.starts_on or (term.number == 1 and any(map(takes_in, records.events))):
            continue
        if term.starts_on not in (activated if term.number == 1 else began):
            sentence = _("term {number} started on {day}, but no record says so")
            yield "term_start", sentence.format(number=term.number, day=term.starts_on)


def prove_device(records: Records) -> Findings:
    bound_to = records.bindings[-1].imei if records.bindings else ""
    if records.card.bound_imei != bound_to:
        sentence = _("the card is bound to “{imei}”, but its last binding says “{other}”")
        yield "binding", sentence.format(imei=records.card.bound_imei, other=bound_to)


def prove_real_name(records: Records) -> Findings:
    status = records.checks[-1].status if records.checks else RealName.NONE
    if records.card.real_name != status:
        sentence = _("the card's ID verification is “{status}”, but the last one submitted is “{other}”")
        said = {"status": label_of(RealName, records.card.real_name), "other": label_of(RealName, status)}
        yield "real_name", sentence.format(**said)


def prove_kept(records: Records) -> Findings:
    """What is kept for lists to ask: the usage level, and the tags once more as rows."""
    card = records.card
    if card.usage_level != card.level:
        sentence = _("the card's usage level is “{level}”, but its usage says “{other}”")
        levels = {"level": label_of(UsageLevel, card.usage_level), "other": label_of(UsageLevel, card.level)}
        yield "usage_level", sentence.format(**levels)
    rows = sorted(row.tag.name for row in records.tags)
    if rows != card.tag_list:
        sentence = _("the card's tags are “{tags}”, but lists find it by “{other}”")
        yield "tags", sentence.format(tags=listed(card.tag_list), other=listed(rows))
