"""What the card page shows, put together in Python, so that the templates ask nothing and decide nothing."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards import record, rules
from cards.actions.ask import possible
from cards.actions.write import attach_queues
from cards.calendar import add_months
from cards.choices import MADE_BY_PEOPLE, Action, RealName, Rule
from cards.errors import InvariantBroken
from cards.explain import LONGEST_WAIT_MONTHS, explain, foresee
from cards.identifiers import luhn_holds
from cards.models import CardEvent, DeviceBinding, PolicyBook, RealNameCheck, ServiceTerm, UsageDay
from cards.views import usage_chart
from cards.views.card_rows import next_day_of, usage_of

RECORDS_SHOWN = 50
DANGEROUS = {Action.CANCEL: gettext_lazy("Cancel this card for good")}


@dataclass(frozen=True)
class Button:
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
    """A reason, and the button that helps, or why this person has none."""

    reason: object
    button: Button | None
    refused: object | None


@dataclass(frozen=True)
class Step:
    """One entry of the forecast: the action, and the rule in words."""

    foreseen: object
    label: str
    because: str
    days: int


@dataclass(frozen=True)
class Fact:
    label: str
    value: object
    note: str = ""
    days: int | None = None
    is_code: bool = False
    warns: bool = False


@dataclass(frozen=True)
class Term:
    number: int
    plan: str
    months: int
    alignment: str
    quota_mb: int
    bought_on: object
    starts_on: object
    service_until: object
    status: str


class CardPage:
    """One card on one day, as one actor sees it. Each part is read once, when the page is made."""

    def __init__(self, card, actor, today):
        self.card, self.actor, self.today = card, actor, today
        self.policies = PolicyBook.read()
        attach_queues([card])
        self.broken = ""
        self.answers = self._or_broken(self._answers, [])

    def context(self, older_than=None):
        terms = list(ServiceTerm.objects.filter(card=self.card).select_related("plan").order_by("number"))
        entries = self.entries(older_than)
        usage = usage_of(self.card, self.today)
        meter = self.card.meter(self.today) if usage else None
        return {
            "card": self.card,
            "shown": self.card.shown,
            "carrier": self.card.get_carrier_display(),
            "customer": self.card.customer,
            "whys": self.whys(),
            "is_stopped": bool(self.card.holds or self.card.parked) or self.card.is_over,
            "forecast": self.forecast(),
            "broken": self.broken,
            "buttons": self.buttons(),
            "refusals": self.refusals(),
            "is_reader": not self.actor.actions,
            "facts": self.facts(),
            "dates": self.dates(),
            "usage": usage,
            "meter": meter,
            "next_day": next_day_of(self.card),
            **self.charts(terms, meter),
            "terms": [self._term(term) for term in reversed(terms)],
            "bindings": list(DeviceBinding.objects.filter(card=self.card).order_by("-pk")),
            "needs_real_name": self.card.lacks_real_name,
            "checks": list(RealNameCheck.objects.filter(card=self.card).order_by("-pk")),
            "entries": entries[:RECORDS_SHOWN],
            "older_than": entries[RECORDS_SHOWN - 1].seq if len(entries) > RECORDS_SHOWN else None,
            "is_first_page": older_than is None,
            "today": self.today,
        }

    def _answers(self):
        if not self.card.parked:
            rules.check(self.card)
        return possible(self.card, self.actor, self.today, self.policies)

    def whys(self):
        refusals = dict(self.answers)
        return [
            Why(reason, self._button(reason.action, refusals), refusals.get(reason.action))
            for reason in self._or_broken(self._reasons, [])
        ]

    def _reasons(self):
        events = CardEvent.objects.filter(card=self.card).order_by("-seq")
        return explain(self.card, events.iterator(chunk_size=RECORDS_SHOWN), self.today, self.policies)

    def forecast(self):
        through = add_months(self.today, LONGEST_WAIT_MONTHS)
        foreseen = self._or_broken(lambda: foresee(self.card, self.today, through, self.policies), [])
        return [
            Step(entry, Action(entry.action).label, Rule(entry.rule).label, (entry.on - self.today).days)
            for entry in foreseen
        ]

    def buttons(self):
        refusals = dict(self.answers)
        return [self._button(action, refusals) for action in MADE_BY_PEOPLE if refusals.get(action, True) is None]

    def refusals(self):
        groups = {}
        for action, refused in self.answers:
            if refused is not None:
                groups.setdefault((refused.sentence, refused.way_out), []).append(str(action.label))
        return [Refusal(_(", ").join(labels), *said) for said, labels in groups.items()]

    def facts(self):
        card = self.card
        facts = [
            _number("ICCID", card.iccid),
            Fact("MSISDN", card.msisdn, is_code=True),
            Fact("IMSI", card.imsi, is_code=True),
            Fact(_("Carrier"), card.get_carrier_display()),
            Fact(_("Customer"), card.customer or _("in stock")),
            Fact(_("Opening plan"), card.plan),
            Fact(_("Certification"), card.get_certification_display()),
            Fact(_("Real-name check"), self._real_name()),
            Fact(_("Device binding"), card.get_binding_display()),
            _number(_("Bound device"), card.bound_imei),
            _number(_("Device last seen"), card.seen_imei),
            Fact(_("Usage limit"), f"{card.limit_mb:,} MB" if card.limit_mb else "", self._waived()),
            Fact(_("Protected from being cancelled"), _("yes") if card.protected else ""),
        ]
        return [fact for fact in facts if fact.value]

    def dates(self):
        card = self.card
        dates = [
            (_("Opened"), card.opened_on, ""),
            (_("Test until"), card.test_until, ""),
            (_("Test ended"), card.test_ended_on, ""),
            (_("Silent from"), card.silent_from, ""),
            (_("Forced activation"), card.forced_activation_on if not card.activated_on else None, ""),
            (_("Activated"), card.activated_on, card.get_activation_cause_display()),
            (_("Running term since"), card.service_from, ""),
            (_("Service until"), card.service_until, ""),
            (_("Cancelled on"), card.cancel_on, ""),
            (_("Last used"), card.used_on, ""),
            (_("Used after it was stopped"), card.stray_usage_on, _("the carrier has not stopped it")),
            (_("Next due"), card.next_due_on, ""),
        ]
        return [
            Fact(label, day, note, (day - self.today).days, warns=bool(note) and day == card.stray_usage_on)
            for label, day, note in dates
            if day
        ]

    def charts(self, terms, meter):
        policy = self._or_broken(lambda: self.policies.in_force(self.card.carrier, self.today), None)
        cycles = usage_chart.cycles_of(terms, meter, policy.cycle_day, self.today) if policy else []
        since = usage_chart.first_day_shown(cycles, self.today)
        days = UsageDay.objects.filter(card=self.card, day__gte=since, day__lte=self.today + timedelta(days=1))
        readings = dict(days.values_list("day", "bytes"))
        return {
            "by_day": usage_chart.by_day(readings, self.today),
            "by_cycle": usage_chart.by_cycle(readings, cycles),
        }

    def entries(self, older_than):
        events = CardEvent.objects.filter(card=self.card).order_by("-seq")
        if older_than:
            events = events.filter(seq__lt=older_than)
        return record.entries_of(list(events[: RECORDS_SHOWN + 1]))

    def _button(self, action, refusals):
        if refusals.get(action, True) is not None:
            return None
        url = reverse("console:card-act", args=[self.card.iccid, action])
        return Button(action, Action(action).label, url, action in DANGEROUS)

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
            status = _("running")
        else:
            status = _("past")
        return Term(
            number=term.number,
            plan=term.plan.code,
            months=term.months,
            alignment=term.get_alignment_display(),
            quota_mb=term.quota_mb,
            bought_on=term.bought_on,
            starts_on=term.starts_on,
            service_until=term.service_until,
            status=status,
        )

    def _real_name(self):
        """How far the check has come; of a card that needs none only if there was one."""
        card = self.card
        return card.get_real_name_display() if card.lacks_real_name or card.real_name != RealName.NONE else ""

    def _waived(self):
        return _("waived until the next cycle") if self.card.limit_waived else ""


def _number(label, number):
    """A number with a check digit, and a soft note if it does not fit: real cards and devices do fail the check."""
    fails = number.isdecimal() and not luhn_holds(number)
    return Fact(label, number, _("check digit does not fit") if fails else "", is_code=True, warns=fails)
