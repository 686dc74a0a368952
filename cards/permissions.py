"""Who may do what: actors, roles and their actions (`domain.md`, "Who may do it")."""

from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.contrib.auth.models import User

from cards.catalogue import CATALOGUE
from cards.choices import MADE_BY_PEOPLE, Action, ActorKind, Step
from cards.models import Card, Job
from cards.scope import Scope, Visitor

MAY_IMPORT = "cards.import_card"
CUSTOMER_ACTIONS = frozenset(word for word, action in CATALOGUE.items() if action.customers_may)

# What each role may do to cards: the actions of Django's groups of the same names.
ROLES = {
    role: frozenset(word for word, action in CATALOGUE.items() if role in action.roles)
    for role in ("support", "operations", "finance", "carrier_desk", "auditor")
}


def codename(action: str) -> str:
    """The Django permission that allows an action: `suspend_card`."""
    return f"{action}_card"


@dataclass(frozen=True)
class Actor:
    """Who acts: the kind and name for the record, and what and whose cards they may touch."""

    kind: str
    name: str
    actions: frozenset[str]
    customers: frozenset[int | None] | None = None

    @classmethod
    def of(cls, user: Visitor) -> "Actor":
        """The actor that a logged-in user is: staff by their permissions, a customer's member by their role."""
        scope, name = Scope.of(user), user.get_username()
        if scope.is_staff:
            allowed = {action for action in MADE_BY_PEOPLE if user.has_perm(f"cards.{codename(action)}")}
            return cls(ActorKind.STAFF, name, frozenset(allowed), scope.acts_for)
        return cls(ActorKind.CUSTOMER, name, CUSTOMER_ACTIONS if scope.is_active else frozenset(), scope.acts_for)

    @classmethod
    def of_job(cls, job: Job) -> "Actor":
        """Who signs what a job does: the starter, who may do what both they and the drafter may now.

        Until the job is started that is the drafter.
        """
        people = map(cls.of, people_of(job))  # type: ignore[arg-type]  # a rule needs no actor for its jobs
        return reduce(and_, people)

    @classmethod
    def claiming(cls, user: Visitor) -> "Actor":
        """Somebody who shows a card's claim code: they may take the card, while it is in stock."""
        return cls(ActorKind.CUSTOMER, user.get_username(), frozenset({Action.ASSIGN}), frozenset({None}))

    @classmethod
    def shell(cls) -> "Actor":
        """Whoever has a shell on the server has the database too: nothing is withheld from them but the rules."""
        return cls(ActorKind.COMMAND, "manage.py", frozenset(MADE_BY_PEOPLE))

    def __and__(self, other: "Actor") -> "Actor":
        """The same actor, who may only what the other may too."""
        limits = [actor.customers for actor in (self, other) if actor.customers is not None]
        customers = frozenset.intersection(*limits) if limits else None
        return Actor(self.kind, self.name, self.actions & other.actions, customers)

    def may(self, action: str, card: Card) -> bool:
        """Whether this actor's role allows the action, on this card."""
        return action in self.actions and self.owns(card)

    def owns(self, card: Card) -> bool:
        """Whether the card is one of those whose customers this actor acts for; staff act for all."""
        return self.customers is None or card.customer_id in self.customers


def people_of(job: Job) -> list[User | None]:
    """Who started the job, if it was, and who drafted it: each once, as the database knows them now."""
    started = job.steps.filter(step=Step.STARTED).select_related("by").last()
    starter = started.by if started else job.owner
    return [starter] if starter == job.owner else [starter, job.owner]


def may_import(user: Visitor) -> bool:
    """Whether somebody may bring in files, of cards or of usage."""
    return user.has_perm(MAY_IMPORT)


def has_role(user: Visitor) -> bool:
    """Whether a member of the staff may do anything at all."""
    return user.is_superuser or bool(user.get_all_permissions())


SYSTEM = Actor(ActorKind.SYSTEM, "rule", frozenset())
