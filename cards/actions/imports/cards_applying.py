"""Rows of a file applied: they become cards, opened with their plan (rule 1) or taken over in service."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards import rules
from cards.actions.action_requests import ActionRequest, foreseen_refusal
from cards.actions.claim_codes import issue
from cards.actions.imports import in_service
from cards.actions.imports.card_rows import IN_SERVICE_COLUMNS
from cards.actions.imports.corrections import MAY_BE_CORRECTED, Correction, differences
from cards.actions.write import CatchUp, Signature, attach_queues, carry_out, change, create
from cards.calendar import add_months, civil_today
from cards.catalogue.renew import queue_term
from cards.choices import Action, PlanKind, State
from cards.errors import BadInput, InvariantBroken, Refused
from cards.lookup import ids_by_iccid
from cards.models import Card, CardEvent, Customer, Plan, PolicyBook


@dataclass(slots=True)
class Intake:
    """What became of a batch of card rows: the numbers of the rows, and {"row", "field", "message"} of the refused.

    A row whose card exists with other data has `differs` too: (column, how the card is, what the file says) of each.
    """

    created: list = field(default_factory=list)
    updated: list = field(default_factory=list)
    unchanged: list = field(default_factory=list)
    errors: list = field(default_factory=list)


def apply_cards(rows, *, actor, reason="", update=False, at=None, source="", job_id=None):
    """Create the cards of these rows; with `update`, correct those that exist. One transaction, each card once.

    A row whose card exists and says the same is unchanged; one that says something else is a collision, and listed.
    `source` is the file's name, for the record of cards that are taken over.
    """
    signature = Signature(actor, reason, at or timezone.now(), job_id)
    with transaction.atomic():
        return _Batch(rows, signature, update, source).apply()


class _Batch:
    def __init__(self, rows, signature, update, source):
        self.rows, self.signature, self.update, self.source = rows, signature, update, source
        self.result, self.today = Intake(), civil_today()
        self.policies = PolicyBook.read()
        self.request = ActionRequest(signature.actor, self.today, self.policies, signature.reason)
        self.plans = {plan.code: plan for plan in Plan.objects.filter(code__in={row.plan for row in rows})}
        self.customers = {c.name: c for c in Customer.objects.filter(name__in={row.customer for row in rows})}

    def apply(self):
        ids = ids_by_iccid([row.iccid for row in self.rows])
        cards = Card.objects.select_related("customer", "plan").in_bulk([meant[0] for meant in ids.values() if meant])
        attach_queues(cards.values())
        known, fresh = [], []
        for row in self.rows:
            meant = ids[row.iccid]
            if len(meant) > 1:
                self._refuse(row, "iccid", _("several cards begin with this ICCID"))
            elif meant:
                known.append((cards[meant[0]], row))
            else:
                fresh.append(row)
        self._create(fresh)
        self._compare(known)
        return self.result

    def _refuse(self, row, field, message, **more):
        self.result.errors.append({"row": row.number, "field": field, "message": message, **more})

    def _create(self, rows):
        opened, terms = [], []
        for row in rows:
            try:
                card, first, term = self._first(row)
            except BadInput as bad:
                self._refuse(row, bad.field, bad.sentence)
            else:
                opened.append((card, first))
                terms.append(term)
                self.result.created.append(row.number)
        create(opened, terms, self.signature)
        issue([card for card, _first in opened])
        # The rules have had work since on cards that were taken over; the sweep sees to the others.
        taken_over = [card for card, first in opened if first.action == Action.ADOPT]
        due = [card for card in taken_over if card.next_due_on and card.next_due_on <= self.today]
        if due:
            carry_out(due, CatchUp(self.today), self.signature)

    def _first(self, row):
        """A new card in memory, its first record, and the term that it begins with."""
        plan, first_policy = self._plan(row), self._policy(row)
        if row.state:
            facts = in_service.facts_in_service(row, plan, self.policies, self.today)
        else:
            facts = _opened(row, first_policy)
        customer = self._customer(row.customer)
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

    def _customer(self, name):
        name = name.strip()
        if name and name not in self.customers:
            self.customers[name] = Customer.objects.get_or_create(name=name)[0]
        return self.customers[name] if name else None

    def _compare(self, pairs):
        """Part the rows that say the same from those that say something else, and correct where that was asked for."""
        # A card that was taken over, and stands in a file as such again, is compared with its first record too.
        again = {card.pk for card, row in pairs if row.state}
        first = CardEvent.objects.filter(card__among=again, seq=1, action=Action.ADOPT)
        taken_over = dict(first.values_list("card_id", "evidence")) if again else {}
        to_correct = []
        for card, row in pairs:
            differing = differences(card, row, taken_over.get(card.pk, {}))
            if not differing:
                self.result.unchanged.append(row.number)
            elif (why_not := self._why_not(card, differing)) is not None:
                self._refuse(row, *why_not, differs=differing)
            else:
                to_correct.append((card, row, differing))
        self._correct(to_correct)

    def _correct(self, to_correct):
        corrections = {
            card.pk: {
                name: self._customer(row.customer) if name == "customer" else getattr(row, name)
                for name, *_was in differing
            }
            for card, row, differing in to_correct
        }
        outcomes = change(corrections, Correction(corrections, self.request), self.signature) if corrections else []
        refusals = {
            outcome.card.pk: Refused("parked", parked=outcome.card.parked) if outcome.parked else outcome.refused
            for outcome in outcomes
        }
        for card, row, differing in to_correct:
            if refused := refusals[card.pk]:
                column = "customer" if "customer" in corrections[card.pk] else differing[0][0]
                self._refuse(row, column, str(refused), differs=differing)
            else:
                self.result.updated.append(row.number)

    def _why_not(self, card, differing):
        """(column, sentence) of the first reason for which the card is not corrected; None when it may be."""
        names = [name for name, *_was in differing]
        in_service_only = [name for name in names if name in IN_SERVICE_COLUMNS]
        fixed = [name for name in names if name not in MAY_BE_CORRECTED]
        if in_service_only:
            return in_service_only[0], _("the card already exists; only a new card can be taken over")
        if not self.update:
            return names[0], _("the card already exists with other data")
        if fixed:
            return fixed[0], _("this cannot be corrected by an import")
        if card.is_final:
            return names[0], _("the card is cancelled; its data can no longer change")
        if "customer" in names and (refused := foreseen_refusal(Action.ASSIGN, card, self.request)):
            return "customer", str(refused)  # said before the row creates a customer
        return None


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
