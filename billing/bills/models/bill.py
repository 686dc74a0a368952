from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.bills.choices import BillState, kind_label
from billing.bills.querysets import BillQuerySet
from billing.models.fields import MoneyField
from cards.calendar import this_moment
from cards.models.fields import CharField, CodeField


class Bill(models.Model):
    """What a provider says of a civil day of one account: `kind` is the provider's own name for such a bill.

    The same document again changes nothing; another one (`digest`) is a corrected bill, the next `edition`, and is
    compared anew. `read_through` are the lines of the edition that are read. At `next_at` it is fetched, or read on.
    Up to `compared_through` what we booked on the day was looked for in bills.
    """

    account = CodeField(_("payment account"), max_length=16)
    day = models.DateField(pgettext_lazy("calendar", "day"))
    kind = CodeField(_("bill"), max_length=20)
    state = CharField(_("state"), max_length=7, choices=BillState, default=BillState.WANTED)
    words = CharField(_("words"), max_length=200, blank=True)
    digest = CodeField(max_length=64, blank=True, editable=False)
    edition = models.PositiveSmallIntegerField(_("edition"), default=0)
    read_through = models.PositiveIntegerField(default=0, editable=False)
    line_count = models.PositiveIntegerField(pgettext_lazy("bill", "lines"), default=0)
    takings = MoneyField(pgettext_lazy("bill", "payments"), default=0)
    refunds = MoneyField(pgettext_lazy("bill", "refunds"), default=0)
    fees = MoneyField(pgettext_lazy("bill", "fees"), default=0)
    payouts = MoneyField(pgettext_lazy("bill", "payouts"), default=0)
    next_at = models.DateTimeField(null=True, default=this_moment, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    compared_through = models.DateTimeField(null=True, editable=False)
    wanted_at = models.DateTimeField(_("wanted since"), default=this_moment)
    came_at = models.DateTimeField(_("came at"), null=True, blank=True)
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("uploaded by")
    )
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects = BillQuerySet.as_manager()

    class Meta:
        verbose_name = _("bill of a payment provider")
        verbose_name_plural = _("bills of payment providers")
        ordering = ["-day", "account", "kind"]
        default_permissions = ("view",)
        permissions = [("settle_bill", "settle bills of payment providers")]
        constraints = [
            models.UniqueConstraint(fields=["account", "day", "kind"], name="a_bill_of_a_day_is_kept_once"),
        ]
        indexes = [models.Index(fields=["next_at"], name="bill_due", condition=models.Q(next_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.account} {self.day} {self.kind}"

    @property
    def kind_label(self) -> str:
        return kind_label(self.kind)

    @property
    def is_read(self) -> bool:
        """Whether all lines of the present edition are read."""
        return self.state == BillState.READ

    @property
    def is_under_way(self) -> bool:
        """Whether it will still be read, without anybody doing anything."""
        return self.state in (BillState.WANTED, BillState.FETCHED)

    @property
    def has_failed(self) -> bool:
        """Whether it comes no more unless somebody asks for it or uploads it."""
        return self.state == BillState.FAILED

    @property
    def is_corrected(self) -> bool:
        """Whether the provider, or whoever uploaded it, gave another document for the day later."""
        return self.edition > 1


class BillDocument(models.Model):
    """A bill as it came, compressed, until its lines are read: it names payers, of whom we keep nothing."""

    bill = models.OneToOneField(Bill, models.CASCADE, primary_key=True, related_name="document")
    content = models.BinaryField()

    class Meta:
        verbose_name = _("document of a bill")
        verbose_name_plural = _("documents of bills")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.bill_id)


class BillFee(models.Model):
    """What an edition of a bill added to the fees that are posted for its day: all of them, or a correction."""

    bill = models.ForeignKey(Bill, models.PROTECT, related_name="posted_fees")
    edition = models.PositiveSmallIntegerField()
    amount = MoneyField(pgettext_lazy("money", "amount"))
    entry = models.OneToOneField("billing.Entry", models.PROTECT, related_name="bill_fee", verbose_name=_("entry"))

    class Meta:
        verbose_name = _("fees of a bill")
        verbose_name_plural = _("fees of bills")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["bill", "edition"], name="fees_of_an_edition_are_posted_once")]

    def __str__(self) -> str:
        return f"{self.bill_id}:{self.edition}"
