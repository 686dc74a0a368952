"""Whose things somebody sees, and for whom they act: the one place where that is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import models
from django.utils.functional import SimpleLazyObject

from cards.choices import ACTING_ROLES, MemberRole


@dataclass(frozen=True)
class Scope:
    """Staff see everything, a customer's members what is their customers', whoever is shut out and strangers nothing.

    `roles` says as what somebody belongs to which customers, by their keys.
    """

    is_staff: bool = False
    is_active: bool = True
    roles: Mapping = field(default_factory=dict)

    @classmethod
    def of(cls, user):
        """The scope of a person. Memberships are read once they matter, and not at all of staff."""
        if user.is_staff or not user.is_active:
            return cls(user.is_staff, user.is_active)
        return cls(roles=SimpleLazyObject(lambda: dict(user.memberships.values_list("customer", "role"))))

    @property
    def sees_all(self):
        """Whether everybody's things are seen, and what is written for the dealer's staff alone: tags and remarks."""
        return self.is_staff and self.is_active

    @property
    def acts_for(self):
        """The keys of the customers for whom one acts; None: for all, as far as one's permissions go."""
        return None if self.sees_all else self._in_roles(ACTING_ROLES)

    @property
    def owns(self):
        """The keys of the customers whose members one chooses."""
        return self._in_roles((MemberRole.OWNER,))

    def _in_roles(self, roles):
        return frozenset(customer for customer, role in self.roles.items() if role in roles)


class OwnedQuerySet(models.QuerySet):
    """Rows that belong to customers; `owner_path` leads from a row to the key of its customer."""

    owner_path = "customer"

    def visible_to(self, user):
        """What this person sees of these rows."""
        return self.within(Scope.of(user))

    def within(self, scope):
        """What is seen of these rows in a scope.

        Whose members somebody is was asked before: only so the cards of a customer come in order by an index.
        """
        return self if scope.sees_all else self.filter(**{f"{self.owner_path}__in": list(scope.roles)})
