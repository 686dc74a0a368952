from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType
from cards.catalogue.holds import lift
from cards.catalogue.meters import bytes_told
from cards.choices import Action, Cause, Hold, RealName
from cards.guards import Asked, certified_by_a_person, check_submitted
from cards.models import Card, RealNameCheck
from cards.rules import Change


def whose_check(card: Card) -> str:
    """Whose the check is that waits, as far as that is kept, and since when; empty where none does."""
    check = RealNameCheck.objects.waiting().filter(card=card).first()
    if check is None:
        return ""
    said = {"person": check, "day": check.submitted_on}
    return _("Submitted on {day} for {person}.").format(**said)


class ApproveRealName(ActionType):
    """The check proves right: the hold is lifted, and a term that waited for it starts today (rule 3)."""

    word = Action.APPROVE_REAL_NAME
    guards = (certified_by_a_person, check_submitted)
    roles = ("operations",)
    customer_history = gettext_lazy("The ID verification was approved.")

    def hint(self, card: Card, request: Asked) -> str:
        return whose_check(card)

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        card.real_name = RealName.APPROVED
        if card.has_hold(Hold.REAL_NAME) and card.is_in_service and not card.term_runs:
            card.activate(on=change.on, policy=request.policy(card), cause=Cause.REAL_NAME)
            change.evidence["told_bytes"] = bytes_told(card)
        lift(card, request, change, Hold.REAL_NAME)


ACTION = ApproveRealName()
