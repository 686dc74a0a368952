from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import OF_CUSTOMERS, Account, EntryKind
from billing.models.fields import MoneyField
from cards.choices import ActorKind
from cards.models.fields import CharField


class Entry(models.Model):
    """One thing that happened to money. Its postings sum to zero, and nobody ever changes or deletes it.

    `key` says what it is the entry of (`pay:17`), so that nothing is entered twice. The postings are written first
    and the entry after them: with it they are complete, and the database lets it in only if they sum to zero, and
    no posting once it is there. What is nobody's (a provider's fee, money that fits nothing) has no customer. `memo` is
    the staff's own; `told` is what the customer reads of why.
    """

    key = CharField(_("key"), max_length=64, primary_key=True)
    kind = CharField(_("kind"), max_length=10, choices=EntryKind)
    customer = models.ForeignKey(
        "cards.Customer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        db_index=False,
        verbose_name=_("customer"),
    )
    order = models.ForeignKey(
        "billing.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="entries",
        verbose_name=pgettext_lazy("orders", "order"),
    )
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    booked_on = models.DateField(_("posting date"))
    booked_at = models.DateTimeField(_("posted at"))
    actor_kind = CharField(_("actor kind"), max_length=8, choices=ActorKind)
    actor_name = CharField(_("actor"), max_length=150)
    memo = CharField(_("memo"), max_length=200, blank=True)
    told = CharField(_("text for the customer"), max_length=200, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ["booked_at"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["customer", "booked_on"], name="entry_of_customer")]

    def __str__(self) -> str:
        return self.key


class Posting(models.Model):
    """What an entry does to one account: `amount` is credit where it is positive, debit where it is negative.

    So a wallet holds the sum of its postings, revenue is positive, and cash is the negative of its sum. `balance` is
    the wallet's after this posting, for the running balance of a statement; other accounts have none.
    """

    entry_id: str  # which the type checker does not see of a key of our own kind of field
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings", verbose_name=_("entry"))
    account = CharField(pgettext_lazy("ledger", "account"), max_length=11, choices=Account)
    customer = models.ForeignKey(
        "cards.Customer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="postings",
        db_index=False,
        verbose_name=_("customer"),
    )
    amount = MoneyField(pgettext_lazy("money", "amount"))
    balance = MoneyField(_("balance"), null=True)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ["pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["customer", "account", "id"], name="posting_of_customer")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(account__in=OF_CUSTOMERS, customer__isnull=False)
                | ~models.Q(account__in=OF_CUSTOMERS) & models.Q(customer=None),
                name="customers_accounts_name_the_customer",
            ),
            models.CheckConstraint(condition=~models.Q(amount=0), name="posting_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.account} {self.amount:+}"
