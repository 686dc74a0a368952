"""Who may do what with money: Django's permissions for staff, the role in the customer for its members."""

from cards.choices import ActorKind, MemberRole
from cards.permissions import Actor

BY_ITSELF = Actor(ActorKind.SYSTEM, "auto_renew", frozenset())


def who(user):
    """The actor that stands in the books for a person, or for a rule where there is none."""
    return Actor.of(user) if user else BY_ITSELF


def may_order(user, customer_id):
    """Whether somebody may draft, place and withdraw orders of a customer: staff by permission, its acting members."""
    return user.has_perm("billing.place_order") if user.is_staff else _acts_for(user, customer_id)


def may_pay(user, customer_id):
    """Whether somebody may pay out of a customer's wallet: finance, and the customer's acting members."""
    return user.has_perm("billing.pay_order") if user.is_staff else _acts_for(user, customer_id)


def _acts_for(user, customer_id):
    memberships = user.memberships.filter(customer_id=customer_id).exclude(role=MemberRole.VIEWER)
    return user.is_active and memberships.exists()
