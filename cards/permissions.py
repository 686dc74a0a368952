"""Who may do what: actors, roles and their actions (`domain.md`, "Who may do it")."""

from dataclasses import dataclass
from functools import reduce
from operator import and_

from cards.choices import MADE_BY_PEOPLE, Action, ActorKind, MemberRole, Step

SUPPORT = frozenset({Action.SUSPEND, Action.RESUME, Action.TAG, Action.UNTAG, Action.REMARK})
CARRIER_DESK = frozenset({Action.PLACE_HOLD, Action.LIFT_HOLD})
OPERATIONS = SUPPORT | {
    Action.ACTIVATE,
    Action.FORCE_ACTIVATE,
    Action.REBIND,
    Action.SUBMIT_REAL_NAME,
    Action.APPROVE_REAL_NAME,
    Action.REJECT_REAL_NAME,
    Action.REVOKE_REAL_NAME,
    Action.SET_LIMIT,
    Action.RENEW,
    Action.UNRENEW,
    Action.TOP_UP,
    Action.PROTECT,
    Action.UNPROTECT,
    Action.CANCEL,
    Action.ASSIGN,
    Action.UNPARK,
}
CUSTOMERS = frozenset({Action.SUSPEND, Action.RESUME, Action.SET_LIMIT, Action.REBIND, Action.SUBMIT_REAL_NAME})

# What each role may do to cards: the actions of Django's groups of the same names.
ROLES = {
    "support": SUPPORT,
    "operations": OPERATIONS,
    "finance": frozenset(),
    "carrier_desk": CARRIER_DESK,
    "auditor": frozenset(),
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
    def of_job(cls, job):
        """Who signs what a job does: whoever started it, who may do what both they and who drafted it may now.

        Until the job is started that is who drafted it.
        """
        return reduce(and_, map(cls.of, people_of(job)))

    @classmethod
    def claiming(cls, user):
        """Somebody who shows a card's claim code: they may take the card, while it is in stock."""
        return cls(ActorKind.CUSTOMER, user.get_username(), frozenset({Action.ASSIGN}), frozenset({None}))

    @classmethod
    def shell(cls):
        """Whoever has a shell on the server has the database too: nothing is withheld from them but the rules."""
        return cls(ActorKind.COMMAND, "manage.py", frozenset(MADE_BY_PEOPLE))

    def __and__(self, other):
        """The same actor, who may only what the other may too."""
        limits = [actor.customers for actor in (self, other) if actor.customers is not None]
        customers = frozenset.intersection(*limits) if limits else None
        return Actor(self.kind, self.name, self.actions & other.actions, customers)

    def may(self, action, card):
        """Whether this actor's role allows the action, on this card."""
        return action in self.actions and self.owns(card)

    def owns(self, card):
        """Whether the card is one of those whose customers this actor acts for; staff act for all."""
        return self.customers is None or card.customer_id in self.customers


def people_of(job):
    """Who started the job, if it was, and who drafted it: each once, as the database knows them now."""
    started = job.steps.filter(step=Step.STARTED).select_related("by").last()
    starter = started.by if started else job.owner
    return [starter] if starter == job.owner else [starter, job.owner]


def may_import(user):
    """Whether somebody may bring in files, of cards or of usage."""
    return user.has_perm("cards.import_card")


def owned_by(user):
    """The keys of the customers of which this user is an owner."""
    if not user.is_active:
        return set()
    return set(user.memberships.filter(role=MemberRole.OWNER).values_list("customer_id", flat=True))


SYSTEM = Actor(ActorKind.SYSTEM, "rule", frozenset())
