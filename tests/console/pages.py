"""People who are logged in, for tests of pages."""

from django.contrib.auth.models import Group, User
from django.test import Client


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
    return response.content.decode()
