import uuid
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.choices import LineState, OrderKind, OrderState, RefundState
from billing.models.fields import MoneyField, RateField
from billing.money import ZERO
from billing.querysets import OrderQuerySet, RefundQuerySet
from cards.calendar import this_moment
from cards.choices import Alignment
from cards.models.fields import CharField, StateField, transition
from cards.models.filled import FilledAtOnce


class Order(models.Model):
    """What a customer buys, for one card or for 100,000; django-fsm guards how far it has come.

    A draft knows which cards and which plan (without one, each card's own plan again), and its job says who can and
    who cannot. Placing writes the lines, with all their terms. Paying moves the money, once; the job
    then fulfils line after line. `key` comes with the form, so that the same form sent twice is one order. An order
    without `created_by` was asked for by a rule. `placed_by` is empty too for orders placed before it was kept.
    `note` is the staff's own; `told` is what the customer reads of why an adjustment was made.
    `day` is the civil day for which an automatic renewal was made, whenever that was; other orders are of the day on
    which they were made. Renewals leave out cards that are renewed already, unless somebody wants one more term for
    them (`also_renewed`). What somebody without an account buys for a card (`is_guest`) is its customer's order too,
    and never touches their wallet: it is paid online, and what is given back goes to whoever paid.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="orders", db_index=False, verbose_name=_("customer")
    )
    kind = CharField(_("kind"), max_length=10, choices=OrderKind)
    state = StateField(
        _("state"),
        max_length=9,
        choices=OrderState,
        default=OrderState.DRAFT,
        protected=True,
        editable=False,
        db_index=False,
    )
    plan = models.ForeignKey(
        "cards.Plan", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("plan")
    )
    selection = models.ForeignKey(
        "cards.Selection", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("selection")
    )
    job = models.OneToOneField(
        "cards.Job", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("job")
    )
    size = models.PositiveIntegerField(pgettext_lazy("orders", "lines"), default=0)
    total = MoneyField(pgettext_lazy("orders", "total"), default=ZERO)
    refunded = MoneyField(_("refunded"), default=ZERO)
    also_renewed = models.BooleanField(_("also cards that are renewed already"), default=False, db_default=False)
    is_guest = models.BooleanField(_("bought without an account"), default=False, db_default=False)
    note = CharField(pgettext_lazy("text", "note"), max_length=200, blank=True)
    told = CharField(_("text for the customer"), max_length=200, blank=True, default="", db_default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("placed by")
    )
    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("paid by")
    )
    day = models.DateField(_("civil day"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=this_moment, editable=False)
    placed_at = models.DateTimeField(_("placed at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("payment due by"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("orders", "order")
        verbose_name_plural = pgettext_lazy("orders", "orders")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [
            ("place_order", "place"),
            ("pay_order", "pay"),
            ("refund_order", "refund"),
            ("adjust_order", "adjust"),
        ]
        indexes = [
            models.Index(fields=["customer", "id"], name="order_customer"),
            models.Index(fields=["state", "id"], name="order_state"),
            models.Index(fields=["expires_at"], name="order_expires", condition=models.Q(state=OrderState.PLACED)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refunded=0) | models.Q(refunded__gt=0, refunded__lte=models.F("total")),
                name="no_more_is_refunded_than_was_paid",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """How people call the order: its civil day, and its key."""
        return f"{self.day or timezone.localdate(self.created_at):%Y%m%d}-{self.pk}"

    @property
    def placer(self) -> User | None:
        """Who stands by what the order does to cards; None for the automatic renewal."""
        return self.placed_by or self.created_by

    @property
    def is_draft(self) -> bool:
        return self.state == OrderState.DRAFT

    @property
    def is_being_placed(self) -> bool:
        """Whether somebody has placed it, and its job is at it: a draft until all its lines are written."""
        return self.is_draft and self.job is not None and self.job.is_being_placed

    @property
    def is_placed(self) -> bool:
        return self.state == OrderState.PLACED

    @property
    def is_paid(self) -> bool:
        """Whether its money has moved and not all of it came back."""
        return self.state in (OrderState.PAID, OrderState.FULFILLED)

    @property
    def waits_for_service(self) -> bool:
        """Whether it is paid and the dealer still owes some of it."""
        return self.state == OrderState.PAID

    @property
    def is_worked_on(self) -> bool:
        """Whether its job has something to do: to check the draft, or to serve what is paid."""
        return self.is_draft or self.waits_for_service

    @property
    def leaves_renewed_out(self) -> bool:
        """Whether it sells nothing to cards that have their next term already, queued or on order."""
        return self.kind == OrderKind.RENEWAL and not self.also_renewed

    @property
    def has_open_lines(self) -> bool:
        return self.lines.filter(state=LineState.OPEN).exists()

    @property
    def is_given_back(self) -> bool:
        """Whether every line of it went back."""
        return {*self.lines.values_list("state", flat=True).distinct()} == {LineState.REFUNDED}

    @property
    def is_withdrawn(self) -> bool:
        return self.state == OrderState.WITHDRAWN

    @property
    def is_over(self) -> bool:
        """Whether nothing of it stands any more."""
        return self.state in (OrderState.EXPIRED, OrderState.WITHDRAWN, OrderState.REFUNDED)

    # transitions: each sets the order's own fields, and saves nothing

    @transition(field=state, source=OrderState.DRAFT, target=OrderState.PLACED)
    def place(self, at: datetime, by: User | None, expires_at: datetime | None) -> None:
        """Place the order: its terms are fixed, and it waits to be paid."""
        self.placed_at, self.placed_by, self.expires_at = at, by, expires_at

    @transition(field=state, source=OrderState.PLACED, target=OrderState.PAID)
    def pay(self, at: datetime, by: User | None) -> None:
        """The money has moved; now the dealer owes the service."""
        self.paid_at, self.paid_by = at, by

    @transition(field=state, source=OrderState.PAID, target=OrderState.FULFILLED)
    def fulfil(self, at: datetime) -> None:
        """Every line was fulfilled or refunded."""
        self.ended_at = at

    @transition(field=state, source=OrderState.PLACED, target=OrderState.EXPIRED)
    def expire(self, at: datetime) -> None:
        """Nobody paid in time."""
        self.ended_at = at

    @transition(field=state, source=OrderState.PLACED, target=OrderState.WITHDRAWN)
    def withdraw(self, at: datetime) -> None:
        """Who placed it does not want it any more."""
        self.ended_at = at

    @transition(field=state, source=[OrderState.PAID, OrderState.FULFILLED], target=OrderState.REFUNDED)
    def refund(self, at: datetime) -> None:
        """Nothing of it is left: every line was refunded."""
        self.ended_at = at


class OrderLine(FilledAtOnce):
    """One card of an order (an adjustment has none), with all its terms: no later price touches it.

    `plan` is empty for the sale of a card itself. `seq` is the number of the card's record that fulfilled the line,
    `refused` why it could not be fulfilled. `cost` is what the dealer paid, None where nobody said.
    """

    order = models.ForeignKey(
        Order, models.PROTECT, related_name="lines", db_index=False, verbose_name=pgettext_lazy("orders", "order")
    )
    number = models.PositiveIntegerField(pgettext_lazy("sequence", "number"))
    card = models.ForeignKey(
        "cards.Card", models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("card")
    )
    plan = models.ForeignKey(
        "cards.Plan", models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("plan")
    )
    months = models.PositiveSmallIntegerField(_("months"), null=True, blank=True)
    alignment = CharField(_("alignment"), max_length=11, choices=Alignment, blank=True)
    quota_mb = models.PositiveIntegerField(_("allowance (MB)"), null=True, blank=True)
    unit_price = MoneyField(_("price"))
    cost = MoneyField(_("cost"), null=True, blank=True)
    tax_rate = RateField(_("tax (%)"), default=Decimal(0))
    state = CharField(_("state"), max_length=9, choices=LineState, default=LineState.OPEN)
    seq = models.PositiveIntegerField(_("card record"), null=True, blank=True)
    fulfilled_on = models.DateField(_("fulfilled on"), null=True, blank=True)
    refunded_on = models.DateField(_("refunded on"), null=True, blank=True)
    refused = models.JSONField(_("reason not fulfilled"), null=True, blank=True)
    refund = models.ForeignKey(
        "billing.Refund",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lines",
        db_index=False,
        verbose_name=_("refund"),
    )

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["order", "number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="order_lines_are_numbered"),
            models.UniqueConstraint(fields=["order", "card"], name="one_line_per_card_and_order"),
        ]
        indexes = [
            models.Index(fields=["card", "id"], name="line_card"),
            models.Index(fields=["fulfilled_on", "plan"], name="line_fulfilled"),
            models.Index(fields=["refund"], name="line_of_refund", condition=models.Q(refund__isnull=False)),
            models.Index(
                fields=["state", "card", "order"],
                name="line_opening",
                condition=models.Q(seq=None, state__in=(LineState.FULFILLED, LineState.REFUNDED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.number}"

    @property
    def is_open(self) -> bool:
        return self.state == LineState.OPEN

    @property
    def is_fulfilled(self) -> bool:
        return self.state == LineState.FULFILLED

    @property
    def is_refunded(self) -> bool:
        return self.state == LineState.REFUNDED


class Refund(models.Model):
    """Money given back for lines of a paid order, as long as their service was not used.

    Its job checks first which lines can be given back. `amount` is what the check came to, and in the end what was
    given back. Above the set amount a second person approves it. `reason` is the staff's own; `told` is what the
    customer reads.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="refunds", verbose_name=pgettext_lazy("orders", "order")
    )
    job = models.OneToOneField("cards.Job", models.PROTECT, related_name="+", verbose_name=_("job"))
    state = CharField(_("state"), max_length=8, choices=RefundState, default=RefundState.REQUESTED)
    amount = MoneyField(pgettext_lazy("money", "amount"), default=ZERO)
    reason = CharField(_("reason"), max_length=200)
    told = CharField(_("text for the customer"), max_length=200, blank=True, default="", db_default="")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    asked_at = models.DateTimeField(_("requested at"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.order} {self.amount}"

    @property
    def waits(self) -> bool:
        """Whether somebody has to approve or decline it."""
        return self.state == RefundState.REQUESTED

    @property
    def is_done(self) -> bool:
        """Whether what could be given back is in the wallet."""
        return self.state == RefundState.DONE

    @property
    def is_approved(self) -> bool:
        """Whether its job gives back, or has to go on with it."""
        return self.state == RefundState.APPROVED
