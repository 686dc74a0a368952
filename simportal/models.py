from django.db import models
from django.utils import timezone

from cards.models.fields import CharField


class Tick(models.Model):
    """When a bell of the beat table was last answered to the end: the pulse that `/readyz` feels."""

    name = CharField(max_length=100, unique=True)
    finished_at = models.DateTimeField()

    def __str__(self):
        return self.name

    @classmethod
    def record(cls, name):
        cls.objects.update_or_create(name=name, defaults={"finished_at": timezone.now()})

    def age(self):
        """Seconds since then."""
        return (timezone.now() - self.finished_at).total_seconds()


class ResetAsked(models.Model):
    """Somebody who has forgotten a password asks for a link. Whether the address is known is nobody's business here:
    the answer is the same and as quick, because only the worker looks, and sends."""

    email = models.EmailField()
    # Version 0.7 fills and reads these two; nothing else does, and the version after the next drops them.
    host = CharField(max_length=255, db_default="")
    is_secure = models.BooleanField(db_default=True)
    language = CharField(max_length=16)
    asked_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"#{self.pk}"


class ProvenNight(models.Model):
    """The proof of one night: what was sealed and proved on a civil day, and how far it has come.

    It looks at what came `since` an instant, None for everything; `sealed_at` is when all that was there was sealed.
    `part` and `through` say where the next ring goes on. `problems` are the first of them, as `verify` tells them.
    """

    day = models.DateField(primary_key=True)
    since = models.DateTimeField(null=True)
    started_at = models.DateTimeField(auto_now_add=True)
    sealed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    part = models.PositiveSmallIntegerField(default=0)
    through = models.BigIntegerField(default=0)
    cards = models.PositiveIntegerField(default=0)
    problem_count = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ["-day"]

    def __str__(self):
        return str(self.day)
