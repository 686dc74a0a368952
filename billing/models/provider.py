import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import PayerRefundCause, PayerRefundState, WithdrawalState, WithdrawalWay
from billing.models.fields import MoneyField
from billing.models.payment import Payment
from billing.querysets import PayerRefundQuerySet, WithdrawalQuerySet
from billing.references import KEY_LENGTH
from cards.calendar import this_moment
from cards.models.fields import CharField, CodeField


class ProviderAccount(models.Model):
    """The dealer's account at a payment provider. Its `name` stands in the address of notifications, and in payments.

    `protocol` is the provider's file in `billing/payments/`. `secrets` are enciphered (`cards/ciphers.py`). `tried_at`
    is when a trial payment last came in by it, as it is set now. `rank` is the order in which payers see them.
    """

    name = CodeField(_("name"), max_length=16, unique=True)
    protocol = CodeField(_("provider"), max_length=10)
    is_on = models.BooleanField(pgettext_lazy("provider account", "in use"), default=False)
    base_url = CharField(pgettext_lazy("network", "address"), max_length=200, blank=True)
    fields = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True, editable=False)
    tried_at = models.DateTimeField(null=True, editable=False)
    rank = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("payment account")
        verbose_name_plural = _("payment accounts")
        ordering = ["rank", "name"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name


class Withdrawal(models.Model):
    """Money out of a customer's wallet, approved by a second person: back to where it came from, or by bank.

    From its approval on it is out of the wallet (`entry`) and owed to the payer. One by bank ends with `end_entry`:
    paid by the transfer of this `bank_reference`, or back in the wallet; one to where it came from, with its last
    refund.
    """

    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="withdrawals", verbose_name=_("customer")
    )
    amount = MoneyField(pgettext_lazy("money", "amount"))
    way = CharField(pgettext_lazy("withdrawal", "way"), max_length=6, choices=WithdrawalWay)
    bank = CharField(_("bank"), max_length=100, blank=True)
    account_name = CharField(_("bank account name"), max_length=100, blank=True)
    account_number = CharField(_("bank account number"), max_length=40, blank=True)
    proposal = models.OneToOneField(
        "billing.Proposal", models.PROTECT, related_name="withdrawal", verbose_name=_("approval request")
    )
    state = CharField(_("state"), max_length=8, choices=WithdrawalState, default=WithdrawalState.APPROVED)
    entry = models.OneToOneField("billing.Entry", models.PROTECT, related_name="withdrawal", verbose_name=_("entry"))
    end_entry = models.OneToOneField(
        "billing.Entry",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="ended_withdrawal",
        verbose_name=_("entry of the end"),
    )
    bank_reference = CharField(_("bank's reference"), max_length=64, blank=True)
    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("paid by")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = WithdrawalQuerySet.as_manager()

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("pay_withdrawal", "pay withdrawals")]
        constraints = [
            models.UniqueConstraint(
                fields=["bank_reference"],
                name="a_transfer_pays_one_withdrawal",
                condition=~models.Q(bank_reference=""),
            )
        ]

    def __str__(self) -> str:
        return f"W{self.pk}"

    @property
    def is_by_bank(self) -> bool:
        return self.way == WithdrawalWay.BANK

    @property
    def is_over(self) -> bool:
        """Whether the money has arrived, or is back in the wallet."""
        return self.state != WithdrawalState.APPROVED

    @property
    def is_to_be_transferred(self) -> bool:
        """Whether somebody has to make the bank transfer."""
        return self.is_by_bank and not self.is_over


class PayerRefund(models.Model):
    """Money that goes back to whoever paid it online, through its provider. `key` is our number of it there.

    It is owed to the payer from the beginning, and leaves the books (`entry`) once the provider says that it is done.
    Money that fits no payment has no `payment`, but its own row. At `ask_at` it is sent or asked about. What the
    provider will not give back is paid by bank (`bank_reference`), or goes back into the wallet that it came out of.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = CharField(_("provider"), max_length=16)
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("payment")
    )
    unmatched = models.ForeignKey(
        "billing.UnmatchedPayment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
        verbose_name=_("payment to clear"),
    )
    withdrawal = models.ForeignKey(
        Withdrawal, models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("withdrawal")
    )
    amount = MoneyField(pgettext_lazy("money", "amount"))
    cause = CharField(_("reason"), max_length=10, choices=PayerRefundCause)
    cause_key = CharField(max_length=64, unique=True, editable=False)
    state = CharField(_("state"), max_length=7, choices=PayerRefundState, default=PayerRefundState.OPEN)
    reference = CharField(_("provider's reference"), max_length=64, blank=True)
    words = CharField(_("provider's words"), max_length=200, blank=True)
    ask_at = models.DateTimeField(null=True, default=this_moment, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    entry = models.OneToOneField(
        "billing.Entry", models.PROTECT, null=True, blank=True, related_name="payer_refund", verbose_name=_("entry")
    )
    created_at = models.DateTimeField(_("created at"), default=this_moment)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("clearing", "decided by"),
    )
    note = CharField(pgettext_lazy("text", "note"), max_length=200, blank=True)
    bank_reference = CharField(_("bank's reference"), max_length=64, blank=True, default="", db_default="")

    objects = PayerRefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund to a payer")
        verbose_name_plural = _("refunds to payers")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("settle_payerrefund", "settle refunds to payers")]
        indexes = [
            models.Index(fields=["ask_at"], name="payer_refund_to_ask", condition=models.Q(ask_at__isnull=False))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["bank_reference"],
                name="a_transfer_pays_one_refund",
                condition=~models.Q(bank_reference=""),
            )
        ]

    def __str__(self) -> str:
        return self.key.hex

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.ended_at is not None

    @property
    def is_paid_back(self) -> bool:
        """Whether the provider has given it back."""
        return self.state == PayerRefundState.DONE

    @property
    def has_failed(self) -> bool:
        """Whether the provider will not give it back, and a person has to decide how."""
        return self.state == PayerRefundState.FAILED

    @property
    def is_out_of_a_wallet(self) -> bool:
        """Whether it may go back into a wallet: a withdrawal came out of one, and a guest's money never was in one."""
        return self.withdrawal_id is not None


class Chargeback(models.Model):
    """Money of an online payment that its provider or the bank has taken back from the dealer, once per `reference`.

    The wallet bears it as far as its balance went, the dealer the rest (`entry`). One that was won is reversed.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="chargebacks", verbose_name=_("payment"))
    amount = MoneyField(pgettext_lazy("money", "amount"))
    reference = CharField(_("reference of the chargeback"), max_length=64)
    reference_key = CodeField(_("reference without case and signs"), max_length=KEY_LENGTH, editable=False)
    reason = CharField(_("reason"), max_length=200)
    entry = models.OneToOneField("billing.Entry", models.PROTECT, related_name="chargeback", verbose_name=_("entry"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded at"), default=this_moment)

    class Meta:
        verbose_name = _("chargeback")
        verbose_name_plural = _("chargebacks")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["payment", "reference_key"], name="a_chargeback_is_recorded_once")
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_won(self) -> bool:
        """Whether the money came back to the dealer."""
        return hasattr(self.entry, "reversed_by")
