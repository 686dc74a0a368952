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


def queued(card: Card, plan: Plan) -> QueuedTerm:
    """A new last term in the card's queue."""
    months: int = plan.months  # type: ignore[assignment]  # which a plan has; a pack was refused
    card.queue.append(QueuedTerm(card.last_term_number + 1, plan.code, months, plan.alignment, plan.quota_mb))
    return card.queue[-1]


class Renew(ActionType):
    """Rule 5: one more term queues; on a shut-down card it starts on the day of purchase."""

    word = Action.RENEW
    also_asks = ("stray_usage_on",)
    parameters = {"plan": PLAN}
    example = {
        "plan": Plan(code="TERM", kind=PlanKind.PLAN, months=1, alignment=Alignment.CALENDAR, quota_mb=100),
    }
    guards = (is_a_plan,)
    undone_by = (Action.UNRENEW,)
    roles = ("operations",)
    adds = (PlanKind.PLAN,)
    is_sold = True
    bulk_order = 30
    customer_button = gettext_lazy("Renew card")
    customer_history = gettext_lazy("The card was renewed.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        plan = request.params["plan"]
        term = queued(card, plan)
        change.rows.append(ServiceTerm(bought_on=change.on, **term._asdict() | {"plan": plan}))
        change.evidence = {"plan": plan.code, "term": term.number}
        if card.is_over:
            has_stray_usage = card.stray_usage_on is not None and card.stray_usage_on >= change.on
            card.renew(on=change.on, policy=request.policy(card))
            change.evidence["told_bytes"] = bytes_told(card) if has_stray_usage else 0

    def inverse(self, record: Record) -> Inverse:
        return Inverse(Action.UNRENEW, {"term": record.evidence["term"]})


ACTION = Renew()
