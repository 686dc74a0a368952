"""A card's record as its owner reads it: what happened, and who did it.

What the dealer's staff note for themselves is not told, nor what happened while the card was somebody else's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue import CATALOGUE
from cards.choices import Action, ActorKind, Hold, Rule, label_of
from cards.models import CardEvent
from cards.sentences.customer_text import REASONS
from cards.unreadable import read_kept

# What rules and files do; what people do says the catalogue.
OF_RULES: Mapping[str, Promise] = {
    Action.OPEN: gettext_lazy("The card was opened."),
    Action.ADOPT: gettext_lazy("Your dealer took over the card."),
    Action.END_TEST: gettext_lazy("The free test period ended."),
    Action.BIND: gettext_lazy("It was bound to device {imei}."),
    Action.ROLL_OVER: gettext_lazy("A new cycle started."),
    Action.START_TERM: gettext_lazy("The next term started."),
    Action.EXPIRE: gettext_lazy("The service ended."),
}
FIRST_USE = gettext_lazy("It was used for the first time, and its term started.")
IN_OWNERS_HISTORY = (*OF_RULES, *(word for word, action in CATALOGUE.items() if action.customer_history))


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened; `by` is empty where a rule did it."""

    seq: int
    on: date
    sentence: str
    by: str
    shown: str


def history_entries(events: Iterable[CardEvent]) -> list[HistoryEntry]:
    """What these records tell the card's owner."""
    told = (event for event in events if event.action in IN_OWNERS_HISTORY)
    return [HistoryEntry(e.seq, e.effective_on, _sentence(e), _by(e), e.shown) for e in told]


def _sentence(event: CardEvent) -> str:
    return read_kept(_told, event, lambda _event: str(label_of(Action, event.action)))


def _told(event: CardEvent) -> str:
    if event.rule == Rule.FIRST_USE and event.action == Action.ACTIVATE:
        return str(FIRST_USE)
    facts = {"reason": "", "imei": "", "limit_mb": "", **event.evidence}
    if "hold" in event.evidence:
        facts["reason"] = REASONS[Hold(event.evidence["hold"])]
    template = OF_RULES.get(event.action) or CATALOGUE[event.action].customer_sentence(event.evidence)
    return str(template).format(**facts)


def _by(event: CardEvent) -> str:
    """Members by their names; staff are the dealer, whoever of them it was."""
    if event.actor_kind == ActorKind.SYSTEM:
        return ""
    if event.actor_kind == ActorKind.CARRIER:
        return _("the carrier")
    if event.actor_kind == ActorKind.GUEST:
        return _("someone without an account")
    return event.actor_name if event.actor_kind == ActorKind.CUSTOMER else _("your dealer")
