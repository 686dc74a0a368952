import uuid
from datetime import date, datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import Deed, ProposalState
from billing.models.fields import MoneyField
from cards.calendar import civil_today, this_moment
from cards.models.fields import CharField


class DoneAloneQuerySet(models.QuerySet["DoneAlone"]):
    def counting(self, day: date, days: int) -> Self:
        """What counts on a day: that of the `days` days which end with it."""
        return self.filter(on__gt=day - timedelta(days=days), on__lte=day)


class DoneAlone(models.Model):
    """What one person did with money without a second one. It counts for some days, and is never changed or deleted.

    `customer` is empty for prices that are not for one customer. `amount` is what counts: never below zero, whichever
    way the money went. One of the references says what it was.
    """

    deed = CharField(_("kind"), max_length=10, choices=Deed)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    amount = MoneyField(pgettext_lazy("money", "amount"))
    on = models.DateField(_("done on"), default=civil_today)
    order = models.ForeignKey(
        "billing.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("orders", "order"),
    )
    refund = models.ForeignKey(
        "billing.Refund", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refund")
    )
    receipt = models.ForeignKey(
        "billing.Receipt", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("receipt")
    )
    unmatched = models.ForeignKey(
        "billing.UnmatchedPayment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("payment to clear"),
    )
    chargeback = models.ForeignKey(
        "billing.Chargeback",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("chargeback"),
    )
    change = models.ForeignKey(
        "billing.TermsRecord",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("terms", "change"),
    )

    objects = DoneAloneQuerySet.as_manager()

    class Meta:
        verbose_name = _("deed of one person")
        verbose_name_plural = _("deeds of one person")
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["by", "customer", "on"], name="done_alone_by")]
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="done_alone_counts")]

    def __str__(self) -> str:
        return f"{self.deed} {self.amount}"


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def waiting(self) -> Self:
        """What somebody has to approve or decline."""
        return self.filter(state=ProposalState.REQUESTED)

    def approved(self) -> Self:
        return self.filter(state=ProposalState.APPROVED)

    def expired_since(self, instant: datetime) -> Self:
        """What nobody has approved or declined in time."""
        return self.filter(state=ProposalState.EXPIRED, decided_at__gte=instant)


class Proposal(models.Model):
    """What one person wants to do with money, and may not do alone: it is done once a colleague approves it.

    `subject` names what it is about, of which only one thing waits at a time. `before` and `after` are what would be
    changed, as `TermsRecord` has it; a receipt has only what would be recorded. `because` is empty where the sum is
    the reason. `receipt` is the one that would be reversed, or that was recorded in the end.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    deed = CharField(_("kind"), max_length=10, choices=Deed)
    subject = CharField(_("subject"), max_length=300)
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, null=True, blank=True, related_name="proposals", verbose_name=_("customer")
    )
    amount = MoneyField(pgettext_lazy("money", "amount"))
    because = CharField(_("reason for the approval"), max_length=10, blank=True)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    receipt = models.ForeignKey(
        "billing.Receipt", models.PROTECT, null=True, blank=True, related_name="proposals", verbose_name=_("receipt")
    )
    state = CharField(_("state"), max_length=8, choices=ProposalState, default=ProposalState.REQUESTED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    asked_at = models.DateTimeField(_("requested at"), default=this_moment)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval request")
        verbose_name_plural = _("approval requests")
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["state", "asked_at"], name="proposal_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                name="one_proposal_waits_per_subject",
                condition=models.Q(state=ProposalState.REQUESTED),
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def waits(self) -> bool:
        """Whether somebody has to approve or decline it."""
        return self.state == ProposalState.REQUESTED

    @property
    def is_approved(self) -> bool:
        return self.state == ProposalState.APPROVED


class TermsRecord(models.Model):
    """One change of what money is reckoned by: who, when, before and after. Never changed or deleted.

    `before` and `after` have the same names: of the agreement the fields that changed, of a price `amount` (what was
    paid until then, and from `price.valid_from` on), of the billing settings their fields. Amounts are texts (`12.50`),
    a tier is its name. `by` wanted it, `approved_by` is the second person where it took one.
    """

    deed = CharField(_("kind"), max_length=10, choices=Deed)
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    price = models.OneToOneField(
        "billing.Price", models.PROTECT, null=True, blank=True, related_name="change", verbose_name=_("price")
    )
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    at = models.DateTimeField(_("changed at"), default=this_moment)

    class Meta:
        verbose_name = _("change of terms")
        verbose_name_plural = _("changes of terms")
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["customer", "id"], name="terms_of_customer")]

    def __str__(self) -> str:
        return f"{self.deed} {self.at:%Y-%m-%d}"
