from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.models.fields import CharField


class SavedView(models.Model):
    """A view of the card list under a name: what its address says, for its owner or for everybody."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_views",
        verbose_name=pgettext_lazy("view", "owner"),
    )
    name = CharField(_("name"), max_length=40)
    query = CharField(_("query"), max_length=2_000, blank=True)
    is_shared = models.BooleanField(_("shared with all staff"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_names_are_unique")]

    def __str__(self) -> str:
        return self.name
