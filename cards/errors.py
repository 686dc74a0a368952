"""How the portal says no: a code for programs, a sentence for people, and the way out."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, Self, TypeVar

from django.apps import apps
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.choices import Action, Carrier, Certification, Hold, State, label_of
from cards.phrases import joined, listed, noted, pair
from cards.unreadable import read_kept

# Facts that are codes of a vocabulary: what they are called depends on who reads.
VOCABULARIES: dict[str, type[TextChoices]] = {
    "action": Action,
    "carrier": Carrier,
    "certification": Certification,
    "hold": Hold,
    "state": State,
}

WAY_TO_A_ROLE = _("Ask someone whose role allows it.")
REFUSALS = {
    "unreadable": (
        _("The reason cannot be read: {text}"),
        _("Ask whoever runs the portal."),
    ),
    "cancelled": (
        _("The card is cancelled, which is final."),
        _("Open a new card."),
    ),
    "parked": (
        _("The card is parked because its data is inconsistent: {parked}"),
        _("Correct the data, then unpark the card."),
    ),
    "not_parked": (
        _("The card is not parked."),
        _("No action is needed."),
    ),
    "not_permitted": (
        _("{actor} is not allowed to do this: {action}."),
        WAY_TO_A_ROLE,
    ),
    "cancels_alone": (
        _("You alone cancelled {count} cards in {days} days; one person may cancel at most {most} alone."),
        _("Request approval, and a colleague decides."),
    ),
    "not_unused": (
        _("Only an unused card can be activated."),
        _("Check the card's state: it may already be active."),
    ),
    "real_name_first": (
        _("The card needs approved ID verification before it can be activated."),
        _("Submit ID verification and have it approved."),
    ),
    "already_voluntary": (
        _("The card is already suspended manually."),
        _("Resume it, or leave it suspended."),
    ),
    "not_in_use": (
        _("This is possible only for a card in use."),
        _("Wait until the card is in use, or activate it."),
    ),
    "renew_first": (
        _("The card is shut down: its last term has ended."),
        _("Renew first."),
    ),
    "nothing_to_resume": (
        _("The card is neither suspended manually nor at its usage limit."),
        _("Check why the card is suspended: each reason has its own fix."),
    ),
    "only_anomaly": (
        _("This hold cannot be placed or lifted manually: {hold}."),
        _("Use the action for it: suspend, resume, change device, top up or ID verification."),
    ),
    "hold_stands": (
        _("The card already has this hold: {hold}."),
        _("No action is needed."),
    ),
    "hold_not_open": (
        _("The card does not have this hold: {hold}."),
        _("There is nothing to lift."),
    ),
    "not_from_this_state": (
        _("This hold cannot be placed on a card in this state: {state}."),
        _("Wait until the card is in a state that allows it."),
    ),
    "not_bound": (
        _("The card is not bound to a device."),
        _("It works in any device: there is nothing to change."),
    ),
    "same_device": (
        _("The card is already bound to this device."),
        _("Enter the IMEI of the new device."),
    ),
    "rebinds_used_up": (
        _("The device was changed {count} times this month; the carrier allows {cap}."),
        _("Wait until the first of next month."),
    ),
    "no_real_name_needed": (
        _("The card is certified by an enterprise and needs no ID verification."),
        _("There is nothing to submit."),
    ),
    "too_many_cards": (
        _("This person already has {count} cards; the carrier allows {most}."),
        _("Submit another person, or remove a card from this one first."),
    ),
    "already_approved": (
        _("The ID verification is already approved."),
        _("If the person has changed, revoke it first."),
    ),
    "already_submitted": (
        _("An ID verification is already pending approval."),
        _("Approve or reject it."),
    ),
    "not_submitted": (
        _("No ID verification is pending approval."),
        _("Submit it first."),
    ),
    "not_approved": (
        _("The card has no approved ID verification."),
        _("There is nothing to revoke."),
    ),
    "no_running_term": (
        _("The card has no current term to add a pack to."),
        _("Wait until the card is in use."),
    ),
    "nobody_pays": (
        _("The card is in stock, so there is no one to pay for it."),
        _("Assign it to a customer first, or grant the service free of charge."),
    ),
    "nothing_renewed": (
        _("The card has no such renewal queued."),
        _("There is no renewal to undo."),
    ),
    "term_started": (
        _("The term has started, so its service is in use."),
        _("Only a term that has not started can be undone."),
    ),
    "later_term": (
        _("Another term was bought after this one."),
        _("Undo that one first."),
    ),
    "renewed_already": (
        _("The card is renewed already: its next term is queued."),
        _("To order one more term all the same, include the cards that are renewed already."),
    ),
    "ordered_already": (
        _("Order {order} of {day}, not paid yet, renews this card."),
        _("Pay that order, or cancel it. To order one more term, include the cards that are renewed already."),
    ),
    "paid_already": (
        _("Order {order} of {day} is paid and renews this card."),
        _("To order one more term all the same, include the cards that are renewed already."),
    ),
    "not_a_plan": (
        _("{plan} is an add-on pack, not a plan."),
        _("Renew with a plan, or top up with the pack."),
    ),
    "not_a_pack": (
        _("{plan} is a plan, not an add-on pack."),
        _("Top up with a pack, or renew with the plan."),
    ),
    "protected": (
        _("The card is protected from cancellation."),
        _("Remove the protection first."),
    ),
    "blocked_by_carrier": (
        _("The carrier has blocked this card, and a swap would get around that."),
        _("Clear it up with the carrier first."),
    ),
    "swapped_for_itself": (
        _("This is the card itself."),
        _("Enter the ICCID of the new SIM."),
    ),
    "new_sim_of_other_carrier": (
        _("The new SIM {iccid} is from another carrier: {carrier}."),
        _("Use one of the card's own carrier."),
    ),
    "new_sim_certified_otherwise": (
        _("The new SIM {iccid} is certified otherwise: {certification}."),
        _("Use one that is certified as the card is."),
    ),
    "new_sim_not_in_stock": (
        _("The new SIM {iccid} belongs to a customer."),
        _("Use one from stock, or return this one to stock first."),
    ),
    "new_sim_not_unused": (
        _("The new SIM {iccid} is not unused: {state}."),
        _("Use an unused one from stock."),
    ),
    "new_sim_protected": (
        _("The new SIM {iccid} is protected."),
        _("Remove the protection first, or use another one."),
    ),
    "new_sim_parked": (
        _("The new SIM {iccid} is parked because its data is inconsistent."),
        _("Correct its data and unpark it, or use another one."),
    ),
    "one_swap_at_a_time": (
        _("SIMs are swapped one at a time: each card needs a new SIM of its own."),
        _("Swap each card by itself."),
    ),
    "swap_failed": (
        _("The two SIMs could not be swapped, and both are as they were: {text}"),
        _("Correct the data of both cards, or use another new SIM."),
    ),
    "already_protected": (
        _("The card is already protected."),
        _("No action is needed."),
    ),
    "not_protected": (
        _("The card is not protected."),
        _("No action is needed."),
    ),
    "reason_required": (
        _("A reason is required."),
        _("Briefly give a reason."),
    ),
    "same_customer": (
        _("The card already belongs to this customer."),
        _("No action is needed."),
    ),
    "in_stock_already": (
        _("The card is already in stock."),
        _("No action is needed."),
    ),
    "changed_meanwhile": (
        _("The card has changed in the meantime."),
        _("Review its current state, then try again."),
    ),
    "already_tagged": (
        _("The card already has this tag: {tag}."),
        _("No action is needed."),
    ),
    "not_tagged": (
        _("The card does not have this tag: {tag}."),
        _("No action is needed."),
    ),
    "too_many_tags": (
        _("The card already has {count} tags, the most allowed."),
        _("Remove one first."),
    ),
    "same_remark": (
        _("The remark already says this."),
        _("No action is needed."),
    ),
    "nothing_to_undo": (
        _("This cannot be undone."),
        _("Use the opposite action instead."),
    ),
    "still_broken": (
        _("The card's data is still inconsistent: {parked}"),
        _("Correct the data first."),
    ),
}

CONTRADICTIONS = {
    "endless": _("more than {count} changes are due by {day}"),
    "missing": _("“{name}” is missing on a card in the state “{state}”"),
    "no_cycle": _("a term is running, but no cycle is metered"),
    "no_policy": _("no policy of the carrier {carrier} is in force on {day}"),
    "no_queued_term": _("a service term should start, but none is queued"),
    "owner_not_recorded": _("the customer changed without an assignment record"),
    "refused": _("the database refused a change: {text}"),
    "resumes": _("a suspended card, and no other, must have a state to resume to"),
    "unexpected": _("a rule failed: {text}"),
    "unknown_hold": _("the card has an unknown hold: {hold}"),
    "unknown_state": _("the card is in an unknown state: {state}"),
    "unreadable": _("the reason cannot be read: {text}"),
}


class PlanNames(Protocol):
    """Who knows what people call a plan of which there is but the code."""

    def named(self, code: str) -> str: ...


class Refused(Exception):
    """An action that is not allowed on a card now: `code`, `sentence` and `way_out`, in the reader's language.

    `sentences` are the texts by code; a room above this one has a class of its own, with more of them.
    """

    sentences = REFUSALS

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def sentence(self) -> str:
        return str(self.sentences[self.code][0]).format(**self._labelled_facts())

    @property
    def way_out(self) -> str:
        return str(self.sentences[self.code][1]).format(**self._labelled_facts())

    def __str__(self) -> str:
        return joined(self.sentence, self.way_out)

    @property
    def group(self) -> str:
        """What cards refused for the same reason have in common: the code, and the order where one is the reason."""
        return f"{self.code}:{self.facts['order']}" if "order" in self.facts else self.code

    def written(self) -> list[Any]:
        """What is kept of it, from which `read` makes it again, in any language."""
        return [self.code, self.facts]

    @classmethod
    def read(cls, written: Sequence[Any], plans: PlanNames | None = None) -> Self:
        """What was kept; `plans` says what people call a plan of which there is but the code."""
        return read_kept(partial(cls._told, plans), written, cls._unreadable)

    @classmethod
    def _told(cls, plans: PlanNames | None, written: Any) -> Self:
        code, facts = written
        if plans and "plan" in facts:
            facts = facts | {"plan": plans.named(facts["plan"])}
        return _with_words(cls(code, **facts))

    @classmethod
    def _unreadable(cls, text: str) -> Self:
        return cls("unreadable", text=text)

    def _labelled_facts(self) -> dict[str, Any]:
        return {name: _label(name, value) for name, value in self.facts.items()}


class NamelessRefused(Refused):
    """A refusal as customers read it long afterwards: who of the dealer's staff was not allowed it is not told."""

    sentences = REFUSALS | {
        "not_permitted": (_("Whoever started this is not allowed to do it: {action}."), WAY_TO_A_ROLE),
        "unreadable": (_("The reason cannot be read."), _("Ask your dealer.")),
    }


