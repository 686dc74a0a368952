"""A card in memory as a row has it: opened with its plan (rule 1) or taken over in service, with its first record."""

from operator import attrgetter

from django.utils.translation import gettext as _

from cards import rules
from cards.actions.imports import in_service
from cards.actions.imports.card_rows import faults_as_new
from cards.actions.imports.contradictions import contradictions
from cards.actions.write import FirstTerm
from cards.calendar import add_months
from cards.catalogue.renew import queued
from cards.choices import Action, PlanKind, State
from cards.errors import BadInput, BadRow, InvariantBroken
from cards.models import Card, Plan

# All of a row by which a card is opened, but for whose it is and its numbers.
OPENED_ALIKE = attrgetter(
    *("carrier", "certification", "plan", "opened_on", "test_months", "test_quota_mb", "binding", "imei")
)


class Building:
    """Builds cards of rows, as they are `today`; `source` is the file's name."""

    def __init__(self, policies, today, source=""):
        self.plans = {plan.code: plan for plan in Plan.objects.all()}
        self.policies, self.today, self.source, self.opened = policies, today, source, {}

    def built(self, row, customer_id=None):
        """A new card, its first record, and the term that it begins with; the row was looked at by `check`."""
        card, first, term = self._taken_over(row) if row.state else self._opened(row)
        card.__dict__.update(iccid=row.iccid, msisdn=row.msisdn, imsi=row.imsi, customer_id=customer_id)
        first.evidence["customer_id"] = customer_id
        return card, first, term

    def check(self, row):
        """Raise `BadRow` with everything for which the row makes no card."""
        faults, found = list(faults_as_new(row)), {"plan": None, "opened_on": None}
        for column, find in (("plan", self._plan), ("opened_on", self._policy)):
            if getattr(row, column) and row.carrier:
                try:
                    found[column] = find(row)
                except BadInput as bad:
                    faults.append(bad)
        if row.state and found["opened_on"]:
            policy = self.policies.in_force(row.carrier, self.today)
            faults += contradictions(row, found["plan"], policy, self.today)
        if faults:
            raise BadRow(faults)

    def _opened(self, row):
        """Cards of which a file says the same are opened alike, so the rules are asked once for all of them."""
        alike = OPENED_ALIKE(row)
        if alike not in self.opened:
            self.opened[alike] = self._opened_first(row)
        card, first, term = self.opened[alike]
        return card.copy(), rules.Change(first.on, first.action), term

    def _opened_first(self, row):
        card, plan = self._begun(row)
        card.__dict__.update(_facts_when_opened(row, self._policy(row)))
        card.bound_imei, card.bound_on = row.imei, row.opened_on if row.imei else None
        first, term = rules.Change(row.opened_on, Action.OPEN), _waiting(card, row, plan)
        rules.settle(card, first.on)
        return card, first, term

    def _taken_over(self, row):
        card, plan = self._begun(row)
        term = in_service.running_term(row, plan, self.today) if row.service_until else None
        card.__dict__.update(in_service.facts_in_service(row, plan, term, self.policies, self.today))
        first, term = in_service.take_over_change(card, row, self.source, self.today), term or _waiting(card, row, plan)
        rules.settle(card, first.on)
        return card, first, term

    def _begun(self, row):
        """The card so far, and its plan."""
        plan = self.plans[row.plan]
        card = Card.new(
            carrier=row.carrier,
            certification=row.certification,
            plan_id=plan.pk,
            opened_on=row.opened_on,
            changed_on=row.opened_on,
            binding=row.binding,
            version=1,
            queue=[],
        )
        return card, plan

    def _plan(self, row):
        plan = self.plans.get(row.plan)
        if plan is None or plan.kind != PlanKind.PLAN:
            raise BadInput("plan", _("there is no plan with the code “{code}”").format(code=row.plan))
        return plan

    def _policy(self, row):
        try:
            return self.policies.in_force(row.carrier, row.opened_on)
        except InvariantBroken:
            raise BadInput("opened_on", _("the carrier has no policy for that day yet")) from None


def _waiting(card, row, plan):
    """The card's first term, which waits for activation."""
    term = queued(card, plan)
    return FirstTerm(term.number, plan.pk, term.months, term.alignment, term.quota_mb, row.opened_on)


def _facts_when_opened(row, policy):
    if row.test_months:
        return {
            "state": State.TESTING.value,
            "test_months": row.test_months,
            "test_quota_mb": row.test_quota_mb,
            "test_until": add_months(row.opened_on, row.test_months),
        }
    return {
        "state": State.UNUSED.value,
        "silent_from": row.opened_on,
        "forced_activation_on": policy.forced_activation_on(row.opened_on),
    }
