from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import RealName, State
from cards.keys import id_number_hash, key_id
from cards.models.fields import CharField


class CheckQuerySet(models.QuerySet["RealNameCheck"]):
    def waiting(self) -> Self:
        """Checks on which nobody has decided yet."""
        return self.filter(status=RealName.SUBMITTED)

    def to_decide(self) -> Self:
        """Those of them that matter: of cards that are not cancelled."""
        return self.waiting().exclude(card__state=State.CANCELLED)

    def in_force(self) -> Self:
        """Those that count for the cards of a person: waiting or approved, and of cards that are not cancelled."""
        return self.filter(status__in=(RealName.SUBMITTED, RealName.APPROVED)).exclude(card__state=State.CANCELLED)


class RealNameCheck(models.Model):
    """One submitted real-name check. The name and number are kept masked, the number also as a keyed hash."""

    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="real_name_checks", verbose_name=_("card"))
    status = CharField(_("status"), max_length=9, choices=RealName, default=RealName.SUBMITTED)
    masked_name = CharField(pgettext_lazy("person", "name"), max_length=64)
    masked_number = CharField(_("ID number"), max_length=32)
    number_hash = CharField(_("ID number hash"), max_length=64, editable=False)
    key_id = CharField(_("key of the hash"), max_length=12, default="", db_default="", editable=False)
    submitted_on = models.DateField(_("submitted on"))
    decided_on = models.DateField(_("decided on"), null=True, blank=True)

    objects = CheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("ID verification")
        verbose_name_plural = _("ID verifications")
        ordering = ["card", "pk"]
        indexes = [
            models.Index(fields=["number_hash"], name="real_name_number"),
            models.Index(fields=["id"], name="real_name_waiting", condition=models.Q(status=RealName.SUBMITTED)),
        ]

    def __str__(self) -> str:
        return f"{self.masked_name} {self.masked_number}"

    @classmethod
    def of_person(cls, name: str, id_number: str, **fields: Any) -> Self:
        """A check of this person, of whom only the masked name and number and a keyed hash are kept."""
        return cls(
            masked_name=mask(name, front=1, back=0),
            masked_number=mask(id_number, front=4, back=2),
            number_hash=id_number_hash(id_number),
            key_id=key_id(),
            **fields,
        )


def mask(text: str, front: int, back: int) -> str:
    """`text` with all but its first and last characters hidden: `张三丰` becomes `张**`."""
    hidden = max(len(text) - front - back, 1)
    return text[:front] + "*" * hidden + (text[-back:] if back and len(text) > front + back else "")
