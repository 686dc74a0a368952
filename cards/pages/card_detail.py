"""What the console's page of a card shows, put together here so that the templates ask and decide nothing."""

import uuid
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from cards.actions.action_requests import possible
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.calendar import add_months
from cards.catalogue import CATALOGUE
from cards.choices import MADE_BY_PEOPLE, Action, Rule
from cards.errors import InvariantBroken
from cards.lookup import names_of
from cards.models import (
    CardEvent,
    DeviceBinding,
    Plan,
    PolicyBook,
    QuarantinedReading,
    RealNameCheck,
    ServiceTerm,
    Tag,
)
from cards.models.card import LONGEST_REMARK
from cards.models.tag import LONGEST_TAG
from cards.pages import timeline, usage_chart
from cards.pages.addresses import list_url
from cards.pages.card_facts import dates_of, facts_of
from cards.pages.card_record import Record, jobs_in
from cards.pages.card_rows import next_day_of, usage_of
from cards.pages.frames import CONSOLE
from cards.pages.ordering import act_url
from cards.pages.other_sims import former_sims, gone_on_as
from cards.phrases import listed
from cards.quantities import volume
from cards.sentences.explain import LONGEST_WAIT_MONTHS, explain, foresee
from cards.sentences.useful import IN_VAIN_TEXT, Use, use_of

MOST_RECORDS = 2_000
MOST_QUARANTINED = 20
MAY_DECIDE = "cards.decide_quarantinedreading"
DONE_ON_THE_PAGE = (Action.TAG, Action.UNTAG, Action.REMARK)


@dataclass(frozen=True)
class ActionButton:
    action: str
    label: str
    url: str
    is_dangerous: bool


@dataclass(frozen=True)
class Refusal:
    """Actions that meet the same refusal now, by their names."""

    labels: str
    sentence: str
    way_out: str


@dataclass(frozen=True)
class Why:
    """A reason, and the button that helps, or why this person has none.

    The first step that is needed `is_first`; what `waits` would not help yet, and says why; the step `helps_too` that
    a reason above has the button of.
    """

    reason: object
    button: ActionButton | None
    refused: object | None
    is_first: bool = False
    waits: object = ""
    helps_too: bool = False


@dataclass(frozen=True)
class ForecastStep:
    """One entry of the forecast: the action, and the rule's label."""

    foreseen: object
    label: str
    because: str
    days: int


@dataclass(frozen=True)
class Term:
    number: int
    plan: Plan
    months: int
    alignment: str
    quota: str
    bought_on: object
    starts_on: object
    service_until: object
    status: str


@dataclass(frozen=True)
class TagShown:
    name: str
    url: str


@dataclass(frozen=True)
class Notes:
    """What people wrote on the card, and whether this person may write there now, or what stands in the way."""

    tags: list
    known_tags: list
    remark: str
    may_tag: bool
    may_untag: bool
    may_remark: bool
    refused: object | None
    longest_tag: int = LONGEST_TAG
    longest_remark: int = LONGEST_REMARK


