from datetime import date

from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.meters import bytes_told
from cards.catalogue.parameters import PLAN
from cards.choices import Action, Alignment, PlanKind
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card, Plan, QueuedTerm, ServiceTerm
from cards.rules import Change


def is_a_plan(card: Card, request: Asked) -> None:
    plan = request.params.get("plan")
    if plan and plan.kind != PlanKind.PLAN:
        raise Refused("not_a_plan", plan=plan.code)


def queue_term(card: Card, plan: Plan, bought_on: date) -> ServiceTerm:
    """A new last term in the card's queue, and its row."""
    months: int = plan.months  # type: ignore[assignment]  # which a plan has; a pack was refused
    waiting = QueuedTerm(card.last_term_number + 1, plan.code, months, plan.alignment, plan.quota_mb)
    card.queue.append(waiting)
    return ServiceTerm(card=card, bought_on=bought_on, **waiting._asdict() | {"plan": plan})


class Renew(ActionType):
    """Rule 5: one more term queues; on a shut-down card it starts on the day of purchase."""

    word = Action.RENEW
    parameters = {"plan": PLAN}
    example = {
        "plan": Plan(code="TERM", kind=PlanKind.PLAN, months=1, alignment=Alignment.CALENDAR, quota_mb=100),
    }
    guards = (is_a_plan,)
    undone_by = (Action.UNRENEW,)
    roles = ("operations",)
    adds = (PlanKind.PLAN,)
    is_sold = True
    customer_button = gettext_lazy("Renew card")
    customer_history = gettext_lazy("The card was renewed.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        plan = request.params["plan"]
        term = queue_term(card, plan, change.on)
        change.rows.append(term)
        change.evidence = {"plan": plan.code, "term": term.number}
        if card.is_over:
            has_stray_usage = card.stray_usage_on is not None and card.stray_usage_on >= change.on
            card.renew(on=change.on, policy=request.policy(card))
            change.evidence["told_bytes"] = bytes_told(card) if has_stray_usage else 0

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.UNRENEW, {"term": record.evidence["term"]})


ACTION = Renew()
