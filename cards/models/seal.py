from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.models.fields import CharField


class Seal(models.Model):
    """What a range of rows of a book was when it was sealed: a hash over each of their columns, and the seal before.

    It is over the rows behind the seal before, up to the key `through`. `columns` are those of the book on that day:
    one that comes later is in later seals. Append-only, by the database; its hash stands in the log as well.
    """

    book = CharField(_("book"), max_length=16)
    number = models.PositiveIntegerField(_("number of the seal"))
    through = models.BigIntegerField(_("sealed through"))
    rows = models.PositiveIntegerField(pgettext_lazy("seal", "rows"))
    columns = models.TextField(pgettext_lazy("seal", "columns"))
    sha256 = CharField("SHA-256", max_length=64)
    sealed_at = models.DateTimeField(_("sealed at"))

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["book", "number"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["book", "number"], name="seals_are_numbered")]
        indexes = [models.Index(fields=["book", "sealed_at"], name="seal_by_instant")]

    def __str__(self) -> str:
        return f"{self.book} {self.number}"
