import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import UNMATCHED, ClearingState, NotificationOutcome, PaymentState, PaymentWay
from billing.models.fields import MoneyField
from billing.querysets import UnmatchedPaymentQuerySet
from billing.references import KEY_LENGTH
from cards.models import Customer
from cards.models.fields import CharField, CodeField
from cards.scope import OwnedQuerySet


class Receipt(models.Model):
    """Money that a customer transferred to the dealer's bank, as staff saw it in the bank's statement.

    The bank's `reference` stands as it was typed. Its `reference_key` (`references.reference_key`) is unique, so that
    one transfer is recorded once however its reference is written; when it was recorded wrongly and taken back
    (`reversed_at`), it can be recorded anew. The key is empty on rows of code of before, which does not know it; what
    stood twice under one key when keys came in `repeats` an earlier receipt.
    """

    customer = models.ForeignKey("cards.Customer", models.PROTECT, related_name="receipts", verbose_name=_("customer"))
    reference = CharField(_("bank's reference"), max_length=64)
    reference_key = CodeField(
        _("reference without case and signs"),
        max_length=KEY_LENGTH,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    repeats = models.BooleanField(_("repeats an earlier reference"), default=False, db_default=False, editable=False)
    amount = MoneyField(pgettext_lazy("money", "amount"))
    received_on = models.DateField(_("received on"))
    day_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("date confirmed by"),
    )
    payer = CharField(_("payer"), max_length=128, blank=True)
    note = CharField(pgettext_lazy("text", "note"), max_length=200, blank=True)
    entry = models.OneToOneField("billing.Entry", models.PROTECT, related_name="receipt", verbose_name=_("entry"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    reversed_at = models.DateTimeField(_("reversed at"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-pk"]
        default_permissions = ("add", "view")
        permissions = [("reverse_receipt", "reverse")]
        constraints = [
            models.UniqueConstraint(
                fields=["reference"], name="a_transfer_is_recorded_once", condition=models.Q(reversed_at=None)
            ),
            models.UniqueConstraint(
                fields=["reference_key"],
                name="a_transfer_is_recorded_once_however_written",
                condition=models.Q(reversed_at=None, repeats=False) & ~models.Q(reference_key=""),
            ),
        ]
        indexes = [models.Index(fields=["reference_key"], name="receipt_reference")]

    def __str__(self) -> str:
        return self.reference

    @property
    def number(self) -> str:
        """How people call the receipt: the civil day on which it was recorded, and its key."""
        return f"R{self.recorded_at.astimezone(timezone.get_default_timezone()):%Y%m%d}-{self.pk}"


class Payment(models.Model):
    """A payment through a provider: for an order, or into the wallet. `key` is our number of it there.

    `provider` is the name of the account it goes through. A trial of that account has no customer. `begun` is how it is
    paid, as the provider said (`payments.port.Begun`), empty until it has; `code` is the number by which somebody
    without an account finds their receipt. `provider_reference` is theirs, once they have said that it is paid.
    At `ask_at` the provider is asked what became of it, for the `asked`th time and once more.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "cards.Customer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        verbose_name=_("customer"),
    )
    order = models.ForeignKey(
        "billing.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
        verbose_name=pgettext_lazy("orders", "order"),
    )
    provider = CharField(_("provider"), max_length=16)
    amount = MoneyField(pgettext_lazy("money", "amount"))
    state = CharField(_("state"), max_length=7, choices=PaymentState, default=PaymentState.STARTED)
    provider_reference = CharField(_("provider's reference"), max_length=64, blank=True)
    entry = models.OneToOneField(
        "billing.Entry", models.PROTECT, null=True, blank=True, related_name="payment", verbose_name=_("entry")
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("started by")
    )
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    way = CharField(
        pgettext_lazy("payment", "way"),
        max_length=5,
        choices=PaymentWay,
        default=PaymentWay.PAGE,
        db_default=PaymentWay.PAGE.value,
    )
    begun = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), editable=False)
    code = CodeField(_("receipt number"), max_length=12, null=True, unique=True, editable=False)
    ask_at = models.DateTimeField(null=True, editable=False)
    asked = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    words = CharField(_("provider's words"), max_length=200, blank=True, default="", db_default="", editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("online payment")
        verbose_name_plural = _("online payments")
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["ask_at"], name="payment_to_ask", condition=models.Q(ask_at__isnull=False))]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                name="provider_reference_is_unique",
                condition=~models.Q(provider_reference=""),
            )
        ]

    def __str__(self) -> str:
        return str(self.key)

    @property
    def is_started(self) -> bool:
        """Whether nobody has paid it or called it off."""
        return self.state == PaymentState.STARTED

    @property
    def is_paid(self) -> bool:
        return self.state == PaymentState.PAID

    @property
    def is_of_guest(self) -> bool:
        """Whether somebody without an account pays, who alone gets money back."""
        return self.order is not None and self.order.is_guest

    @property
    def is_trial(self) -> bool:
        """Whether it only tries out the account of a provider, and goes back to whoever paid."""
        return self.customer_id is None

    @property
    def stayed_in_wallet(self) -> bool:
        """Whether it is paid and did not pay its order: it has none, or that was paid before or is over."""
        pays = self.order and self.order.paid_at and self.paid_at and self.order.paid_at >= self.paid_at
        return self.is_paid and not pays


class Notification(models.Model):
    """What a provider told us, and what we made of it. Its `nonce` comes once; a second time is a replay."""

    provider = CharField(_("provider"), max_length=16)
    nonce = CharField(_("nonce"), max_length=128)
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="notifications", verbose_name=_("payment")
    )
    body = models.JSONField(_("content"))
    outcome = CharField(_("outcome"), max_length=16, choices=NotificationOutcome)
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)

    class Meta:
        verbose_name = _("payment notification")
        verbose_name_plural = _("payment notifications")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["provider", "nonce"], name="nonce_comes_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.nonce}"

    @property
    def was_late(self) -> bool:
        """Whether it was refused for its age, as was done before."""
        return self.outcome == NotificationOutcome.LATE


class UnmatchedPayment(models.Model):
    """Money that a provider says, proved, it has taken and that fits no payment: finance decides whose it is.

    `payment_key` is our number of the payment as the provider said it, `payment` the payment of that number, if there
    is one. From the beginning the money stands in suspense (`kept_entry`; rows of before have none). A decision that
    was wrong is taken back (`reopened_at`), and the money stands in the queue anew, as a row of its own.
    """

    provider = CharField(_("provider"), max_length=16)
    reference = CharField(_("provider's reference"), max_length=64)
    payment_key = models.UUIDField(_("key"))
    amount = MoneyField(pgettext_lazy("money", "amount"))
    why = CharField(
        _("why it fits no payment"),
        max_length=16,
        choices=[(outcome.value, outcome.label) for outcome in UNMATCHED],
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="unmatched", verbose_name=_("payment")
    )
    notification = models.ForeignKey(
        Notification, models.PROTECT, related_name="unmatched", verbose_name=_("payment notification")
    )
    came_at = models.DateTimeField(_("received at"))
    state = CharField(_("state"), max_length=8, choices=ClearingState, default=ClearingState.WAITING)
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
    )
    entry = models.OneToOneField(
        "billing.Entry", models.PROTECT, null=True, blank=True, related_name="unmatched", verbose_name=_("entry")
    )
    kept_entry = models.ForeignKey(
        "billing.Entry",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="kept_unmatched",
        verbose_name=_("entry in suspense"),
    )
    reason = CharField(_("reason"), max_length=200, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("clearing", "decided by"),
    )
    decided_at = models.DateTimeField(pgettext_lazy("clearing", "decided at"), null=True, blank=True)
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reopened by")
    )
    reopened_at = models.DateTimeField(_("reopened at"), null=True, blank=True)
    reopen_reason = CharField(_("reason for reopening"), max_length=200, blank=True)

    objects = UnmatchedPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment to clear")
        verbose_name_plural = _("payments to clear")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "reference", "payment_key", "amount"],
                name="money_waits_to_be_cleared_once",
                condition=models.Q(reopened_at=None),
            ),
            models.CheckConstraint(
                condition=models.Q(state=ClearingState.WAITING, decided_at=None)
                | (~models.Q(state=ClearingState.WAITING) & models.Q(decided_at__isnull=False)),
                name="what_is_cleared_was_decided",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ClearingState.ASSIGNED, entry__isnull=False, customer__isnull=False)
                | (~models.Q(state=ClearingState.ASSIGNED) & models.Q(entry=None, customer=None)),
                name="what_is_assigned_is_in_a_wallet",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="unmatched_waiting", condition=models.Q(state=ClearingState.WAITING))
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.reference}"

    @property
    def waits(self) -> bool:
        """Whether nobody has decided about it yet."""
        return self.state == ClearingState.WAITING

    def is_assigned_to(self, customer: Customer) -> bool:
        """Whether it is in this customer's wallet."""
        return self.customer_id == customer.pk and self.reopened_at is None

    @property
    def is_returned(self) -> bool:
        """Whether the payer has it back."""
        return self.state == ClearingState.RETURNED and self.reopened_at is None

    @property
    def is_decided(self) -> bool:
        """Whether there is a decision that was not taken back."""
        return not self.waits and self.reopened_at is None

    @property
    def is_sent_back(self) -> bool:
        """Whether the provider was asked to give it back to the payer."""
        return self.refunds.exists()

    @property
    def can_be_reopened(self) -> bool:
        return self.is_decided and not self.is_sent_back
