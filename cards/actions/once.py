"""What a form asks for is made once: by its key, also when it is sent twice at the same moment."""

import uuid

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction


class AnothersForm(PermissionDenied):
    """The key is that of a form of somebody else's."""


def once(model, key, make, column="key", **whose):
    """What `make(key)` makes, in a transaction of its own; or what was made with this key before.

    `whose` are the columns that say whose form it was. Raises `AnothersForm` for the key of somebody else's form,
    of which nothing is handed out. Without a key (None) it is a new thing each time.
    """
    if not key:
        with transaction.atomic():
            return make(uuid.uuid4())
    made = model.objects.filter(**{column: key})
    if known := made.filter(**whose).first():
        return known
    try:
        with transaction.atomic():
            return make(key)
    except IntegrityError:
        if known := made.filter(**whose).first():  # sent twice at the same moment
            return known
        if made.exists():
            raise AnothersForm from None
        raise
