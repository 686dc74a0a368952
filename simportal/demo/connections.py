"""The demo's accounts at carriers: the portal plays each carrier itself, so there is nothing to configure."""

from cards.actions.write import chunked
from cards.carriers.actions.account_saving import save_account
from cards.carriers.actions.asking import sim_of
from cards.carriers.actions.reaching import call_to
from cards.carriers.actions.simulated_carrier import refuses
from cards.carriers.actions.slots import REAL
from cards.carriers.models import CarrierAccount, Line
from cards.carriers.protocols import access_of
from cards.carriers.protocols.simulated import Simulated
from cards.choices import Carrier
from cards.models import Card
from cards.permissions import Actor

MOST_REFUSED = 3


def connect():
    """An account at each carrier, which has the cards as they are now: what is done later this morning is ordered there
    once the worker runs, and then all cards are compared."""
    for carrier in Carrier.values:
        account = save_account(f"demo-{carrier}", by=Actor.shell(), carrier=carrier, protocol=Simulated.NAME)
        call = call_to(account, access_of(account), "", REAL, lambda: None)
        lines = Line.objects.filter(account=account).select_related("card").order_by("card")
        for chunk in chunked(list(lines), Simulated.ASKED_AT_ONCE):
            Simulated().ask(call, call.access, list(map(sim_of, chunk)))
    CarrierAccount.objects.update(reconcile_at=REAL.now())


def refused_there():
    """The keys of some cards for which their carrier will refuse whatever is ordered."""
    active = Card.objects.active().filter(parked="").order_by("pk").values_list("pk", "iccid")
    return [key for key, iccid in active if refuses(iccid)][:MOST_REFUSED]
