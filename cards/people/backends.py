"""Login by the user name or by the phone, and the password."""

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.db.models import Q

from cards import identifiers
from cards.errors import BadInput


class NameOrPhone(ModelBackend):
    """Django's own backend, which also knows phones. An unknown name takes as long as a wrong password."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        name = username and user_name_of(username)
        return super().authenticate(request, username=name, password=password, **kwargs)

    def get_user(self, user_id):
        """With the person's row: whether the session goes on is asked of it for every page."""
        # Without `first`, which has the database sort what is one: this is asked for every page.
        found = get_user_model().objects.select_related("person").filter(pk=user_id)
        return next(filter(self.user_can_authenticate, found), None)


def user_name_of(typed):
    """The user name that is meant: what was typed, unless it is a phone by which somebody logs in."""
    try:
        number = identifiers.phone(typed)
    except BadInput:
        return typed
    meant = Q(username=typed) | Q(person__phone=number)
    names = list(get_user_model().objects.filter(meant).values_list("username", flat=True))
    return typed if typed in names or not names else names[0]
