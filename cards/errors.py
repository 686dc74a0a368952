"""How the portal says no: a code for programs, a sentence for people, and the way out."""

import json

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from cards.choices import Action, Carrier, Hold, State, label_of

# Facts that are codes of a vocabulary: what they are called depends on who reads.
VOCABULARIES = {"action": Action, "carrier": Carrier, "hold": Hold, "state": State}

REFUSALS = {
    "cancelled": (
        _("The card is cancelled, and that is final."),
        _("Open a new card."),
    ),
    "parked": (
        _("The card is parked, because its data contradict each other: {parked}"),
        _("Correct the data, then take the card back from parking."),
    ),
    "not_parked": (
        _("The card is not parked."),
        _("Nothing needs to be done."),
    ),
    "not_permitted": (
        _("{actor} may not do this: {action}."),
        _("Ask somebody whose role allows it."),
    ),
    "not_unused": (
        _("Only an unused card can be activated."),
        _("Look at the card's state: it may be active already."),
    ),
    "real_name_first": (
        _("The card needs an approved real-name check before it can be activated."),
        _("Submit the real-name check and have it approved."),
    ),
    "already_voluntary": (
        _("The card is stopped by choice already."),
        _("Resume it, or leave it stopped."),
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
        _("The card has neither a voluntary stop nor a reached limit."),
        _("Look at why the card is stopped: each reason has its own way back."),
    ),
    "only_anomaly": (
        _("A hold of this kind is not placed or lifted by hand: {hold}."),
        _("Use the action that belongs to it: suspend, resume, rebind, top up or the real-name check."),
    ),
    "hold_stands": (
        _("This hold stands already: {hold}."),
        _("Nothing needs to be done."),
    ),
    "hold_not_open": (
        _("The card has no open hold of this kind: {hold}."),
        _("Nothing needs to be lifted."),
    ),
    "not_from_this_state": (
        _("This hold cannot be placed on a card in this state: {state}."),
        _("Wait until the card is in a state that allows it."),
    ),
    "not_bound": (
        _("The card is not bound to a device."),
        _("It works in any device: nothing needs to be rebound."),
    ),
    "same_device": (
        _("The card is bound to this device already."),
        _("Give the IMEI of the new device."),
    ),
    "rebinds_used_up": (
        _("The card was rebound {count} times this month, and the carrier allows {cap}."),
        _("Wait until the first of next month."),
    ),
    "no_real_name_needed": (
        _("The card is certified by an enterprise and needs no real-name check."),
        _("Nothing needs to be submitted."),
    ),
    "too_many_cards": (
        _("This person answers for {count} cards already, and the carrier allows {most}."),
        _("Send in another person, or take a card off this one first."),
    ),
    "already_approved": (
        _("The real-name check is approved already."),
        _("Revoke it first, if the person changes."),
    ),
    "already_submitted": (
        _("A real-name check is waiting for approval already."),
        _("Approve or reject it."),
    ),
    "not_submitted": (
        _("No real-name check is waiting for approval."),
        _("Submit it first."),
    ),
    "not_approved": (
        _("The card has no approved real-name check."),
        _("Nothing needs to be revoked."),
    ),
    "no_running_term": (
        _("The card has no running term to which a pack could be added."),
        _("Wait until the card is in use."),
    ),
    "nothing_renewed": (
        _("No such renewal waits in the card's queue."),
        _("Nothing needs to be taken back."),
    ),
    "term_started": (
        _("The term has started: its service is being used."),
        _("Only a term that still waits can be taken back."),
    ),
    "later_term": (
        _("Another term was bought after this one."),
        _("Take that one back first."),
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
        _("The card is protected from being cancelled."),
        _("Take the protection off first."),
    ),
    "already_protected": (
        _("The card is protected already."),
        _("Nothing needs to be done."),
    ),
    "not_protected": (
        _("The card is not protected."),
        _("Nothing needs to be done."),
    ),
    "reason_required": (
        _("A reason must be given."),
        _("Write in a few words why."),
    ),
    "same_customer": (
        _("The card belongs to this customer already."),
        _("Nothing needs to be done."),
    ),
    "in_stock_already": (
        _("The card is in stock already."),
        _("Nothing needs to be done."),
    ),
    "changed_meanwhile": (
        _("The card has changed since you looked."),
        _("Look at it as it is now, and ask again if you still want this."),
    ),
    "already_tagged": (
        _("The card has this tag already: {tag}."),
        _("Nothing needs to be done."),
    ),
    "not_tagged": (
        _("The card does not have this tag: {tag}."),
        _("Nothing needs to be done."),
    ),
    "too_many_tags": (
        _("The card has {count} tags already, and no more fit."),
        _("Take one off first."),
    ),
    "same_remark": (
        _("The remark says this already."),
        _("Nothing needs to be done."),
    ),
    "nothing_to_undo": (
        _("Nothing of this can be taken back."),
        _("Use the action that changes the card the other way."),
    ),
    "still_broken": (
        _("The card's data still contradict each other: {parked}"),
        _("Correct the data first."),
    ),
}

