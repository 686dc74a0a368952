"""A card's record as its owner reads it: what happened, and who did it, in plain words.

What the dealer's staff note for themselves is not told, nor what happened while the card was somebody else's.
"""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.choices import Action, ActorKind, Hold, Rule
from cards.sentences.customer import REASONS

SENTENCES = {
    Action.OPEN: gettext_lazy("The card was opened."),
    Action.ADOPT: gettext_lazy("Your dealer took the card over."),
    Action.END_TEST: gettext_lazy("The free test ended."),
    Action.ACTIVATE: gettext_lazy("Its term started."),
    Action.FORCE_ACTIVATE: gettext_lazy("Its term started, used or not."),
    Action.SUSPEND: gettext_lazy("The card was stopped on purpose."),
    Action.RESUME: gettext_lazy("The card was resumed."),
    Action.PLACE_HOLD: gettext_lazy("The card was stopped: {reason}."),
    Action.LIFT_HOLD: gettext_lazy("The carrier's block was lifted."),
    Action.BIND: gettext_lazy("From now on it belongs to the device {imei}."),
    Action.REBIND: gettext_lazy("The new device {imei} was confirmed."),
    Action.SUBMIT_REAL_NAME: gettext_lazy("The real-name check was sent in."),
    Action.APPROVE_REAL_NAME: gettext_lazy("The real-name check was approved."),
    Action.REJECT_REAL_NAME: gettext_lazy("The real-name check was rejected."),
    Action.REVOKE_REAL_NAME: gettext_lazy("The real-name check was revoked."),
    Action.SET_LIMIT: gettext_lazy("The usage limit was set to {limit_mb} MB."),
    Action.RENEW: gettext_lazy("The card was renewed."),
    Action.TOP_UP: gettext_lazy("An add-on pack was added."),
    Action.ASSIGN: gettext_lazy("The card became yours."),
    Action.ROLL_OVER: gettext_lazy("A new cycle started."),
    Action.START_TERM: gettext_lazy("The next term started."),
    Action.EXPIRE: gettext_lazy("The service ended."),
    Action.CANCEL: gettext_lazy("The card was cancelled for good."),
}
FIRST_USE = gettext_lazy("It was used for the first time, and its term started.")
LIMIT_OFF = gettext_lazy("The usage limit was taken off.")


@dataclass(frozen=True)
class Entry:
    """One thing that happened; `by` is empty where a rule did it."""

    seq: int
    on: date
    sentence: str
    by: str
    shown: str


def entries_of(events):
    """What these records tell the card's owner."""
    return [_entry(event) for event in events if event.action in SENTENCES]


def _entry(event):
    return Entry(event.seq, event.effective_on, _sentence(event), _by(event), event.shown)


def _sentence(event):
    if event.rule == Rule.FIRST_USE and event.action == Action.ACTIVATE:
        return str(FIRST_USE)
    if event.action == Action.SET_LIMIT and event.evidence.get("limit_mb") is None:
        return str(LIMIT_OFF)
    told = {"reason": "", "imei": "", "limit_mb": "", **event.evidence}
    if event.action == Action.PLACE_HOLD:
        told["reason"] = REASONS[Hold(event.evidence["hold"])]
    return SENTENCES[event.action].format(**told)


def _by(event):
    """Members by their names; staff are the dealer, whoever of them it was."""
    if event.actor_kind == ActorKind.SYSTEM:
        return ""
    return event.actor_name if event.actor_kind == ActorKind.CUSTOMER else _("your dealer")
