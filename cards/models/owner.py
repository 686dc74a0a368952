from django.db import models
from django.utils.translation import gettext_lazy as _


class KnownOwner(models.Model):
    """Whose a card was at a version, written down once, by a migration, for the cards that were there.

    Records of before name customers without their keys, so the proof of owners begins here for these cards. The key
    stays when the customer goes, as it does in records.
    """

    card = models.OneToOneField(
        "cards.Card", models.CASCADE, primary_key=True, related_name="known_owner", verbose_name=_("card")
    )
    customer = models.ForeignKey(
        "cards.Customer",
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("customer"),
    )
    version = models.PositiveIntegerField(_("version"))

    class Meta:
        verbose_name = _("known card owner")
        verbose_name_plural = _("known card owners")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.card_id}/{self.version}"
