"""Readings of more than a card can carry in a day are set aside when they come (`domain.md`, "Usage")."""

from cards.calendar import this_moment
from cards.choices import Quarantine
from cards.models import QuarantinedReading


class Quarantined:
    """The quarantine of some cards on some days, with what readings change about it until it is saved."""

    def __init__(self, cards, days):
        found = QuarantinedReading.objects.filter(card_id__among=[card.pk for card in cards], day__in=days)
        self.newest = {(row.card_id, row.day): row for row in found.order_by("read_at")}
        self.replaced, self.added = [], {}

    def already_said(self, reading):
        """What is to be counted of another reading for the quarantine when as much is in it; nothing if it is news."""
        if self.contradicts(reading):
            return "refused"
        row = self.newest.get((reading.card_id, reading.day))
        return "stale" if row and row.read_at >= reading.read_at else ""

    def contradicts(self, reading):
        """Whether a reading that waits was told at the same instant with other bytes."""
        row = self.newest.get((reading.card_id, reading.day))
        return bool(row) and row.is_waiting and row.read_at == reading.read_at and row.bytes != reading.bytes

    def add(self, reading):
        """Set a reading aside; one of that day that waits is replaced by it."""
        self.end(reading)
        key = reading.card_id, reading.day
        self.newest[key] = self.added[key] = QuarantinedReading(
            card_id=reading.card_id,
            day=reading.day,
            bytes=reading.bytes,
            read_at=reading.read_at,
            imei=reading.imei,
            told_at=this_moment(),
        )

    def end(self, reading):
        """A later reading of its day ends the waiting of one."""
        row = self.newest.get((reading.card_id, reading.day))
        if row and row.is_waiting and row.read_at < reading.read_at:
            row.status = Quarantine.REPLACED
            self.replaced.append(row)

    def save(self):
        QuarantinedReading.objects.bulk_update([row for row in self.replaced if row.pk], ["status"])
        QuarantinedReading.objects.bulk_create(self.added.values())
