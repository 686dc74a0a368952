from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.models.fields import CharField


class DeviceBinding(models.Model):
    """One device that a card was bound to, from a day on (rule 9). The latest row is the card's device."""

    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="bindings", verbose_name=_("card"))
    imei = CharField(_("IMEI"), max_length=16)
    bound_on = models.DateField(_("bound on"))
    is_rebind = models.BooleanField(_("counted as a device change"), default=False)

    class Meta:
        verbose_name = _("device binding")
        verbose_name_plural = _("device bindings")
        ordering = ["card", "pk"]

    def __str__(self) -> str:
        return f"{self.card_id} {self.imei}"
