"""Sums that pages show, kept as they change: nobody counts a million cards to say how many are in use.

Whoever changes cards or usage appends in the same transaction what it added and took away; now and then the rows of a
kind are put together into one. So nobody waits for a counter, and the sum is exact at any moment.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import Action, State
from cards.holds import MOST_TEXT
from cards.models.fields import CharField


class StateTally(models.Model):
    """By how many cards a state, with these holds, grew or shrank on a day, and by which action."""

    day = models.DateField(_("day"))
    action = CharField(_("action"), max_length=20, choices=Action)
    state = CharField(_("state"), max_length=9, choices=State)
    holds = CharField(_("holds"), max_length=MOST_TEXT, blank=True)
    cards = models.IntegerField(pgettext_lazy("count", "cards"))

    class Meta:
        verbose_name = _("state count")
        verbose_name_plural = _("state counts")

    def __str__(self) -> str:
        return f"{self.day} {self.action} {self.state} {self.holds} {self.cards:+}"


class CustomerTally(models.Model):
    """By how many cards of a customer a state, with these holds, grew or shrank; kept by a trigger of the cards.

    `is_sum` are rows that were put together already.
    """

    customer = models.ForeignKey(
        "cards.Customer", models.DO_NOTHING, related_name="+", db_constraint=False, verbose_name=_("customer")
    )
    state = CharField(_("state"), max_length=9, choices=State)
    holds = CharField(_("holds"), max_length=MOST_TEXT, blank=True)
    tallied = models.IntegerField(pgettext_lazy("count", "cards"))
    is_sum = models.BooleanField(_("put together"), default=False, db_default=False)

    class Meta:
        verbose_name = _("card count of a customer")
        verbose_name_plural = _("card counts of customers")
        default_permissions = ()
        indexes = [models.Index(fields=["id"], name="customer_tally_appended", condition=models.Q(is_sum=False))]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.state} {self.holds} {self.tallied:+}"


class DayTally(models.Model):
    """By how many cards a day that the figures of the fleet count grew or shrank; kept by triggers of the cards, which
    say what each kind is (`cards/triggers.py`). `is_sum` are rows that were put together already.
    """

    kind = CharField(_("kind"), max_length=10)
    day = models.DateField(_("day"))
    tallied = models.IntegerField(pgettext_lazy("count", "cards"))
    is_sum = models.BooleanField(_("put together"), default=False, db_default=False)

    class Meta:
        verbose_name = _("card count of a day")
        verbose_name_plural = _("card counts of days")
        default_permissions = ()
        indexes = [
            models.Index(fields=["kind", "day"], name="day_tally_kind"),
            models.Index(fields=["id"], name="day_tally_appended", condition=models.Q(is_sum=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day} {self.tallied:+}"


class UsageTally(models.Model):
    """By how many bytes and readings the usage known of a day grew."""

    day = models.DateField(_("day"))
    bytes = models.BigIntegerField(_("bytes"))
    readings = models.IntegerField(_("readings"))

    class Meta:
        verbose_name = _("usage count")
        verbose_name_plural = _("usage counts")

    def __str__(self) -> str:
        return f"{self.day} {self.bytes:+}"


class NotRead(models.Model):
    """A card in use without a reading since yesterday, and when it was last read: `NEVER_READ` if it never was.

    No index of cards has them in this order: each import would write it. So they are kept in a list, which is brought
    in step with the fleet's figures; whoever reads it asks the card too, which may have been read meanwhile.
    """

    card = models.OneToOneField(
        "cards.Card",
        models.DO_NOTHING,
        primary_key=True,
        related_name="not_read",
        db_constraint=False,
        verbose_name=_("card"),
    )
    read_at = models.DateTimeField(_("last read at"))

    class Meta:
        verbose_name = _("card without a recent reading")
        verbose_name_plural = _("cards without a recent reading")
        default_permissions = ()
        indexes = [models.Index(fields=["read_at", "card"], name="not_read_longest")]

    def __str__(self) -> str:
        return f"{self.card_id} {self.read_at}"


class FleetFigures(models.Model):
    """What the dashboard shows and is too dear to count for each visitor: one row, with the instant it is true for."""

    as_of = models.DateTimeField(_("as of"))
    document = models.JSONField(_("figures"), default=dict)

    class Meta:
        verbose_name = _("fleet figures")
        verbose_name_plural = _("fleet figures")

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M}"


class CustomerFigures(models.Model):
    """What the first page shows of a large fleet of one customer, as it was last counted; `asked_at`: when somebody
    looked at it since, for whom it is to be counted anew, or as of when it is.
    """

    customer = models.OneToOneField(
        "cards.Customer",
        models.CASCADE,
        primary_key=True,
        related_name="+",
        db_constraint=False,
        verbose_name=_("customer"),
    )
    as_of = models.DateTimeField(_("counted as of"))
    asked_at = models.DateTimeField(_("looked at"))
    document = models.JSONField(_("what was counted"), default=dict)

    class Meta:
        verbose_name = _("figures of a customer")
        verbose_name_plural = _("figures of customers")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.customer_id} {self.as_of:%Y-%m-%d %H:%M}"
