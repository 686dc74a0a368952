"""People who are logged in, for tests of pages."""

import re

from django.contrib.auth.models import Group, User
from django.test import Client

from cards.people import sessions

KEPT_ON_ONE_LINE = re.compile(r'<span class="nowrap">([^<]*)</span>')


def logged_in(user, client=None, in_two_steps=True):
    """Somebody's browser after the login; a session that does not say when it was seen is none of the staff's."""
    client = client or Client()
    client.force_login(user)
    marks = sessions.marks_of(user)
    if any(marks.values()):
        session = client.session
        session.update(marks | {sessions.IN_TWO_STEPS: in_two_steps})
        session.save()
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
