"""A customer's card, put together in Python: its state in a sentence, why and what helps, what comes, what was."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from cards.actions.action_requests import possible
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.calendar import add_months
from cards.catalogue import CATALOGUE
from cards.choices import Action, Binding, RealName
from cards.errors import InvariantBroken
from cards.models import Card, CardEvent, PolicyBook, RealNameCheck, UsageDay
from cards.pages import usage_chart
from cards.pages.card_rows import Usage, next_day_of, usage_of
from cards.pages.frames import MY
from cards.phrases import joined
from cards.sentences import explain
from cards.sentences.customer_history import IN_OWNERS_HISTORY, history_entries
from cards.sentences.customer_text import BUTTONS, NEXT, Help, being_corrected, describe
from cards.sentences.terms import renewal_text
from cards.sentences.useful import Use, use_of

FORESEEN_MONTHS = 15
STEPS_SHOWN = 5
ENTRIES_SHOWN = 20
RECORDS_READ = 500

# What can be done to a card that needs no help, in the order in which it is offered.
ALWAYS_OFFERED = [word for word, action in CATALOGUE.items() if action.customers_may]

BOUGHT = [word for word, action in CATALOGUE.items() if action.is_sold]  # by another room, at an address of its own
READ_BY_CUSTOMERS = [word for word, action in CATALOGUE.items() if action.customers_read_the_reason]


@dataclass(frozen=True)
class Button:
    label: str
    url: str


@dataclass(frozen=True)
class Obstacle:
    """What stands in the card's way, with the evidence, and the button, or why there is none just now.

    The first step that is needed `is_first`.
    """

    help: Help
    evidence: str
    since: date | None
    ends_on: date | None
    button: Button | None
    refused: object | None
    is_first: bool = False


@dataclass(frozen=True)
class OwnCardInShort:
    """A card in a few lines: its state, what is left of its data, until when, and the button that comes first.

    The button `is_first` where the card's own page proposes it first, too.
    """

    card: Card
    said: str
    usage: Usage | None
    day: date | None
    day_label: str
    renewal: str
    button: Button | None
    is_first: bool
    needs_help: bool


@dataclass(frozen=True)
class ComingChange:
    """One thing that will happen."""

    on: date
    days: int
    sentence: str
    shown: str


class MyCard:
    """One card, with what is queued and ordered for it, on one day, as one member sees it."""

    def __init__(self, card, actor, today, policies):
        self.card, self.actor, self.today, self.policies = card, actor, today, policies

    @classmethod
    def of(cls, cards, actor, today):
        """Each of these cards; what they need is read once for all."""
        attach_ordered(attach_queues(cards))
        policies = PolicyBook.read()
        return [cls(card, actor, today, policies) for card in cards]

    def context(self, older=None):
        entries = self.entries(older)
        return {
            "card": self.card,
            "shown": self.card.shown,
            "said": self.description.sentence,
            "renewal": "" if self.card.is_over or self.is_broken else renewal_text(self.card),
            "order_key": self.card.on_order[0].order_key if self.card.on_order else None,
            "ways": self.ways(),
            "buttons": self.buttons(),
            "may_buy": self.actor.owns(self.card) and not self.card.is_final,
            "steps": self.steps(),
            "usage": usage_of(self.card, self.today),
            "meter": self.card.meter(self.today),
            "by_day": self.by_day(),
            "check": self.check(),
            "verdict": self.verdict(),
            "rebinds_left": self.rebinds_left(),
            "entries": entries[:ENTRIES_SHOWN],
            "older": entries[ENTRIES_SHOWN - 1].seq if len(entries) > ENTRIES_SHOWN else None,
            "is_newest": older is None,
            "today": self.today,
        }

    @cached_property
    def is_broken(self):
        """Whether the card's data contradict each other: then nothing is foreseen, and the dealer has to mend it."""
        return bool(self.card.parked) or self._answers is None

    @cached_property
    def description(self):
        return being_corrected() if self.is_broken else describe(self.card)

    @cached_property
    def refusals(self):
        """What each action that this member may ask for would meet now: a refusal, or None."""
        return dict(self._answers or [])

    @cached_property
    def _answers(self):
        try:
            return possible(self.card, self.actor, self.today, self.policies)
        except InvariantBroken:
            return None

    def ways(self):
        if self.is_broken:
            return []
        newest = self._mine.order_by("-seq")[:RECORDS_READ]
        found = _or_nothing(lambda: explain.explain(self.card, newest, self.today, self.policies))
        reasons = {reason.code: reason for reason in found}
        ways = [self._way(help, reasons.get(help.code)) for help in self.description.helps]
        return [replace(way, is_first=way.help is self._needed_first) for way in ways]

    def recommended(self):
        """The step that is needed first and this member's to take; None when somebody else has to help."""
        return next((way for way in self.ways() if way.is_first), None)

    @cached_property
    def _needed_first(self):
        """Of what helps the first that is needed and this member's to take, or None."""
        return next((help for help in self.description.helps if self._is_needed(help) and self._button_of(help)), None)

    def _is_needed(self, help):
        return use_of(Action.RENEW if help.order_key else help.action, self.card.hold_list) == Use.NEEDED

    @property
    def in_short(self):
        """What the first page says of the card, with the one button that helps first, or else renews it."""
        day, label = next_day_of(self.card)
        return OwnCardInShort(
            card=self.card,
            said=self.description.sentence,
            usage=usage_of(self.card, self.today),
            day=day,
            day_label=label,
            renewal="" if self.card.is_over or self.is_broken else renewal_text(self.card),
            button=self._first_button(),
            is_first=self._needed_first is not None,
            needs_help=self.card.is_over or bool(self.card.hold_list),
        )

    def _first_button(self):
        if self.is_broken or self.card.is_final:
            return None
        if self._needed_first:
            return self._button_of(self._needed_first)
        if self.description.helps:
            return next(filter(None, map(self._button_of, self.description.helps)), None)
        return self._button(Action.RENEW) if self._may(Action.RENEW) and not self.card.is_renewed else None

    def buttons(self):
        """What else can be done now: what neither helps against anything already nor is said to wait."""
        if self.card.is_over:
            return []
        told = {help.action or help.waits for help in self.description.helps}
        return [self._button(action) for action in ALWAYS_OFFERED if action not in told and self._may(action)]

    def steps(self):
        """What will happen if nobody does anything, the next few things."""
        if self.is_broken:
            return []
        through = add_months(self.today, FORESEEN_MONTHS)
        foreseen = _or_nothing(lambda: explain.foresee(self.card, self.today, through, self.policies))
        return [
            ComingChange(step.on, (step.on - self.today).days, joined(NEXT[step.rule], step.renewal), step.shown)
            for step in foreseen[:STEPS_SHOWN]
            if step.rule in NEXT
        ]

    def by_day(self):
        since = self.today - timedelta(days=usage_chart.DAYS_SHOWN - 1)
        if self.card.owned_from_seq:
            since = max(since, self._mine.earliest("seq").effective_on)
        days = UsageDay.objects.filter(card=self.card, day__gte=since, day__lte=self.today + timedelta(days=1))
        return usage_chart.by_day(dict(days.values_list("day", "bytes")), self.today)

    def check(self):
        """The real-name check that was sent in last, if that was while the card was this customer's."""
        if not self._mine.filter(action=Action.SUBMIT_REAL_NAME).exists():
            return None
        return RealNameCheck.objects.filter(card=self.card).order_by("-pk").first()

    def verdict(self):
        """Why the check was rejected or revoked, as staff wrote it for the customer to read."""
        if self.card.real_name not in (RealName.REJECTED, RealName.REVOKED):
            return ""
        last = self._mine.filter(action__in=READ_BY_CUSTOMERS).order_by("-seq").first()
        return last.reason if last else ""

    def rebinds_left(self):
        """How often the card may still be moved to another device this month; None for a card of no device."""
        if self.is_broken or self.card.binding == Binding.NONE:
            return None
        cap = self.policies.in_force(self.card.carrier, self.today).rebinds_per_month
        return max(cap - self.card.rebinds_in(self.today), 0)

    def entries(self, older):
        """The record as its owner reads it, newest first, one more than a page shows."""
        records = self._mine.filter(action__in=IN_OWNERS_HISTORY).order_by("-seq")
        if older:
            records = records.filter(seq__lt=older)
        return history_entries(records[: ENTRIES_SHOWN + 1])

    @property
    def _mine(self):
        """The records that are this customer's: what was before belongs to somebody else."""
        return CardEvent.objects.filter(card=self.card, seq__gte=self.card.owned_from_seq or 1)

    def _way(self, help, reason):
        return Obstacle(
            help=help,
            evidence=reason.evidence if reason else "",
            since=reason and reason.since,
            ends_on=reason and reason.ends_on,
            button=self._button_of(help),
            refused=self.refusals.get(help.action),
        )

    def _button_of(self, help):
        if help.order_key:
            return Button(_("Show order"), MY.money_url("order", help.order_key))
        return self._button(help.action) if help.button and self._may(help.action) else None

    def _may(self, action):
        if action in BOUGHT:
            return self.actor.owns(self.card)
        return self.refusals.get(action, True) is None

    def _button(self, action):
        return Button(BUTTONS[action], action_url(action, self.card.iccid))


def action_url(action, iccid):
    """Where a customer does this to a card, or buys it."""
    if action in BOUGHT:
        return MY.money_url("card", iccid)
    return MY.url("card-act", iccid, action)


def _or_nothing(read):
    """What `read` says; nothing where the card's data contradict what lies ahead of it."""
    try:
        return read()
    except InvariantBroken:
        return []


def find(user, iccid):
    """The card of this member's that the ICCID means; another's is not found, like one that does not exist."""
    own = Card.objects.visible_to(user).select_related("customer", "plan")
    card = own.meant_by(iccid) or _with_new_sim(own, iccid)
    if card is None:
        raise Http404
    return card


def _with_new_sim(own, iccid):
    """The one of these cards that had this old SIM, if it was its present customer's then."""
    old = Card.objects.meant_by(iccid)
    if old is None or not old.is_final:
        return None
    swap = CardEvent.objects.filter(card=old, seq=old.version, action=Action.SWAP).first()
    card = swap and own.filter(pk=swap.evidence["other_card"]).first()
    return card if card and swap.evidence["other_seq"] >= (card.owned_from_seq or 0) else None
