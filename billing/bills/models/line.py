from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.bills.choices import LineVerdict
from billing.bills.models.bill import Bill
from billing.bills.querysets import BillLineQuerySet
from billing.choices import BillLineKind
from billing.models.fields import MoneyField
from cards.calendar import this_moment
from cards.models.fields import CharField, CodeField


class BillLine(models.Model):
    """A line of a bill, and what it came to; or, without a `number`, what we booked that no bill has.

    `mark` is made of what the line says, so that the same line is one however often the bill is read. Nothing of it is
    left to do from `settled_at` on; `decided_by` is empty where it settled itself.
    """

    bill = models.ForeignKey(Bill, models.CASCADE, related_name="lines", db_index=False, verbose_name=_("bill"))
    mark = CodeField(max_length=64, editable=False)
    number = models.PositiveIntegerField(pgettext_lazy("bill", "line"), null=True, blank=True)
    edition = models.PositiveSmallIntegerField(default=1, editable=False)
    kind = CharField(pgettext_lazy("bill", "about"), max_length=7, choices=BillLineKind)
    reference = CodeField(_("provider's reference"), max_length=64, blank=True)
    key_text = CodeField(_("our number"), max_length=64, blank=True)
    amount = MoneyField(pgettext_lazy("money", "amount"))
    fee = MoneyField(pgettext_lazy("bill", "fee"), default=0)
    at = models.DateTimeField(pgettext_lazy("bill", "time"))
    payment = models.ForeignKey(
        "billing.Payment", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("payment")
    )
    payer_refund = models.ForeignKey(
        "billing.PayerRefund", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("refund")
    )
    unmatched = models.ForeignKey(
        "billing.UnmatchedPayment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("payment to clear"),
    )
    verdict = CharField(_("result"), max_length=13, choices=LineVerdict)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=pgettext_lazy("clearing", "decided by"),
    )
    note = CharField(pgettext_lazy("text", "note"), max_length=200, blank=True)

    objects = BillLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a bill")
        verbose_name_plural = _("lines of bills")
        ordering = ["pk"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["bill", "mark"], name="a_line_of_a_bill_is_kept_once")]
        indexes = [
            models.Index(fields=["reference"], name="bill_line_reference"),
            models.Index(fields=["id"], name="bill_line_open", condition=models.Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return self.reference or self.key_text

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it, or it is still being asked about."""
        return self.settled_at is None

    @property
    def is_known(self) -> bool:
        """Whether it is about a payment or a refund of ours, after which the provider can be asked."""
        return bool(self.payment_id or self.payer_refund_id)


class Payout(models.Model):
    """Money that a provider paid out to the dealer's bank: told by a line of a bill, or recorded by hand.

    The `reference` is the provider's, or the bank's where somebody recorded it. One transfer is posted once.
    """

    account = CodeField(_("payment account"), max_length=16)
    reference = CodeField(_("reference"), max_length=64)
    amount = MoneyField(pgettext_lazy("money", "amount"))
    paid_on = models.DateField(_("received on"))
    line = models.OneToOneField(
        BillLine, models.SET_NULL, null=True, blank=True, related_name="payout", verbose_name=_("line of a bill")
    )
    entry = models.OneToOneField("billing.Entry", models.PROTECT, related_name="payout", verbose_name=_("entry"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=this_moment)

    class Meta:
        verbose_name = _("payout of a provider")
        verbose_name_plural = _("payouts of providers")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["account", "reference"], name="a_payout_is_posted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.reference}"
