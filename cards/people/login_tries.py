"""Guessing at the door: strangers are slowed down, and the owner of an account is never locked out of it."""

from django.contrib.auth import get_user_model
from django.db import transaction

from cards.actions import audit, throttle
from cards.choices import ActorKind, AuditAction
from cards.counted import LOGINS_FAILED
from cards.models import GuessedAt
from cards.people import devices
from cards.permissions import Actor
from cards.visitors import visitor_address

SOMEBODY = Actor(ActorKind.GUEST, "", frozenset())  # what was typed is no name, and often a password


class LoginTry:
    """A password for a user name, from a device of its owner or from anywhere else. It is counted before it is looked
    at, and whatever is asked of the database does not depend on whether anybody is called so."""

    def __init__(self, request, name):
        device = devices.device_of(request, name)
        self.name = name
        self.by_owner = [(throttle.PASSWORDS_OF_DEVICE, device)] if device else []
        self.by_stranger = [
            (throttle.PASSWORDS_OF_ADDRESS, visitor_address(request.META)),
            (throttle.PASSWORD, name),
        ]
        self.counted = []

    def is_allowed(self):
        """Whether the password may be looked at. A device whose tries are used up waits as a stranger does."""
        is_allowed = any(self._count(limits) for limits in (self.by_owner, self.by_stranger) if limits)
        LOGINS_FAILED.inc(not is_allowed)
        return is_allowed

    def was_right(self):
        for limit, subject in self.counted:
            throttle.undo_hit(limit, subject)

    def was_wrong(self):
        """The audit list is told once an hour; its owner, of strangers who go on guessing, once in six hours."""
        LOGINS_FAILED.inc()
        if throttle.hit(throttle.REFUSED_LOGINS_TOLD, self.name):
            self._tell()
        if self.counted is self.by_stranger and self._is_news():
            GuessedAt.objects.create(user=self._owner())

    def _tell(self):
        """Made-up names do not use up what is told of accounts; what is too much is written too, and taken back."""
        owner = self._owner()
        limit = throttle.REFUSED_LOGINS_OF_ALL if owner else throttle.REFUSED_LOGINS_OF_NOBODY
        is_too_much = not throttle.hit(limit, "")
        with transaction.atomic():
            audit.record(AuditAction.LOGIN_REFUSED, by=SOMEBODY, about=owner or "")
            transaction.set_rollback(is_too_much)

    def _owner(self):
        return get_user_model().objects.filter(username=self.name).first()

    def _is_news(self):
        is_slowed = throttle.is_slowed(throttle.PASSWORD, self.name)
        return is_slowed and throttle.hit(throttle.WARNINGS_OF_OWNER, self.name)

    def _count(self, limits):
        self.counted = limits
        return all(throttle.hit(*each) for each in limits)
