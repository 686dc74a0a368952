"""A card in memory as a row has it: opened with its plan (rule 1) or taken over in service, with its first record."""

from django.utils.translation import gettext as _

from cards import rules
from cards.actions.imports import in_service
from cards.actions.imports.card_rows import faults_as_new
from cards.actions.imports.contradictions import contradictions
from cards.calendar import add_months
from cards.catalogue.renew import queue_term
from cards.choices import Action, PlanKind, State
from cards.errors import BadInput, BadRow, InvariantBroken
from cards.models import Card, Plan


class Building:
    """Builds cards of rows, as they are `today`; `source` is the file's name."""

    def __init__(self, policies, today, source=""):
        self.plans = {plan.code: plan for plan in Plan.objects.all()}
        self.policies, self.today, self.source = policies, today, source

    def built(self, row, customer_of):
        """A new card, its first record, and the term that it begins with; `BadInput` when the row makes none.

        `customer_of` gives the customer of a row: asked last, when nothing else is wrong.
        """
        plan, first_policy = self._readable(row)
        if row.state:
            facts = in_service.facts_in_service(row, plan, self.policies, self.today)
        else:
            facts = _opened(row, first_policy)
        customer = customer_of(row)
        card = Card.new(
            iccid=row.iccid,
            msisdn=row.msisdn,
            imsi=row.imsi,
            carrier=row.carrier,
            certification=row.certification,
            plan_id=plan.pk,
            opened_on=row.opened_on,
            changed_on=row.opened_on,
            binding=row.binding,
            customer_id=customer and customer.pk,
            version=1,
            **facts,
        )
        return self._begun(card, row, plan)

    def _readable(self, row):
        """The row's plan, and its carrier's policy of the day on which it was opened; `BadRow` with every fault."""
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
        return found.values()

    def _begun(self, card, row, plan):
        card.queue = []
        if row.state:
            term = in_service.term_of(card, row, plan, self.today)
            first = in_service.take_over_change(card, row, self.source, self.today)
        else:
            card.bound_imei, card.bound_on = row.imei, row.opened_on if row.imei else None
            term = queue_term(card, plan, row.opened_on)
            first = rules.Change(row.opened_on, Action.OPEN, evidence={"customer_id": card.customer_id})
        rules.settle(card, first.on)
        return card, first, term

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


def _opened(row, policy):
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