CONTRADICTIONS = {
    "endless": _("more than {count} changes are due by {day}"),
    "missing": _("“{name}” is missing on a card in the state “{state}”"),
    "no_cycle": _("a term runs, but no cycle is metered"),
    "no_policy": _("no policy of the carrier {carrier} is in force on {day}"),
    "no_queued_term": _("a service term should start, but none is queued"),
    "owner_not_recorded": _("the customer changed without the record of an assignment"),
    "refused": _("the database refused a change: {text}"),
    "resumes": _("only a suspended card has a state that it resumes to, and each has one"),
    "unexpected": _("a rule failed: {text}"),
    "unknown_state": _("the card is in no state that exists: {state}"),
}


class Refused(Exception):
    """An action that is not allowed on a card now: `code`, `sentence` and `way_out`, in the reader's language.

    `sentences` are the texts by code; a room above this one has a class of its own, with more of them.
    """

    sentences = REFUSALS

    def __init__(self, code, **facts):
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def sentence(self):
        return str(self.sentences[self.code][0]).format(**self._labelled_facts())

    @property
    def way_out(self):
        return str(self.sentences[self.code][1]).format(**self._labelled_facts())

    def __str__(self):
        return f"{self.sentence} {self.way_out}"

    def written(self):
        """What is kept of it, from which `read` makes it again, in any language."""
        return [self.code, self.facts]

    @classmethod
    def read(cls, written, plans=None):
        """What was kept; `plans`, a `PlanBook`, says what people call a plan of which there is but the code."""
        code, facts = written
        if plans and "plan" in facts:
            facts = facts | {"plan": plans.named(facts["plan"])}
        return cls(code, **facts)

    def _labelled_facts(self):
        return {name: _label(name, value) for name, value in self.facts.items()}


def _label(name, value):
    """A fact as people read it; a code that is in no vocabulary stays one."""
    if name in VOCABULARIES:
        return label_of(VOCABULARIES[name], value)
    return InvariantBroken.read(value) if name == "parked" else value


class BadInput(Exception):
    """What was typed, sent or filed cannot be read: which `field`, and one `sentence` that says why."""

    def __init__(self, field, sentence):
        super().__init__(field, sentence)
        self.field = field
        self.sentence = sentence

    def __str__(self):
        return f"{self.field}: {self.sentence}" if self.field else str(self.sentence)


class InvariantBroken(Exception):
    """A card's own facts contradict each other, and it is parked: `code` and facts, told in the reader's language."""

    def __init__(self, code, **facts):
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self):
        facts = {name: _label(name, value) for name, value in self.facts.items()}
        if self.code == "missing":
            facts["name"] = apps.get_model("cards", "Card")._meta.get_field(self.facts["name"]).verbose_name
        return str(CONTRADICTIONS[self.code]).format(**facts)

    def written(self):
        """What is kept with the card, from which `read` makes it again, in any language."""
        return json.dumps([self.code, self.facts], ensure_ascii=False, default=str)

    @classmethod
    def read(cls, text):
        code, facts = json.loads(text)
        return cls(code, **facts)