_Told = TypeVar("_Told", bound=Exception)


def _with_words(told: _Told) -> _Told:
    """What has words for its code and facts; otherwise they raise what stands in the way."""
    str(told)
    return told


def _label(name: str, value: Any) -> object:
    """A fact as people read it; a code that is in no vocabulary stays one."""
    if name in VOCABULARIES:
        return label_of(VOCABULARIES[name], value)
    return InvariantBroken.read(value) if name == "parked" else value


class BadInput(Exception):
    """What was typed, sent or filed cannot be read: which `field`, and one `sentence` that says why.

    Only the command line, which reads it as text, has use for the codes: the field's, and that of the `action` to be
    asked for instead.
    """

    def __init__(self, field: str, sentence: str | Promise, action: str | Promise = "") -> None:
        super().__init__(field, sentence)
        self.field = field
        self.sentence = sentence
        self.action = action

    def __str__(self) -> str:
        sentence = noted(self.sentence, self.action) if self.action else str(self.sentence)
        return pair(self.field, sentence) if self.field else sentence

    @property
    def faults(self) -> Sequence["BadInput"]:
        """Everything that is wrong, each by itself."""
        return [self]

    def in_words(self, labels: Mapping[str, object]) -> str:
        """The sentence as it stands in a form; `labels` are what the form calls its fields, by their codes."""
        return str(self.sentence)


