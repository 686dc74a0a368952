from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cards import identifiers
from cards.catalogue.action import ActionType
from cards.catalogue.holds import lift
from cards.catalogue.parameters import Parameter
from cards.choices import Action, Binding, Hold
from cards.errors import Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def bound_to_a_device(card: Card, request: Asked) -> None:
    if card.binding == Binding.NONE:
        raise Refused("not_bound")


def new_device(card: Card, request: Asked) -> None:
    """The card's own device may be confirmed again only when another one was seen meanwhile."""
    if _is_its_own(card, request) and not card.has_hold(Hold.REBIND):
        raise Refused("same_device")


def rebinds_left(card: Card, request: Asked) -> None:
    cap, count = _cap(card, request), card.rebinds_in(request.on)
    if card.bound_imei and count >= cap and not _is_its_own(card, request):
        raise Refused("rebinds_used_up", count=count, cap=cap)


def _is_its_own(card: Card, request: Asked) -> bool:
    """Whether the device asked for is the one to which the card is bound."""
    imei: str = request.params.get("imei", "")
    return bool(imei and card.bound_imei) and not card.is_another_device(imei)


def _cap(card: Card, request: Asked) -> int:
    return request.policy(card).rebinds_per_month


class Rebind(ActionType):
    """Rule 9: the new device is confirmed and bound; only a change of device counts against the month's cap."""

    word = Action.REBIND
    parameters = {"imei": Parameter(identifiers.imei, gettext_lazy("IMEI of the device"), entry="digits")}
    example = {"imei": "356938035643809"}
    guards = (bound_to_a_device, new_device, rebinds_left)
    roles = ("operations",)
    customers_may = True
    customer_button = gettext_lazy("Confirm the new device")
    customer_history = gettext_lazy("The new device {imei} was confirmed.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        imei = request.params["imei"]
        change.evidence = {"imei": imei, "previous_imei": card.bound_imei}
        if card.is_another_device(imei):
            card.count_rebind(change.on)
        card.bind(change.on, request.policy(card), imei)
        lift(card, request, change, Hold.REBIND)

    def initial(self, card: Card) -> dict[str, Any]:
        return {"imei": card.seen_imei if card.is_in_another_device else ""}

    def hint(self, card: Card, request: Asked) -> str:
        return _("Device changed {count} of {cap} times this month. Bound to: {imei}").format(
            count=card.rebinds_in(request.on), cap=_cap(card, request), imei=card.bound_imei or _("no device yet")
        )

    def customer_hint(self, card: Card, request: Asked) -> str:
        left = max(_cap(card, request) - card.rebinds_in(request.on), 0)
        hint = ngettext(
            "Bound to device {imei}. It can be changed {left} more time this month.",
            "Bound to device {imei}. It can be changed {left} more times this month.",
            left,
        )
        return hint.format(imei=card.bound_imei or _("not bound"), left=left)


ACTION = Rebind()
