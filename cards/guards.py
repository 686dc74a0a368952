"""What must be true of a card before something is done to it, where several actions ask for it.

A guard raises `Refused` with its own code and way out. Guards of one action stand with it in the catalogue.
"""

from cards.choices import Certification, RealName, State
from cards.errors import Refused


def not_cancelled(card, request):
    if card.is_final:
        raise Refused("cancelled")


def not_parked(card, request):
    if card.parked:
        raise Refused("parked", parked=card.parked)


def not_shut_down(card, request):
    if card.state == State.SHUT_DOWN:
        raise Refused("renew_first")


def unused(card, request):
    if card.state != State.UNUSED:
        raise Refused("not_unused")


def certified_by_a_person(card, request):
    if card.certification != Certification.INDIVIDUAL:
        raise Refused("no_real_name_needed")


def check_submitted(card, request):
    if card.real_name != RealName.SUBMITTED:
        raise Refused("not_submitted")
