from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards import identifiers
from cards.catalogue.action import ActionType
from cards.catalogue.cancel import not_protected
from cards.catalogue.parameters import Parameter
from cards.choices import Action, Carrier, Certification, Hold, State
from cards.errors import BadInput, Refused
from cards.guards import Asked
from cards.models import Card
from cards.rules import Change


def new_sim(iccid: str | Card) -> Card:
    """The card in stock whose SIM takes over, by its ICCID, or as it is where that is known."""
    if isinstance(iccid, Card):
        return iccid
    found = Card.objects.meant_by(identifiers.iccid(iccid))
    if found is None:
        message = _("there is no card {iccid} here; import the new SIM into stock first")
        raise BadInput("iccid", message.format(iccid=identifiers.iccid(iccid)))
    return found


def not_blocked_by_the_carrier(card: Card, request: Asked) -> None:
    if card.has_hold(Hold.ANOMALY):
        raise Refused("blocked_by_carrier")


def new_sim_fits(card: Card, request: Asked) -> None:
    """The new one is in stock, unused and nobody's, and of the same kind at the carrier."""
    new = request.params.get("iccid")
    if new is None:
        return
    if new.pk == card.pk:
        raise Refused("swapped_for_itself")
    if new.carrier != card.carrier:
        raise Refused("new_sim_of_other_carrier", iccid=new.iccid, carrier=new.carrier)
    if new.certification != card.certification:
        raise Refused("new_sim_certified_otherwise", iccid=new.iccid, certification=new.certification)
    if new.parked:
        raise Refused("new_sim_parked", iccid=new.iccid)
    if not new.is_silent or new.holds:
        raise Refused("new_sim_not_unused", iccid=new.iccid, state=new.state)
    if new.customer_id is not None:
        raise Refused("new_sim_not_in_stock", iccid=new.iccid)
    if new.protected:
        raise Refused("new_sim_protected", iccid=new.iccid)


class Swap(ActionType):
    """The card goes on with a new SIM from stock; the old one, lost or broken, is cancelled for good.

    Everything that the card is and has stays: only ICCID and IMSI change. What becomes of the other one is done by
    `actions/swapping.py`, in the same transaction.
    """

    word = Action.SWAP
    parameters = {
        "iccid": Parameter(
            new_sim,
            gettext_lazy("ICCID of the new SIM"),
            gettext_lazy("An unused card in stock, of the same carrier and certification."),
        )
    }
    takes_another = "iccid"
    example = {
        "iccid": Card(
            pk=0,
            iccid="89860000000000000019",
            carrier=Carrier.CMCC,
            certification=Certification.INDIVIDUAL,
            state=State.UNUSED,
        )
    }
    guards = (not_protected, not_blocked_by_the_carrier, new_sim_fits)
    roles = ("operations",)
    record_kind = "state"
    asks_why = True
    is_final = True
    submit_label = gettext_lazy("Swap the SIM and cancel the old one permanently")
    customer_history = gettext_lazy("The SIM {was_iccid} was replaced by the new SIM {iccid}.")

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        new = request.params["iccid"]
        change.evidence = {
            "iccid": new.iccid,
            "was_iccid": card.iccid,
            "imsi": new.imsi,
            "was_imsi": card.imsi,
            "other_card": new.pk,
        }
        if new.msisdn and not card.msisdn:
            change.evidence["msisdn"] = card.msisdn = new.msisdn
        card.iccid, card.imsi = new.iccid, new.imsi


ACTION = Swap()
