"""Who may do what with money: Django's permissions for staff, the role in the customer for its members."""

from cards.choices import ActorKind
from cards.permissions import Actor
from cards.scope import Scope

BY_ITSELF = Actor(ActorKind.SYSTEM, "auto_renew", frozenset())


def who(user):
    """The actor that stands in the books for a person, or for a rule where there is none."""
    return Actor.of(user) if user else BY_ITSELF


def may_order(user, customer_id):
    """Whether somebody may draft, place and withdraw orders of a customer: staff by permission, its acting members."""
    return _may(user, "billing.place_order", customer_id)


def may_pay(user, customer_id):
    """Whether somebody may pay out of a customer's wallet: finance, and the customer's acting members."""
    return _may(user, "billing.pay_order", customer_id)


def _may(user, permission, customer_id):
    scope = Scope.of(user)
    return user.has_perm(permission) if scope.is_staff else customer_id in scope.acts_for
