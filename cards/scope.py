"""Whose things somebody sees, and for whom they act: the one place where that is decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeAlias, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.utils.functional import SimpleLazyObject

from cards.choices import ACTING_ROLES, MemberRole

Visitor: TypeAlias = User | AnonymousUser

_Row = TypeVar("_Row", bound=models.Model, covariant=True)


@dataclass(frozen=True)
class Scope:
    """Staff see everything, a customer's members what is their customers', whoever is shut out and strangers nothing.

    `roles` says as what somebody belongs to which customers, by their keys.
    """

    is_staff: bool = False
    is_active: bool = True
    roles: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, user: Visitor) -> Self:
        """The scope of a person. Memberships are read once they matter, and not at all of staff."""
        if user.is_staff or not user.is_active:
            return cls(user.is_staff, user.is_active)
        roles = SimpleLazyObject(lambda: dict(user.memberships.values_list("customer", "role")))
        return cls(roles=roles)  # type: ignore[arg-type]  # it is the dict as soon as it matters

    @property
    def sees_all(self) -> bool:
        """Whether everybody's things are seen, and what is written for the dealer's staff alone: tags and remarks."""
        return self.is_staff and self.is_active

    @property
    def acts_for(self) -> frozenset[int] | None:
        """The keys of the customers for whom one acts; None: for all, as far as one's permissions go."""
        return None if self.sees_all else self._in_roles(ACTING_ROLES)

    @property
    def owns(self) -> frozenset[int]:
        """The keys of the customers whose members one chooses."""
        return self._in_roles((MemberRole.OWNER,))

    def _in_roles(self, roles: Iterable[str]) -> frozenset[int]:
        return frozenset(customer for customer, role in self.roles.items() if role in roles)


class OwnedQuerySet(models.QuerySet[_Row]):
    """Rows that belong to customers; `owner_path` leads from a row to the key of its customer."""

    owner_path = "customer"

    def visible_to(self, user: Visitor) -> Self:
        """What this person sees of these rows."""
        return self.within(Scope.of(user))

    def within(self, scope: Scope) -> Self:
        """What is seen of these rows in a scope.

        Whose members somebody is was asked before: only so the cards of a customer come in order by an index.
        """
        return self if scope.sees_all else self.filter(**{f"{self.owner_path}__in": list(scope.roles)})
