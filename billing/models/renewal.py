import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import MissedWhy
from billing.models.fields import MoneyField
from cards.calendar import this_moment
from cards.choices import DayStep
from cards.models.fields import CharField


class CardRenewal(models.Model):
    """What was said of one card's automatic renewal, whatever its customer has set for all: on or off.

    It was said for the `customer` whose card it was then; nobody else's wallet is bound by it.
    """

    card = models.OneToOneField(
        "cards.Card", models.PROTECT, primary_key=True, related_name="renewal", verbose_name=_("card")
    )
    customer = models.ForeignKey("cards.Customer", models.PROTECT, related_name="+", verbose_name=_("customer"))
    is_on = models.BooleanField(_("auto-renew"))
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("set by"))
    said_at = models.DateTimeField(_("set at"), default=this_moment)

    class Meta:
        verbose_name = _("card auto-renewal")
        verbose_name_plural = _("card auto-renewals")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.card_id} {self.is_on}"


class RenewedTerm(models.Model):
    """That a card's term was renewed by itself: it happens once per term, whatever becomes of it afterwards."""

    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="+", db_index=False, verbose_name=_("card"))
    term = models.PositiveSmallIntegerField(_("current term"))
    order = models.ForeignKey(
        "billing.Order", models.PROTECT, related_name="renewed_terms", verbose_name=pgettext_lazy("orders", "order")
    )

    class Meta:
        verbose_name = _("auto-renewed term")
        verbose_name_plural = _("auto-renewed terms")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["card", "term"], name="a_term_renews_itself_once")]

    def __str__(self) -> str:
        return f"{self.card_id}/{self.term}"


class MissedRenewal(models.Model):
    """That a card's term was to renew itself and did not, and why: what staff have to look at.

    It is kept anew each day on which it is tried in vain: `since` is the first of them, `refused` what stood in the
    way on the last. What is made of it (the card renewed, its switch turned off, its term over) is not written here:
    a row counts as long as the term is still to be renewed.
    """

    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="+", db_index=False, verbose_name=_("customer")
    )
    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="+", verbose_name=_("card"))
    term = models.PositiveSmallIntegerField(_("current term"))
    plan = models.ForeignKey("cards.Plan", models.PROTECT, related_name="+", verbose_name=_("plan"))
    why = CharField(_("reason"), max_length=11, choices=MissedWhy)
    refused = models.JSONField(_("reason not renewed"))
    since = models.DateField(_("since"))
    ends_on = models.DateField(_("service until"))

    class Meta:
        verbose_name = _("missed auto-renewal")
        verbose_name_plural = _("missed auto-renewals")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["customer", "card", "term"], name="a_missed_term_stands_once")]
        indexes = [models.Index(fields=["ends_on", "id"], name="missed_renewal_ends")]

    def __str__(self) -> str:
        return f"{self.card_id}/{self.term} {self.why}"


class AnnouncedRenewal(models.Model):
    """What a customer was told of the automatic renewal of a card's term before it charged.

    `announced_on` is the day on which its charge was announced, None as long as it was not; `price` the last price
    that was named, None where nothing could be sold.
    """

    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="+", db_index=False, verbose_name=_("customer")
    )
    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="+", db_index=False, verbose_name=_("card"))
    term = models.PositiveSmallIntegerField(_("current term"))
    announced_on = models.DateField(_("announced on"), null=True, blank=True)
    price = MoneyField(_("price"), null=True, blank=True)

    class Meta:
        verbose_name = _("announced auto-renewal")
        verbose_name_plural = _("announced auto-renewals")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["card", "term", "customer"], name="a_term_is_announced_once")]

    def __str__(self) -> str:
        return f"{self.card_id}/{self.term}"


class LastLook(models.Model):
    """As of which day a step of a day last looked at all cards, and what it knew then: the keys of the newest change of
    terms and of the newest sum of usage, and when it last asked who has used much.
    """

    step = CharField(pgettext_lazy("of a day", "step"), max_length=10, choices=DayStep, primary_key=True)
    day = models.DateField(_("day"))
    terms = models.BigIntegerField(_("newest change of terms"))
    usage = models.BigIntegerField(_("newest sum of usage"))
    usage_at = models.DateTimeField(_("usage heard at"))

    class Meta:
        verbose_name = _("last look at all cards")
        verbose_name_plural = _("last looks at all cards")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.step} {self.day}"


class RenewalRun(models.Model):
    """That a customer had something to renew by itself on a day: the order it became, and whether the money sufficed.

    `key` is that of its order, so that it is drafted once. `order` has the cards that were renewed, and stays empty
    where none was. `is_short` says that the money did not suffice for some.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="renewal_runs", db_index=False, verbose_name=_("customer")
    )
    day = models.DateField(_("day"))
    order = models.OneToOneField(
        "billing.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="run",
        verbose_name=pgettext_lazy("orders", "order"),
    )
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    is_short = models.BooleanField(_("insufficient funds"), default=False)

    class Meta:
        verbose_name = _("auto-renewal run")
        verbose_name_plural = _("auto-renewal runs")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["customer", "day"], name="one_run_per_customer_and_day")]
        indexes = [models.Index(fields=["id"], name="renewal_run_open", condition=models.Q(finished_at=None))]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.day}"
