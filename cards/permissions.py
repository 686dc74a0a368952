"""Who may do what: actors, roles and their actions (`domain.md`, "Who may do it")."""

from dataclasses import dataclass

from cards.catalogue import CATALOGUE
from cards.choices import MADE_BY_PEOPLE, Action, ActorKind, MemberRole

CUSTOMERS = frozenset(word for word, action in CATALOGUE.items() if action.customers_may)

# What each role may do to cards: the actions of Django's groups of the same names.
ROLES = {
    role: frozenset(word for word, action in CATALOGUE.items() if role in action.roles)
    for role in ("support", "operations", "finance", "carrier_desk", "auditor")
}


def codename(action):
    """The Django permission that allows an action: `suspend_card`."""
    return f"{action}_card"


@dataclass(frozen=True)
class Actor:
    """Who acts: the kind and name for the record, and what and whose cards they may touch."""

    kind: str
    name: str
    actions: frozenset
    customers: frozenset | None = None

    @classmethod
    def of(cls, user):
        """The actor that a logged-in user is: staff by their permissions, a customer's member by their role."""
        if user.is_staff:
            allowed = {action for action in MADE_BY_PEOPLE if user.has_perm(f"cards.{codename(action)}")}
            return cls(ActorKind.STAFF, user.get_username(), frozenset(allowed))
        if not user.is_active:
            return cls(ActorKind.CUSTOMER, user.get_username(), frozenset(), frozenset())
        acting = user.memberships.exclude(role=MemberRole.VIEWER).values_list("customer_id", flat=True)
        return cls(ActorKind.CUSTOMER, user.get_username(), CUSTOMERS, frozenset(acting))

    @classmethod
    def claiming(cls, user):
        """Somebody who shows a card's claim code: they may take the card, while it is in stock."""
        return cls(ActorKind.CUSTOMER, user.get_username(), frozenset({Action.ASSIGN}), frozenset({None}))

    @classmethod
    def shell(cls):
        """Whoever has a shell on the server has the database too: nothing is withheld from them but the rules."""
        return cls(ActorKind.COMMAND, "manage.py", frozenset(MADE_BY_PEOPLE))

    def may(self, action, card):
        """Whether this actor's role allows the action, on this card."""
        return action in self.actions and self.owns(card)

    def owns(self, card):
        """Whether the card is one of those whose customers this actor acts for; staff act for all."""
        return self.customers is None or card.customer_id in self.customers


def owned_by(user):
    """The keys of the customers of which this user is an owner."""
    if not user.is_active:
        return set()
    return set(user.memberships.filter(role=MemberRole.OWNER).values_list("customer_id", flat=True))


SYSTEM = Actor(ActorKind.SYSTEM, "rule", frozenset())
