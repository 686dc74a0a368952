from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import Action, ActorKind, JobKind, Rule, State
from cards.holds import MOST_TEXT, Holds, shown
from cards.models.fields import CharField, FactsField

GIVES_SERVICE = (Action.RENEW, Action.TOP_UP, Action.GRANT)

# Records by which a card got a term, or a pack: sold, or granted (of a term the record has the number).
GIVES_A_TERM = models.Q(action=Action.RENEW) | models.Q(action=Action.GRANT, evidence__has_key="term")
GIVES_A_PACK = models.Q(action=Action.TOP_UP) | (models.Q(action=Action.GRANT) & ~models.Q(evidence__has_key="term"))

# Records of service for which no order was: before grants had a name of their own, people renewed and topped up.
GRANTED = models.Q(action=Action.GRANT) | (
    models.Q(action__in=(Action.RENEW, Action.TOP_UP)) & ~models.Q(job__kind=JobKind.ORDER)
)

# Records of what people did to single cards, or by a command: neither by a rule nor in a job.
DONE_BY_HAND = models.Q(rule="", job=None)


def is_of_merging(evidence: Mapping[str, Any]) -> bool:
    """Whether a record gave the card into no other hands: its customer was merged into another one."""
    return "merged" in evidence


class CardEvent(models.Model):
    """One change of one card: the record, and the history of its holds. Append-only, by the database."""

    card = models.ForeignKey(
        "cards.Card", models.PROTECT, related_name="events", db_index=False, verbose_name=_("card")
    )
    seq = models.PositiveIntegerField(pgettext_lazy("record", "number"))
    action = CharField(_("action"), max_length=20, choices=Action)
    from_state = CharField(_("from"), max_length=9, choices=State, blank=True)
    to_state = CharField(_("to"), max_length=9, choices=State)
    holds = CharField(_("holds"), max_length=MOST_TEXT, blank=True)
    effective_on = models.DateField(_("effective on"))
    executed_at = models.DateTimeField(_("executed at"))
    actor_kind = CharField(_("actor kind"), max_length=8, choices=ActorKind)
    actor_name = CharField(_("actor"), max_length=150)
    rule = CharField(_("rule"), max_length=20, choices=Rule, blank=True)
    reason = CharField(_("reason"), max_length=500, blank=True)
    evidence = FactsField(_("evidence"), default=dict, blank=True)
    job = models.ForeignKey(
        "cards.Job", models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("job")
    )

    class Meta:
        verbose_name = _("card event")
        verbose_name_plural = _("card events")
        ordering = ["card", "seq"]
        constraints = [models.UniqueConstraint(fields=["card", "seq"], name="event_numbers_are_unique")]
        indexes = [
            models.Index(
                fields=["actor_name", "effective_on"],
                name="event_cancelled_by",
                condition=models.Q(action=Action.CANCEL, rule=""),
            ),
            models.Index(fields=["card"], name="event_adopted", condition=models.Q(action=Action.ADOPT)),
            models.Index(fields=["card"], name="event_unrenewed", condition=models.Q(action=Action.UNRENEW)),
            models.Index(fields=["card"], name="event_swapped", condition=models.Q(action=Action.SWAP)),
            models.Index(
                fields=["effective_on", "id"],
                name="event_gives_service",
                condition=models.Q(action__in=GIVES_SERVICE),
            ),
            # For the log. What rules and jobs do is not in it: it costs them nothing.
            models.Index(
                fields=["id", "action", "actor_kind", "actor_name"], name="event_by_hand", condition=DONE_BY_HAND
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card_id}/{self.seq} {self.action}"

    @property
    def hold_list(self) -> Holds:
        """The holds that stood after the change, by precedence."""
        return Holds.read(self.holds)

    @property
    def did(self) -> str:
        """What it did to the card: granting a term is renewing, granting a pack is topping up."""
        if self.action != Action.GRANT:
            return self.action
        return Action.RENEW if "term" in self.evidence else Action.TOP_UP

    @property
    def concerns_a_stop(self) -> bool:
        """Whether the card was stopped before the change, or is after it."""
        return State.SUSPENDED in (self.from_state, self.to_state)

    @property
    def shown(self) -> str:
        """What the card showed after the change: the hold with the highest precedence, or else its state."""
        return shown(self.to_state, self.holds)


class EventCursor(models.Model):
    """How far a reader has come in the records of the cards: everything up to `through` was handled, once.

    Records get their keys before they are committed, so a lower key may come to light after a higher one. `mark` is
    the highest key seen at a moment, `horizon` the number of a transaction that began after it: once none before it
    is at work, everything up to the mark is there.
    """

    reader = CharField(_("reader"), max_length=32, primary_key=True)
    through = models.BigIntegerField(_("processed through"), default=0)
    mark = models.BigIntegerField(_("mark"), default=0)
    horizon = models.BigIntegerField(_("horizon"), default=0)

    class Meta:
        verbose_name = _("reader of card events")
        verbose_name_plural = _("readers of card events")
        default_permissions = ("view",)
        db_table = "billing_eventcursor"  # where the places stood before there was more than one reader

    def __str__(self) -> str:
        return f"{self.reader} {self.through}"
