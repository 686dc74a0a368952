"""The audit list: who changed what people may do and how they get in, and who took data out of the house."""

from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from cards.actions.events import take_number
from cards.choices import ActorKind
from cards.models import AuditEntry, Customer
from cards.permissions import Actor
from cards.scope import Scope

_ADDRESS = ContextVar("address of the visitor", default="")


@contextmanager
def visited_from(address):
    """What is recorded within comes from this address."""
    token = _ADDRESS.set(address)
    try:
        yield
    finally:
        _ADDRESS.reset(token)


def record(action, *, by, about, customer=None, **details):
    """Write down that `by` (a user, or an `Actor` such as the shell) did this to `about`: a user, a customer, or words.

    A membership is about its user and its `customer`. `details` say what was before and what is now (`before=`,
    `after=`), or how much went out (`rows=`): never a password, a code, a token or a whole phone number, for nothing
    takes a row back. Called within the transaction of what was done: both are there, or neither.
    """
    kind, name = (by.kind, by.name) if isinstance(by, Actor) else (_kind_of(by), by.get_username())
    with transaction.atomic():
        take_number()
        AuditEntry.objects.create(
            at=timezone.now(),
            action=action,
            actor_kind=kind,
            actor_name=name,
            by_id=None if isinstance(by, Actor) else by.pk,
            about=str(about)[: AuditEntry._meta.get_field("about").max_length],
            user_id=about.pk if isinstance(about, get_user_model()) else None,
            customer_id=customer.pk if customer else about.pk if isinstance(about, Customer) else None,
            address=_ADDRESS.get(),
            details=details,
        )


def _kind_of(user):
    return ActorKind.STAFF if Scope.of(user).is_staff else ActorKind.CUSTOMER
