"""Keys as pages list them. None of them can be shown again: only the public part is known."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cards.calendar import civil_today
from cards.pages.badges import Badge
from cards.phrases import listed, noted
from cards.scope import Scope
from simportal.api.choices import ApiScope
from simportal.api.models import ApiKey


@dataclass(frozen=True)
class KeyLine:
    """A key in a list: `scopes` are the meanings of what it may, `facts` what else is known of it."""

    key: ApiKey
    badge: Badge
    scopes: list[str]
    facts: list[str]
    is_living: bool


def key_lines(keys, *, for_staff=False):
    """The lines of these keys, whose makers were fetched with them; customers read no name of the staff."""
    today = civil_today()
    return [
        KeyLine(
            key,
            _badge(key, today),
            [str(scope.label) for scope in ApiScope if key.may(scope)],
            list(key_facts(key, _maker(key.created_by, for_staff))),
            key.is_living(today),
        )
        for key in keys
    ]


def _badge(key, today):
    if key.revoked_at:
        return Badge(pgettext("API key", "Revoked"), "")
    if not key.is_living(today):
        return Badge(pgettext("API key", "Expired"), "warning")
    return Badge(pgettext("API key", "Valid"), "good")


def key_facts(key, maker=""):
    """From where it is taken, when and by whom it was made, when it was used and when it ends."""
    if key.addresses:
        yield _("only from {addresses}").format(addresses=listed(key.addresses))
    created = _("created {day}").format(day=_day(key.created_at))
    yield noted(created, maker) if maker else created
    yield _("last used {day}").format(day=key.last_used_on) if key.last_used_on else _("never used")
    if key.revoked_at:
        yield _("revoked {day}").format(day=_day(key.revoked_at))
    elif key.expires_on:
        yield _("expires {day}").format(day=key.expires_on)


def _day(at):
    return timezone.localtime(at).date()


def _maker(user, for_staff):
    if not for_staff and (user is None or Scope.of(user).is_staff):
        return _("your dealer")
    return (user.get_full_name() or user.get_username()) if user else ""