class CardPage:
    """One card on one day, as one actor sees it. Each part is read once, when the page is made."""

    def __init__(self, card, actor, today, may_decide=False):
        self.card, self.actor, self.today, self.may_decide = card, actor, today, may_decide
        self.policies = PolicyBook.read()
        attach_ordered(attach_queues([card]))
        self.broken = ""
        self.answers = self._or_broken(lambda: possible(card, actor, today, self.policies), [])
        newest = CardEvent.objects.filter(card=card).order_by("-seq")[:MOST_RECORDS]
        self.history = list(newest)[::-1]

    def context(self, record):
        terms = list(ServiceTerm.objects.filter(card=self.card).select_related("plan").order_by("number"))
        whys = self.whys()
        buttons, waiting = self.buttons(), {why.reason.action for why in whys if why.waits}
        usage = usage_of(self.card, self.today)
        meter = self.card.meter(self.today) if usage else None
        return {
            "card": self.card,
            "shown": self.card.shown,
            "carrier": self.card.get_carrier_display(),
            "customer": self.card.customer,
            "whys": whys,
            "is_stopped": bool(self.card.holds or self.card.parked) or self.card.is_over,
            **self.future(),
            "broken": self.broken,
            "buttons": [button for button in buttons if button.action not in waiting],
            "waiting": [button for button in buttons if button.action in waiting],
            "waits": IN_VAIN_TEXT,
            "refusals": self.refusals(),
            "is_reader": not self.actor.actions,
            "notes": self.notes(),
            "facts": facts_of(self.card),
            "dates": dates_of(self.card, self.today),
            "usage": usage,
            "meter": meter,
            "next_day": next_day_of(self.card),
            **self.charts(terms, meter),
            "on_order": self.card.on_order[::-1],
            "terms": [self._term(term) for term in reversed(terms)],
            "bindings": list(DeviceBinding.objects.filter(card=self.card).order_by("-pk")),
            "quarantined": self._quarantined(),
            "gone_on_as": gone_on_as(self.card, self.history),
            "former_sims": former_sims(self.card, self.history),
            "sims_key": uuid.uuid4(),
            "may_decide": self.may_decide,
            "needs_real_name": self.card.lacks_real_name,
            "checks": list(RealNameCheck.objects.filter(card=self.card).order_by("-pk")),
            "record": record,
            "jobs": jobs_in(self.history),
            "today": self.today,
        }

    def _quarantined(self):
        """The readings that wait or were decided, the newest first."""
        readings = QuarantinedReading.objects.filter(card=self.card).select_related("decided_by")
        return list(readings.order_by("-day", "-read_at")[:MOST_QUARANTINED])

    def record(self, params):
        """The part of the record that the address asks for."""
        return Record(self.card, self.history, params)

    def whys(self):
        refusals = dict(self.answers)
        reasons = self._or_broken(lambda: explain(self.card, reversed(self.history), self.today, self.policies), [])
        whys = list(_each_step_once(self._why(reason, refusals) for reason in reasons))
        first = next((why for why in whys if why.button and self._use_of(why) == Use.NEEDED), None)
        return [replace(why, is_first=why is first) for why in whys]

    def _why(self, reason, refusals):
        why = Why(reason, self._button(reason.action, refusals), refusals.get(reason.action))
        is_in_vain = reason.action and self._use_of(why) == Use.IN_VAIN
        return replace(why, button=None, refused=None, waits=IN_VAIN_TEXT) if is_in_vain else why

    def _use_of(self, why):
        return use_of(why.reason.action, self.card.hold_list)

    def future(self):
        """The forecast, as a list and as the line through time that it ends."""
        through = add_months(self.today, LONGEST_WAIT_MONTHS)
        foreseen = self._or_broken(lambda: foresee(self.card, self.today, through, self.policies), [])
        life = timeline.life_of(self.card, self.history, foreseen, self.today)
        steps = [
            ForecastStep(entry, Action(entry.action).label, Rule(entry.rule).label, (entry.on - self.today).days)
            for entry in foreseen
        ]
        return {
            "forecast": steps,
            "life": life,
            "lying": timeline.lying(life),
            "upright": timeline.upright(life),
        }

    def buttons(self):
        refusals = dict(self.answers)
        offered = [action for action in MADE_BY_PEOPLE if action not in DONE_ON_THE_PAGE]
        return [self._button(action, refusals) for action in offered if refusals.get(action, True) is None]

    def refusals(self):
        groups = {}
        for action, refused in self.answers:
            if refused is not None and action not in DONE_ON_THE_PAGE:
                groups.setdefault((refused.sentence, refused.way_out), []).append(str(action.label))
        return [Refusal(listed(labels), *said) for said, labels in groups.items()]

    def notes(self):
        refusals = dict(self.answers)
        may = {action: refusals.get(action, True) is None for action in DONE_ON_THE_PAGE}
        return Notes(
            tags=[TagShown(name, list_url(QueryDict(), CONSOLE, tag=name)) for name in self.card.tag_list],
            known_tags=names_of(Tag) if may[Action.TAG] else [],
            remark=self.card.remark,
            may_tag=may[Action.TAG],
            may_untag=may[Action.UNTAG],
            may_remark=may[Action.REMARK],
            refused=refusals.get(Action.TAG) if may[Action.REMARK] else None,
        )

    def charts(self, terms, meter):
        policy = self._or_broken(lambda: self.policies.in_force(self.card.carrier, self.today), None)
        cycles = usage_chart.cycles_of(terms, self.history, meter, policy, self.today) if policy else []
        readings, kept = usage_chart.readings_and_totals(self.card, cycles, self.today)
        return {
            "by_day": usage_chart.by_day(readings, self.today),
            "by_cycle": usage_chart.by_cycle(readings, cycles, kept),
        }

    def _button(self, action, refusals):
        if refusals.get(action, True) is not None:
            return None
        url = act_url(action, self.card.iccid)
        return ActionButton(action, Action(action).label, url, CATALOGUE[action].is_final)

    def _or_broken(self, read, otherwise):
        """What `read` says; a card whose facts contradict each other is still shown, with what is wrong."""
        try:
            return read()
        except InvariantBroken as broken:
            self.broken = str(broken)
            return otherwise

    def _term(self, term):
        if term.number > self.card.term_number:
            status = _("queued")
        elif term.number == self.card.term_number and self.card.term_runs:
            status = _("current")
        else:
            status = _("ended")
        return Term(
            number=term.number,
            plan=term.plan,
            months=term.months,
            alignment=term.get_alignment_display(),
            quota=volume(term.quota_mb),
            bought_on=term.bought_on,
            starts_on=term.starts_on,
            service_until=term.service_until,
            status=status,
        )


def _each_step_once(whys):
    """Where one step helps against two things, the second one says so."""
    offered = set()
    for why in whys:
        helps_too = why.button is not None and why.reason.action in offered
        yield replace(why, button=None, helps_too=True) if helps_too else why
        offered.add(why.reason.action)
