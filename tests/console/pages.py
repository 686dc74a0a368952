"""People who are logged in, for tests of pages."""

import re

from django.contrib.auth.models import Group, User
from django.test import Client

KEPT_ON_ONE_LINE = re.compile(r'<span class="nowrap">([^<]*)</span>')


def logged_in(user):
    client = Client()
    client.force_login(user)
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
