"""People who are logged in, for tests of pages."""

import re

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from cards.people import sessions

KEPT_ON_ONE_LINE = re.compile(r'<span class="nowrap">([^<]*)</span>')


def logged_in(user, client=None, in_two_steps=True):
    """Somebody's browser after the login: with a session such as `sessions.log_in` leaves, written in one go."""
    client, session = client or Client(), SessionStore()
    session.update({auth.SESSION_KEY: str(user.pk), auth.BACKEND_SESSION_KEY: sessions.BACKEND})
    session.update({auth.HASH_SESSION_KEY: user.get_session_auth_hash(), sessions.IN_TWO_STEPS: in_two_steps})
    session.update(sessions.marks_of(user))
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


def of_role(role, username=None):
    """A client of a member of the staff with this role."""
    user = User.objects.create_user(username or role, password="demo", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return logged_in(user)


def superuser():
    return logged_in(User.objects.create_superuser("admin", password="demo"))


def text(response):
    """The page, its sentences in one piece: without the marks at days and amounts that keep them on one line."""
    return KEPT_ON_ONE_LINE.sub(r"\1", response.content.decode())
