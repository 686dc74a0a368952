from datetime import timedelta

from django.db import models

from billing.choices import OrderState, RefundState
from cards.scope import OwnedQuerySet


class OrderQuerySet(OwnedQuerySet):
    def placed(self):
        """Orders that wait to be paid, or to be approved."""
        return self.filter(state=OrderState.PLACED)

    def unpaid_at(self, now):
        """Placed orders whose time to be paid is over."""
        return self.filter(state=OrderState.PLACED, expires_at__lte=now)

    def forgotten_at(self, now):
        """Drafts that nobody placed within a day."""
        return self.filter(state=OrderState.DRAFT, created_at__lte=now - timedelta(days=1))


class RefundQuerySet(models.QuerySet):
    def waiting(self):
        """Refunds that somebody has to approve or decline."""
        return self.filter(state=RefundState.REQUESTED)
