"""What is asked of this room's rows, by name."""

from typing import Any, Self

from django.db.models import QuerySet

from cards.carriers.choices import DriftState


class DriftQuerySet(QuerySet[Any]):
    def open(self) -> Self:
        """Those that nobody has settled yet."""
        return self.filter(state=DriftState.OPEN)
