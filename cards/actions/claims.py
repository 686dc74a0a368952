"""Claiming a card: who holds a card in stock and the code that is printed with it makes the card theirs.

Whatever is wrong, the answer is the same, after the same statements and one hash: a number that does not exist, a wrong
code, too many tries, a card that somebody has. So nobody learns which cards there are.
"""

import hmac
from itertools import count

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from cards.actions import throttle
from cards.actions.action_requests import act
from cards.actions.audit import record
from cards.choices import Action, AuditAction, CustomerKind, MemberRole
from cards.lookup import customers_named
from cards.models import Card, ClaimCode, Customer, Membership
from cards.models.claim import digest_of
from cards.names import registered_name
from cards.permissions import Actor
from cards.scope import Scope


def claim(iccid, code, *, user):
    """The card, which is the user's from now on (or was already); None, whatever the reason, if they cannot have it.

    Only a card in stock can be claimed, and with one code once: a card that comes back to stock needs a new label.
    Five wrong tries within a day shut the door for a day, for the card and for the person; a right one is not counted.
    """
    known = _code_of(iccid)
    number = known.card.iccid if known.pk else iccid
    attempts = (throttle.CLAIMS_OF_CARD, number), (throttle.CLAIMS_OF_PERSON, user.pk)
    may_try = [throttle.hit(limit, subject) for limit, subject in attempts]
    mine = set(Scope.of(user).roles)
    fits = hmac.compare_digest(digest_of(number, code), known.digest)
    if not (fits and all(may_try)):
        return None
    is_mine = known.card.customer_id in mine
    is_free = known.card.customer_id is None and known.used_at is None
    if not (is_mine or is_free):
        return None
    if is_mine or _assign(known, user):
        for limit, subject in attempts:
            throttle.undo_hit(limit, subject)
    return Card.objects.visible_to(user).filter(pk=known.card_id).first()


def _code_of(iccid):
    """The code of the one card that an ICCID means, found in one statement whether there is such a card or not."""
    codes = ClaimCode.objects.select_related("card").filter(card__in=Card.objects.numbered(iccid))
    found = {code.card.iccid: code for code in codes[:2]}
    only = next(iter(found.values())) if len(found) == 1 else ClaimCode()
    return found.get(iccid, only) if len(iccid) == 20 else only


def _assign(code, user):
    """Make the card the user's, unless somebody else was faster or the card is cancelled or parked; True if it is."""
    with transaction.atomic():
        customer = _customer_of(user)
        (outcome,) = act(Action.ASSIGN, [code.card_id], actor=Actor.claiming(user), customer=customer)
        if outcome.refused or outcome.parked:
            transaction.set_rollback(True)
            return False
        ClaimCode.objects.filter(pk=code.pk).update(used_by=user, used_at=timezone.now())
        return True


def _customer_of(user):
    """The individual customer that the user owns, made with the first card: an enterprise gets cards from the dealer.

    It is one that they made themselves, or that nobody else owns: whoever asks somebody to join as an owner does not
    get their cards. The user is locked, so that two cards claimed at the same moment make one customer.
    """
    get_user_model().objects.select_for_update().get(pk=user.pk)
    owners = Membership.objects.filter(role=MemberRole.OWNER)
    others = owners.filter(customer=OuterRef("customer")).exclude(user=user)
    owned = owners.filter(user=user, customer__kind=CustomerKind.INDIVIDUAL)
    own = owned.filter(Q(customer__registered_by=user) | ~Exists(others))
    if membership := own.select_related("customer").order_by("pk").first():
        return membership.customer
    customer = _new_customer(user)
    Membership.objects.create(customer=customer, user=user, role=MemberRole.OWNER)
    record(AuditAction.MEMBER_ADDED, by=user, about=user, customer=customer, role=MemberRole.OWNER)
    return customer


def _new_customer(user):
    """The individual customer of somebody who registered, under a name that is no other's but for width and case."""
    for number in count(1):
        name = registered_name(user.get_full_name(), user.get_username(), number)
        if not customers_named([name])[name]:
            person = {"kind": CustomerKind.INDIVIDUAL, "is_registered": True, "registered_by": user}
            customer, is_new = Customer.objects.get_or_create(name=name, defaults=person)
            if is_new:
                return customer
