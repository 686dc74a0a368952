"""Who asks: the key that a program shows, what it may, and how often."""

from functools import wraps

from django.utils.translation import gettext_lazy as _
from ninja.security import HttpBearer

from cards.calendar import civil_today
from cards.log_context import note
from cards.visitors import visitor_address
from simportal.api.actions import limits
from simportal.api.actions.keys import is_taken_from, note_use, shown_key
from simportal.api.errors import Problem

ASK_FOR_KEY = {"WWW-Authenticate": 'Bearer realm="simportal"'}


class KeyRequired(HttpBearer):
    """`Authorization: Bearer spk_…`. Whoever shows a living key is its account from then on; no cookie is looked at."""

    def __call__(self, request):
        found = super().__call__(request)
        if found is None:
            raise Problem(401, "key_missing", _("Send your key as “Authorization: Bearer spk_…”."), {}, ASK_FOR_KEY)
        return found

    def authenticate(self, request, token):
        key = shown_key(token)
        if key is None:
            raise Problem(401, "key_unknown", _("There is no such key."), {}, ASK_FOR_KEY)
        note(user=key.user_id)
        if key.revoked_at:
            raise Problem(401, "key_revoked", _("This key was revoked. Make a new one."), {}, ASK_FOR_KEY)
        if not key.is_living(civil_today()):
            raise Problem(401, "key_expired", _("This key has expired. Make a new one."), {}, ASK_FOR_KEY)
        if not is_taken_from(key, visitor_address(request.META)):
            raise Problem(403, "address_not_allowed", _("This key is not taken from your address."))
        request.user = key.user
        request.share = share = limits.take_share(limits.ACTING if is_acting(request) else limits.READING, key.pk)
        if not share.is_open:
            sentence = _("More was asked than this key may. Ask again after {seconds} s.")
            headers = share.headers()
            raise Problem(429, "too_many_requests", sentence.format(seconds=headers["Retry-After"]), {}, headers)
        note_use(key)
        return key


def is_acting(request):
    return request.method not in ("GET", "HEAD")


def needs(*scopes):
    """The view is for keys with one of these scopes."""

    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            demand(request.auth, *scopes)
            return view(request, *args, **kwargs)

        guarded._asks_scopes = scopes
        return guarded

    return decorate


def needs_by_word(*scopes):
    """The view itself demands one of these scopes, by the word for what is asked for: here it is only told."""

    def decorate(view):
        view._asks_scopes = scopes
        return view

    return decorate


def demand(key, *scopes):
    """Raise `Problem` unless the key has one of these scopes."""
    if not any(map(key.may, scopes)):
        sentence = _("This key lacks the permission {scope}. Ask an owner for a key that has it.")
        raise Problem(403, "scope_missing", sentence.format(scope=" / ".join(scopes)), {"scopes": list(scopes)})
