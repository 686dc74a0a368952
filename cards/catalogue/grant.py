from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from cards.catalogue import renew, top_up
from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.parameters import PLAN
from cards.choices import Action, PlanKind
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change

GIVEN: Mapping[str, ActionType] = {PlanKind.PLAN: renew.ACTION, PlanKind.PACK: top_up.ACTION}


class Grant(ActionType):
    """Service for which nobody pays: of a plan what a renewal does to the card, of a pack what a top-up does."""

    word = Action.GRANT
    also_asks = ("stray_usage_on",)
    parameters = {"plan": PLAN}
    example = renew.ACTION.example
    adds = (PlanKind.PLAN, PlanKind.PACK)
    asks_why = True
    undone_by = (Action.UNRENEW,)
    roles = ("operations",)
    bulk_order = 100
    customer_history = gettext_lazy("Your dealer gave the card an add-on pack.")

    def check(self, card: Card, request: Asked) -> None:
        super().check(card, request)
        service = self.service(request)
        for guard in service.guards if service else ():
            guard(card, request)

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        GIVEN[request.params["plan"].kind].effect(card, request, change)

    def service(self, request: Asked) -> ActionType | None:
        """The action whose guards and effect it has; None while nobody knows what is given."""
        plan = request.params.get("plan")
        return GIVEN[plan.kind] if plan else None

    def inverse(self, record: Record) -> Inverse:
        """A term leaves the queue again; a pack acts at once."""
        if "term" not in record.evidence:
            raise Refused("nothing_to_undo")
        return renew.ACTION.inverse(record)

    def customer_sentence(self, evidence: Mapping[str, Any]) -> str | Promise:
        return gettext_lazy("Your dealer gave the card another term.") if "term" in evidence else self.customer_history


class GrantInOtherWords(Grant):
    """What scripts call `renew` or `top_up`: a grant of that alone, which they give without a reason."""

    asks_why = False

    def __init__(self, service: ActionType) -> None:
        self._service = service

    def service(self, request: Asked) -> ActionType:
        return self._service


ACTION = Grant()
