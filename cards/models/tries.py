from django.conf import settings
from django.db import models

from cards.models.fields import CharField


class Tries(models.Model):
    """How often something was tried in vain, and until when that counts: the rows behind every limit on guessing.

    What is tried (a user's password, an address, a card's claim code) is kept as a keyed hash: a wrong user name is
    often a password typed into the wrong field.
    """

    key = CharField(max_length=64, unique=True, editable=False)
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.count} until {self.until}"


class GuessedAt(models.Model):
    """Somebody guesses at a password: the worker tells its owner. The row is there for a name that nobody has, too, so
    that the answer takes as long."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"#{self.pk}"
