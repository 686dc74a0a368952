from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models

from billing.choices import (
    ClearingState,
    OrderKind,
    OrderState,
    PayerRefundState,
    RefundState,
    WithdrawalState,
    WithdrawalWay,
)
from cards.choices import OF_ORDERS, JobStatus, Step
from cards.models import Job, JobChunk, JobStep
from cards.scope import OwnedQuerySet, Scope

if TYPE_CHECKING:  # the models import this module
    from billing.models import Order, PayerRefund, Refund, UnmatchedPayment, Withdrawal  # noqa: F401 -- named in texts


SERVED_WITHIN = timedelta(minutes=10)
UNDER_WAY = (OrderState.DRAFT, OrderState.PLACED, OrderState.PAID)


class OrderQuerySet(OwnedQuerySet["Order"]):
    def within(self, scope: Scope) -> Self:
        """What is seen of these orders in a scope; an adjustment is the staff's alone as long as it is not made, and so
        is what a guest has not paid."""
        not_made = models.Q(kind=OrderKind.ADJUSTMENT) & ~models.Q(state=OrderState.FULFILLED)
        not_paid = models.Q(is_guest=True, paid_at=None)
        return super().within(scope) if scope.sees_all else super().within(scope).exclude(not_made | not_paid)

    def placed(self) -> Self:
        """Orders that wait to be paid, or to be approved."""
        return self.filter(state=OrderState.PLACED)

    def to_pay(self) -> Self:
        """Placed orders that wait for the money of their customer: neither for a second person nor for a guest."""
        return self.placed().filter(is_guest=False).exclude(kind=OrderKind.ADJUSTMENT)

    def under_way(self) -> Self:
        """Orders with which somebody, or the portal, has to go on."""
        return self.filter(state__in=UNDER_WAY)

    def being_served(self) -> Self:
        """Paid orders of which not every line is served, or given back."""
        return self.filter(state=OrderState.PAID)

    def over(self) -> Self:
        return self.exclude(state__in=UNDER_WAY)

    def expired_since(self, instant: datetime) -> Self:
        """Orders that nobody has paid, or approved, in time."""
        return self.filter(state=OrderState.EXPIRED, ended_at__gte=instant)

    def unpaid_at(self, now: datetime) -> Self:
        """Placed orders whose time to be paid is over."""
        return self.filter(state=OrderState.PLACED, expires_at__lte=now)

    def unserved_at(self, now: datetime) -> Self:
        """Orders that are paid and not served: their job failed, or none of its chunks was done for ten minutes."""
        since = now - SERVED_WITHIN
        chunks = JobChunk.objects.filter(job=models.OuterRef("job"))
        lately = chunks.filter(models.Q(done_at__gt=since) | ~models.Q(worker="") & models.Q(leased_until__gt=now))
        stands_still = models.Q(paid_at__lte=since) & ~models.Exists(lately)
        of_jobs = self.filter(state=OrderState.PAID, job__isnull=False)
        return of_jobs.filter(models.Q(job__status=JobStatus.FAILED) | stands_still)

    def stuck(self) -> Self:
        """Orders whose work has failed, or that of a refund of theirs, and with which somebody has to go on."""
        failed = Job.objects.filter(status=JobStatus.FAILED, kind__in=OF_ORDERS)
        refunds = apps.get_model("billing", "Refund")._default_manager.unfinished().filter(job__in=failed)
        own = self.model._default_manager.under_way().filter(job__in=failed)
        return self.filter(pk__in=own.order_by().values("pk").union(refunds.order_by().values("order")))

    def renewing(self, day: date) -> Self:
        """Orders of the automatic renewals of a day that are still being checked or served."""
        at_work = self.filter(state__in=(OrderState.DRAFT, OrderState.PAID), day=day)
        return at_work.filter(job__status__in=(JobStatus.CHECKING, JobStatus.RUNNING)).order_by("pk")

    def beyond_drafts(self) -> Self:
        """Those that were placed, whatever became of them."""
        return self.exclude(state=OrderState.DRAFT)

    def forgotten_at(self, now: datetime) -> Self:
        """Drafts that nobody placed within a day, nor has tried to since."""
        a_day_ago = now - timedelta(days=1)
        tried = JobStep.objects.filter(job=models.OuterRef("job"), step=Step.PLACED, at__gt=a_day_ago)
        return self.filter(~models.Exists(tried), state=OrderState.DRAFT, created_at__lte=a_day_ago)


class RefundQuerySet(models.QuerySet["Refund"]):
    def waiting(self) -> Self:
        """Refunds that somebody has to approve or decline."""
        return self.filter(state=RefundState.REQUESTED)

    def unfinished(self) -> Self:
        """Refunds that wait, or of which not every card has given back yet."""
        return self.filter(state__in=(RefundState.REQUESTED, RefundState.APPROVED))

    def expired_since(self, instant: datetime) -> Self:
        """Refunds that nobody has approved or declined in time."""
        return self.filter(state=RefundState.EXPIRED, decided_at__gte=instant)


class UnmatchedPaymentQuerySet(models.QuerySet["UnmatchedPayment"]):
    def waiting(self) -> Self:
        """What somebody has to decide about."""
        return self.filter(state=ClearingState.WAITING)

    def cleared(self) -> Self:
        """What was decided, right or wrong."""
        return self.exclude(state=ClearingState.WAITING)


class WithdrawalQuerySet(OwnedQuerySet["Withdrawal"]):
    def under_way(self) -> Self:
        """Approved, and not yet where it goes."""
        return self.filter(state=WithdrawalState.APPROVED)

    def to_transfer(self) -> Self:
        """What somebody has to transfer at the bank."""
        return self.under_way().filter(way=WithdrawalWay.BANK)

    def ended(self) -> Self:
        """Paid out, or back in the wallet."""
        return self.exclude(state=WithdrawalState.APPROVED)


class PayerRefundQuerySet(models.QuerySet["PayerRefund"]):
    def under_way(self) -> Self:
        """What waits to be sent, or for the provider."""
        return self.filter(state__in=(PayerRefundState.OPEN, PayerRefundState.SENT))

    def failed(self) -> Self:
        """What waits for a person."""
        return self.filter(state=PayerRefundState.FAILED)

    def ended(self) -> Self:
        """What the payer has, or the wallet has again."""
        return self.exclude(ended_at=None)
