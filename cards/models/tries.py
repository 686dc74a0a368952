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
