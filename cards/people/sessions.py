"""Sessions: who is logged in by one, how long it lasts, and what ends it sooner."""

from datetime import timedelta

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cards.actions.audit import record
from cards.choices import AuditAction
from cards.kept import over_at
from cards.log_context import note
from cards.models import Person
from cards.people.accounts import person_of
from cards.scope import Scope

BACKEND = "cards.backends.NameOrPhone"
STAFF_LIFE, STAFF_IDLE = timedelta(hours=12), timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)  # a page costs no write, and what somebody does in a minute costs one
SEEN, IN_TWO_STEPS, ROUND = "seen at", "in two steps", "round"


def log_in(request, user, *, in_two_steps=False):
    """Log somebody in whose password was right, and the second step where there is one. The session's key is new."""
    if auth.SESSION_KEY in request.session:
        request.session.cycle_key()  # Django leaves it to somebody who is logged in already
    auth.login(request, user, backend=BACKEND)
    note(user=user.pk)
    is_staff = Scope.of(user).is_staff
    request.session.set_expiry(timezone.now() + STAFF_LIFE if is_staff else over_at("SESSION_DAYS"))
    request.session.update(marks_of(user) | {IN_TWO_STEPS: in_two_steps})
    if is_staff:
        record(AuditAction.LOGIN, by=user, about=user)


def marks_of(user):
    """What a session says that begins now; that of a customer says nothing of when it was seen."""
    seen = {SEEN: _now()} if Scope.of(user).is_staff else {}
    return seen | {ROUND: times_ended(user)}


def user_of(request):
    """Who is logged in. A session that is over is forgotten, and is nobody's."""
    user = auth.get_user(request)
    if not user.is_authenticated:
        return user
    if _is_over(request.session, user):
        request.session.flush()
        return AnonymousUser()
    if _now() - request.session.get(SEEN, _now()) >= SEEN_EVERY.total_seconds():
        request.session[SEEN] = _now()
    return user


def must_take_two_steps(user):
    """Whether the password alone lets this person do nothing but set up the second step."""
    return settings.STAFF_TOTP == "required" and Scope.of(user).is_staff


def end_all(user):
    """End whatever session this person has, and what waits for the second step; they log in again."""
    Person.objects.filter(pk=person_of(user).pk).update(sessions_ended=F("sessions_ended") + 1)


def end_others(request):
    """End whatever other session the person has who asks for it."""
    with transaction.atomic():
        end_all(request.user)
        record(AuditAction.SESSIONS_ENDED, by=request.user, about=request.user)
    stay_logged_in(request)


def stay_logged_in(request):
    """Of the sessions that have just been ended this one goes on, under a new key."""
    request.session[ROUND] = times_ended(request.user)
    request.session.cycle_key()


def times_ended(user):
    """How often all sessions of this person were ended, as the database has it now."""
    return Person.objects.filter(user=user).values_list("sessions_ended", flat=True).first() or 0


def _is_over(session, user):
    """Whoever has become staff since begins again: a customer's session does not say when it was seen."""
    person = getattr(user, "person", None)  # which came with the user
    if session.get(ROUND, 0) != (person.sessions_ended if person else 0):
        return True
    if not Scope.of(user).is_staff:
        return False
    is_idle = _now() - session.get(SEEN, 0) > STAFF_IDLE.total_seconds()
    return is_idle or (must_take_two_steps(user) and not session.get(IN_TWO_STEPS))


def _now():
    return timezone.now().timestamp()
