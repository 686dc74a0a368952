"""Devices on which somebody has logged in before: strangers who guess at the account do not slow them down.

A device shows a cookie that is signed for one person and one password, and opens nothing by itself
(https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse

from cards.links import portal_link
from cards.people.accounts import named_in

PREFIX = "device_"
KNOWN_FOR, LINK_LASTS = timedelta(days=365), timedelta(days=1)


def device_of(request, user_name):
    """Under which name the tries of this device count; None if nobody of this user name has logged in on it."""
    if not any(name.startswith(PREFIX) for name in request.COOKIES):
        return None
    user = get_user_model().objects.filter(username=user_name).first()
    return device_in(request.COOKIES.get(f"{PREFIX}{user.pk}", ""), user, KNOWN_FOR) if user else None


def with_cookie(response, user, device=None):
    """The answer, with the cookie by which this person's browser is known from now on."""
    response.set_cookie(
        f"{PREFIX}{user.pk}",
        device_token(user, device),
        max_age=KNOWN_FOR,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def device_token(user, device=None):
    """A device of this person, as nobody else can write it; a new one, or one that has been read."""
    return signing.dumps(device or secrets.token_urlsafe(16), salt=_salt(user))


def device_in(text, user, within):
    """The device that is written there; None if it is not this person's, or was written longer ago, or before the
    password was changed."""
    try:
        return signing.loads(text, salt=_salt(user), max_age=within)
    except signing.BadSignature:
        return None


def link_to_log_in(user):
    """Where the owner of an account makes the device at hand a known one, while strangers guess."""
    return portal_link("account:known-device", secret=f"{user.pk}:{device_token(user)}")


def of_link(secret):
    """(user, device) of a link's secret; None for both once it is too old, or if it is none."""
    user, token = named_in(secret)
    device = device_in(token, user, LINK_LASTS) if user else None
    return (user, device) if device else (None, None)


def _salt(user):
    return f"cards.device.{user.pk}.{user.password}"