class Lacking(BadInput):
    """Fields that have to be told and were not; the `sentence` says `{names}` where they stand."""

    def __init__(self, fields: Sequence[str], sentence: str) -> None:
        super().__init__(fields[0], sentence.format(names=listed(fields)))
        self._fields, self._unfilled = fields, sentence

    def in_words(self, labels: Mapping[str, object]) -> str:
        return self._unfilled.format(names=listed(labels.get(field, field) for field in self._fields))


class BadRow(BadInput):
    """Several things wrong at once, one for each field; by itself it says the first."""

    def __init__(self, faults: Iterable[BadInput]) -> None:
        by_field: dict[str, BadInput] = {}
        for fault in faults:
            by_field.setdefault(fault.field, fault)
        self._faults = list(by_field.values())
        super().__init__(self._faults[0].field, self._faults[0].sentence)

    @property
    def faults(self) -> Sequence[BadInput]:
        return self._faults


class InvariantBroken(Exception):
    """A card's own facts contradict each other, and it is parked: `code` and facts, told in the reader's language."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        facts = {name: _label(name, value) for name, value in self.facts.items()}
        if self.code == "missing":
            column = apps.get_model("cards", "Card")._meta.get_field(self.facts["name"])
            facts["name"] = column.verbose_name  # type: ignore[union-attr]  # a column of its own, no relation back
        return str(CONTRADICTIONS[self.code]).format(**facts)

    def written(self) -> str:
        """What is kept with the card, from which `read` makes it again, in any language."""
        return json.dumps([self.code, self.facts], ensure_ascii=False, default=str)

    @classmethod
    def read(cls, kept: str | Sequence[Any]) -> Self:
        """What was kept with the card, or stands in the evidence of a record."""
        return read_kept(cls._told, kept, cls._unreadable)

    @classmethod
    def _told(cls, kept: Any) -> Self:
        code, facts = json.loads(kept) if isinstance(kept, str) else kept
        return _with_words(cls(code, **facts))

    @classmethod
    def _unreadable(cls, text: str) -> Self:
        return cls("unreadable", text=text)


class NothingHeard(Exception):
    """A call got no answer: it was given up, or the connection broke. What was asked for may have been done."""
