from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import Alignment
from cards.models.fields import CharField


class ServiceTerm(models.Model):
    """A stretch of service that a card has or will have: queued until it starts (rule 5).

    What was bought is copied from the plan, so that a plan changed later touches nothing sold.
    """

    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="terms", db_index=False, verbose_name=_("card"))
    number = models.PositiveSmallIntegerField(pgettext_lazy("sequence", "number"))
    plan = models.ForeignKey("cards.Plan", models.PROTECT, related_name="+", db_index=False, verbose_name=_("plan"))
    months = models.PositiveSmallIntegerField(_("months"))
    alignment = CharField(_("alignment"), max_length=11, choices=Alignment)
    quota_mb = models.PositiveIntegerField(_("allowance per cycle (MB)"))
    bought_on = models.DateField(_("bought on"))
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    service_until = models.DateField(_("first day without service"), null=True, blank=True)

    class Meta:
        verbose_name = _("service term")
        verbose_name_plural = _("service terms")
        ordering = ["card", "number"]
        constraints = [
            models.UniqueConstraint(fields=["card", "number"], name="term_numbers_are_unique"),
            models.CheckConstraint(
                condition=models.Q(starts_on=None, service_until=None)
                | models.Q(service_until__gt=models.F("starts_on")),
                name="term_ends_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(fields=["card"], name="term_queued", condition=models.Q(starts_on=None, number__gt=1)),
            models.Index(
                fields=["plan", "service_until", "card"],
                name="term_plan",
                condition=models.Q(service_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card_id}/{self.number}"


class OrderedTerm(models.Model):
    """A service term that is on its way to a card: ordered, and not queued yet.

    Whoever sells terms writes it with the order, and takes it away once the term is queued or will never come;
    `order_key` and `order_number` are what the order is called there. It counts only while the card is the
    `customer`'s.
    """

    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="+", db_index=False, verbose_name=_("card"))
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="+", db_index=False, verbose_name=_("customer")
    )
    order_key = models.PositiveBigIntegerField(_("key of the order"), db_index=True)
    order_number = CharField(_("number of the order"), max_length=32)
    ordered_on = models.DateField(_("ordered on"))
    is_paid = models.BooleanField(pgettext_lazy("term", "paid"), default=False)
    plan = models.ForeignKey("cards.Plan", models.PROTECT, related_name="+", db_index=False, verbose_name=_("plan"))
    months = models.PositiveSmallIntegerField(_("months"))
    alignment = CharField(_("alignment"), max_length=11, choices=Alignment)
    quota_mb = models.PositiveIntegerField(_("allowance per cycle (MB)"))

    class Meta:
        verbose_name = _("term on order")
        verbose_name_plural = _("terms on order")
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["card", "order_key"], name="one_term_per_card_and_order")]

    def __str__(self) -> str:
        return f"{self.card_id}/{self.order_number}"
