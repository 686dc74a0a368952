from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.catalogue.holds import lift
from cards.catalogue.parameters import PLAN
from cards.choices import Action, Hold, PlanKind
from cards.errors import Refused
from cards.guards import Asked, not_shut_down
from cards.models import Card, Plan
from cards.rules import Change


def term_running(card: Card, request: Asked) -> None:
    if not card.term_runs:
        raise Refused("no_running_term")


def is_a_pack(card: Card, request: Asked) -> None:
    plan = request.params.get("plan")
    if plan and plan.kind != PlanKind.PACK:
        raise Refused("not_a_pack", plan=plan.code)


class TopUp(ActionType):
    """Rule 6: a pack adds to the cycle it is bought in."""

    word = Action.TOP_UP
    parameters = {"plan": PLAN}
    example = {"plan": Plan(code="PACK", kind=PlanKind.PACK, quota_mb=100)}
    guards = (not_shut_down, term_running, is_a_pack)
    roles = ("operations",)
    record_kind = "usage"
    adds = (PlanKind.PACK,)
    is_sold = True
    bulk_order = 40
    customer_button = gettext_lazy("Buy more data")
    customer_history = gettext_lazy("An add-on pack was added.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        """A credit hold is lifted when the pack suffices."""
        pack = request.params["plan"]
        card.pack_mb += pack.quota_mb
        change.evidence = {
            "plan": pack.code,
            "used_bytes": card.used_bytes,
            "allowance_bytes": card.allowance_bytes,
        }
        if not card.is_over_allowance:
            lift(card, request, change, Hold.CREDIT)


ACTION = TopUp()
