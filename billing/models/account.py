import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.choices import OrderKind
from billing.models.fields import MoneyField, RateField, TaxNumberField
from billing.money import ZERO
from cards.models.fields import CharField

BANK_ACCOUNT_NUMBER = re.compile(r"[0-9]{8,30}")
BETWEEN_DIGITS = re.compile(r"[\s-]")


class CustomerAccount(models.Model):
    """What the books keep of a customer: the wallet, how far it may go below zero, and the agreement.

    `balance` is the sum of the wallet's postings, kept by whoever posts, under a lock of this row. The database
    refuses a balance below the credit limit. `low_below` is where the customer is told that the wallet is low, None
    where nobody is told; `muted` are the kinds of notices that the customer does not want. `guests_may_pay`: whoever
    has a card's label or number may renew it, at the retail price.
    """

    customer = models.OneToOneField(
        "cards.Customer", models.PROTECT, primary_key=True, related_name="account", verbose_name=_("customer")
    )
    tier = models.ForeignKey(
        "billing.PriceTier", models.PROTECT, null=True, blank=True, related_name="accounts", verbose_name=_("tier")
    )
    balance = MoneyField(_("balance"), default=ZERO, editable=False)
    credit_limit = MoneyField(_("credit limit"), default=ZERO, validators=[MinValueValidator(ZERO)])
    low_below = MoneyField(_("low-balance threshold"), null=True, blank=True)
    auto_renews = models.BooleanField(_("auto-renew"), default=False)
    renews_days_ahead = models.PositiveSmallIntegerField(
        _("days before end of term"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    muted = models.JSONField(_("muted notices"), default=list, blank=True)
    tax_number = TaxNumberField(_("taxpayer number"))
    tax_details = CharField(
        _("invoice details"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Address, phone, bank and account, as they stand on the customer's invoices."),
    )

    guests_may_pay = models.BooleanField(
        _("cards can be renewed without an account"),
        default=True,
        db_default=True,
        help_text=_("By the QR code on the label, or by the card number."),
    )

    class Meta:
        verbose_name = _("customer's account")
        verbose_name_plural = _("customers' accounts")
        ordering = ["customer"]
        default_permissions = ("change", "view")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(balance__gte=-models.F("credit_limit")),
                name="wallet_stays_within_its_credit_limit",
                violation_error_message=_("The wallet is already overdrawn beyond this limit."),
            ),
            models.CheckConstraint(condition=models.Q(credit_limit__gte=0), name="credit_limit_is_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.customer)

    @property
    def available(self) -> Decimal:
        """What can be spent: the balance and the credit."""
        return self.balance + self.credit_limit

    @property
    def is_low(self) -> bool:
        return self.low_below is not None and self.balance < self.low_below


class BankAccount(NamedTuple):
    """Where customers transfer money to."""

    bank: str
    name: str
    number: str


class MoneyRules(models.Model):
    """The numbers by which money is handled, and the dealer's bank account; one row, kept in the admin.

    Tax rates are in per cent and contained in the prices. What one person does alone for a customer within
    `second_person_days` may come to `second_person_above`; more needs a second person, who has `approval_days`. Of the
    bank account all is said or nothing; its number is kept in digits.
    `renewal_notice_days` is how many days before an automatic renewal charges the customer is told.
    """

    service_tax_rate = RateField(_("tax on service (%)"), default=Decimal("6.00"))
    goods_tax_rate = RateField(_("tax on cards (%)"), default=Decimal("13.00"))
    second_person_above = MoneyField(_("second approval above"), default=Decimal("1000.00"))
    second_person_days = models.PositiveSmallIntegerField(
        _("added up over (days)"), default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    approval_days = models.PositiveSmallIntegerField(
        _("approval period (days)"), default=7, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    placed_days = models.PositiveSmallIntegerField(
        _("payment period (days)"), default=3, validators=[MinValueValidator(1), MaxValueValidator(90)]
    )
    bank = CharField(
        _("dealer's bank"), max_length=100, blank=True, help_text=_("Customers transfer money to this account.")
    )
    bank_account_name = CharField(_("bank account name"), max_length=100, blank=True)
    bank_account_number = CharField(_("bank account number"), max_length=40, blank=True)
    seller_name = CharField(
        _("seller's name"),
        max_length=128,
        blank=True,
        default="",
        db_default="",
        help_text=_("Printed on receipts, with the tax data below."),
    )
    seller_tax_number = TaxNumberField(_("seller's taxpayer number"))
    seller_address = CharField(_("seller's address"), max_length=200, blank=True, default="", db_default="")
    seller_phone = CharField(_("seller's phone"), max_length=40, blank=True, default="", db_default="")
    renewal_notice_days = models.PositiveSmallIntegerField(
        _("notice before auto-renewal (days)"),
        default=3,
        db_default=3,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )

    guest_tier = models.ForeignKey(
        "billing.PriceTier",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("price tier of the public page"),
        help_text=_("What people without an account pay; without one, the list price."),
    )

    class Meta:
        verbose_name = _("billing settings")
        verbose_name_plural = _("billing settings")
        default_permissions = ("change", "view")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="rules_of_money_are_one_row")]

    def __str__(self) -> str:
        return str(_("Billing settings"))

    def clean(self) -> None:
        number = unicodedata.normalize("NFKC", self.bank_account_number)
        self.bank_account_number = BETWEEN_DIGITS.sub("", number)
        if self.bank_account_number and not BANK_ACCOUNT_NUMBER.fullmatch(self.bank_account_number):
            raise ValidationError(
                {"bank_account_number": _("A bank account number has 8 to 30 digits and no letters.")}
            )
        said = {bool(part) for part in (self.bank, self.bank_account_name, self.bank_account_number)}
        if len(said) > 1:
            raise ValidationError(_("Enter the bank, the account name and the account number, or none of them."))

    def tax_on(self, kind: str) -> Decimal:
        """The rate of what an order of this kind sells."""
        return self.goods_tax_rate if kind == OrderKind.SALE else self.service_tax_rate

    @property
    def seller(self) -> str:
        """The dealer's name on receipts: as it was set, else that of the bank account; empty where neither was."""
        return self.seller_name or self.bank_account_name

    @property
    def bank_account(self) -> BankAccount | None:
        """The dealer's account; None where customers are not told of one."""
        if not self.bank_account_number:
            return None
        return BankAccount(self.bank, self.bank_account_name, self.bank_account_number)

    @classmethod
    def read(cls) -> Self:
        return cls.objects.get()
