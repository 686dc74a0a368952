"""What one person does alone is counted, one thing after the other: no two at once go by the same count."""

from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import transaction


@contextmanager
def acting_alone(user):
    """A transaction in which this person does nothing else that is counted.

    Taken before the locks of cards and wallets. Rows that merely name the person do not wait for it.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        yield
