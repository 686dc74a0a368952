"""Whatever a program asks for with an `Idempotency-Key` is done once (draft-ietf-httpapi-idempotency-key-header-07).

The row is written and committed first; then the effect, the answer and the end of the row are one transaction. So a
process that is killed leaves either nothing but a row that another request may take over after a minute, or all of it.
What ends in a fault, a mistake or a limit is not kept: it may be asked again.
"""

import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from simportal.api.errors import Problem
from simportal.api.models import KeptAnswer

TAKEN_OVER_AFTER = timedelta(seconds=60)
KEPT_FOR = timedelta(hours=72)
RETRY_SECONDS = 1


def claim_answer(customer, method, path, key, digest):
    """The row of what is asked: one whose answer is given already, or one that is this caller's to answer.

    `digest` is that of the body. Raises `Problem` where the key was used for something else, or is being answered.
    """
    asked = {"customer": customer, "method": method, "path": path, "key": key}
    taken, now = uuid.uuid4(), timezone.now()
    row = KeptAnswer.objects.filter(**asked).first()
    if row is None:
        try:
            with transaction.atomic():
                return KeptAnswer.objects.create(**asked, digest=digest, taken=taken, taken_at=now)
        except IntegrityError:  # asked twice at the same moment
            row = KeptAnswer.objects.get(**asked)
    if row.digest != digest:
        raise Problem(422, "idempotency_key_reused", _("This Idempotency-Key was used for another request before."))
    if row.is_given:
        return row
    late = KeptAnswer.objects.filter(pk=row.pk, status=None, taken_at__lt=now - TAKEN_OVER_AFTER)
    if not late.update(taken=taken, taken_at=now):
        sentence = _("The first request with this Idempotency-Key is still being answered.")
        raise Problem(409, "in_progress", sentence, headers={"Retry-After": str(RETRY_SECONDS)})
    row.taken = taken
    return row


def lock_answer(row):
    """Within the transaction of the effect: the row, if it is still this caller's to answer.

    Raises `Problem` for who was so late that somebody else took it over.
    """
    mine = KeptAnswer.objects.select_for_update().filter(pk=row.pk, taken=row.taken, status=None).first()
    if mine is None:
        sentence = _("Another request with this Idempotency-Key is being answered.")
        raise Problem(409, "in_progress", sentence, headers={"Retry-After": str(RETRY_SECONDS)})
    return mine


def keep_answer(row, status, headers, body):
    KeptAnswer.objects.filter(pk=row.pk).update(status=status, headers=headers, body=body)


def forget_answer(row):
    """It may be asked again: nothing came of it."""
    KeptAnswer.objects.filter(pk=row.pk, taken=row.taken, status=None).delete()


def forget_old(now, at_once=1_000):
    """Delete what nobody can ask for again; the number of answers."""
    old = KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR).order_by("created_at").values("pk")[:at_once]
    return KeptAnswer.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
