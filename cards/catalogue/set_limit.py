from collections.abc import Mapping
from functools import partial
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue.action import ActionType, Inverse, Record
from cards.catalogue.holds import lift, put_hold
from cards.catalogue.parameters import Parameter
from cards.choices import Action, Hold
from cards.errors import BadInput
from cards.guards import Asked
from cards.models import Card
from cards.quantities import megabytes, whole
from cards.rules import Change

LARGEST_LIMIT_MB = 10_000_000
LIMIT_OFF = gettext_lazy("The usage limit was removed.")


def limit_mb(text: str) -> int | None:
    """Whole MB from 1 up; nothing (or `none`) takes the limit off."""
    text = str(text).strip().lower()
    if text in ("", "none"):
        return None
    limit = whole(text, 1, LARGEST_LIMIT_MB)
    if limit is None:
        raise BadInput("limit_mb", _("“{text}” is not a whole number of MB (1 or more)").format(text=text))
    return limit


def limit(card: Card, request: Asked, change: Change, limit_mb: int | None, waived: bool) -> None:
    """Set the limit as it is said, and place or lift the hold that follows."""
    before = {"was_limit_mb": card.limit_mb, "was_waived": card.limit_waived}
    card.limit_mb, card.limit_waived = limit_mb, waived
    change.evidence = {"limit_mb": card.limit_mb, "used_bytes": card.used_bytes, **before}
    held = card.has_hold(Hold.THRESHOLD)
    if card.is_over_limit and not held:
        put_hold(card, request, change, Hold.THRESHOLD)
    elif held and not card.is_over_limit:
        lift(card, request, change, Hold.THRESHOLD)


class SetLimit(ActionType):
    """The card stops when it has used so much in a cycle."""

    word = Action.SET_LIMIT
    parameters = {
        "limit_mb": Parameter(
            limit_mb, gettext_lazy("Usage limit (MB)"), gettext_lazy("Leave empty to remove the limit."), entry="digits"
        )
    }
    example = {"limit_mb": None}
    undone_by = (Action.SET_LIMIT,)
    roles = ("operations",)
    customers_may = True
    record_kind = "usage"
    bulk_order = 80
    customer_button = gettext_lazy("Set a usage limit")
    customer_bulk_button = gettext_lazy("Set a usage limit")
    customer_history = gettext_lazy("The usage limit was set to {limit_mb} MB.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        """A new limit is armed even if the old was waived; it stops or frees the card at once."""
        limit(card, request, change, request.params["limit_mb"], waived=False)

    def inverse(self, record: Record) -> Inverse:
        before = record.evidence
        as_before = partial(limit, limit_mb=before["was_limit_mb"], waived=before["was_waived"])
        return Inverse(Action.SET_LIMIT, effect=as_before)

    def initial(self, card: Card) -> dict[str, Any]:
        return {"limit_mb": "" if card.limit_mb is None else card.limit_mb}

    def hint(self, card: Card, request: Asked) -> str:
        if not card.term_runs:
            return ""
        used = megabytes(card.meter(request.on).used_bytes)
        return _("Used in this cycle: {used} MB. The card is suspended as soon as it reaches the limit.").format(
            used=used
        )

    def customer_sentence(self, evidence: Mapping[str, Any]) -> str | Promise:
        return LIMIT_OFF if evidence.get("limit_mb") is None else self.customer_history


ACTION = SetLimit()
