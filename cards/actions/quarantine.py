"""What somebody decides about a reading in quarantine: it is taken, or dropped (`domain.md`, "Usage")."""

from django.db import transaction

from cards.actions.usage import Reading, apply_readings
from cards.actions.write import lock
from cards.calendar import this_moment
from cards.choices import Quarantine
from cards.models import QuarantinedReading


@transaction.atomic
def take(quarantined, *, by):
    """Take a reading as it was told: from now on it is one like any other. False if it does not wait any more."""
    if not _decide(quarantined, Quarantine.TAKEN, by):
        return False
    row = quarantined
    reading = Reading(row.card_id, row.day, row.bytes, row.read_at, row.imei)
    apply_readings([reading], is_trusted=True)
    return True


@transaction.atomic
def drop(quarantined, *, by):
    """Drop a reading: nothing comes of it, also when the same file comes again. False if it does not wait any more."""
    return _decide(quarantined, Quarantine.DROPPED, by)


def _decide(quarantined, status, by):
    lock([quarantined.card_id])  # first, as every import does it
    waiting = QuarantinedReading.objects.waiting().filter(pk=quarantined.pk)
    return bool(waiting.update(status=status, decided_by=by, decided_at=this_moment()))
