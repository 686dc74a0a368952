from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.models.fields import CharField

LONGEST_TAG = 24
MOST_TAGS = 8


class Tag(models.Model):
    """A word that staff put on cards, to find them again. Its name is what stands on the cards, and stays."""

    name = CharField(_("name"), max_length=LONGEST_TAG, unique=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CardTag(models.Model):
    """The card's tags once more, as rows that a list can be filtered by. Written by the write path."""

    card = models.ForeignKey(
        "cards.Card", models.PROTECT, related_name="tag_rows", db_index=False, verbose_name=_("card")
    )
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="card_rows", db_index=False, verbose_name=_("tag"))

    class Meta:
        verbose_name = _("card tag")
        verbose_name_plural = _("card tags")
        constraints = [models.UniqueConstraint(fields=["card", "tag"], name="a_card_has_a_tag_once")]
        indexes = [models.Index(fields=["tag", "card"], name="cardtag_tag")]

    def __str__(self) -> str:
        return f"{self.card_id} {self.tag_id}"
