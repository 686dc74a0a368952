from datetime import timedelta

from billing.choices import OrderState
from cards.scope import OwnedQuerySet


class OrderQuerySet(OwnedQuerySet):
    def unpaid_at(self, now):
        """Placed orders whose time to be paid is over."""
        return self.filter(state=OrderState.PLACED, expires_at__lte=now)

    def forgotten_at(self, now):
        """Drafts that nobody placed within a day."""
        return self.filter(state=OrderState.DRAFT, created_at__lte=now - timedelta(days=1))
