"""What is kept no longer than it has to be: each kind of row says after which time what of it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from cards.calendar import add_months, civil_today
from cards.choices import RequestStatus, State
from cards.models import CardRequest, Invitation, RealNameCheck

INVITATIONS_KEPT = timedelta(days=30)
FORGOTTEN_AT_ONCE = 1_000


@dataclass(frozen=True)
class Retention:
    """Rows of a kind whose time is over, and what becomes of them: `forget` gets them as a queryset."""

    name: str
    over: Callable
    forget: Callable


def apply_retention():
    """Forget what is over, some of each kind; how many rows of each. Whoever asks again goes on."""
    forgotten = {}
    for kind in KINDS_KEPT:
        keys = list(kind.over().order_by("pk").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
        forgotten[kind.name] = len(keys)
        if keys:
            kind.forget(kind.over().filter(pk__in=keys))
    return forgotten


def _checks_over():
    """Of cards that were cancelled so long ago that nobody may ask any more who answered for them."""
    last = add_months(civil_today(), -12 * settings.REAL_NAME_YEARS)
    return RealNameCheck.objects.exclude(number_hash="").filter(card__state=State.CANCELLED, card__changed_on__lte=last)


def _requests_over():
    last = timezone.now() - timedelta(days=366 * settings.REQUEST_YEARS)
    return CardRequest.objects.filter(status=RequestStatus.CLOSED, closed_at__lte=last).exclude(text="", answer="")


def _invitations_over():
    last = timezone.now() - INVITATIONS_KEPT
    return Invitation.objects.filter(Q(until__lte=last) | Q(revoked_at__lte=last) | Q(accepted_at__lte=last))


def _sessions_over():
    return Session.objects.filter(expire_date__lte=timezone.now())


KINDS_KEPT = (
    Retention(
        "id_checks",
        _checks_over,
        lambda rows: rows.update(masked_name="", masked_number="", number_hash="", key_id=""),
    ),
    Retention("requests", _requests_over, lambda rows: rows.update(text="", answer="")),
    Retention("invitations", _invitations_over, lambda rows: rows.delete()),
    Retention("sessions", _sessions_over, lambda rows: rows.delete()),
)
