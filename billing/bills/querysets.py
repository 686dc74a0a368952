from typing import TYPE_CHECKING, Self

from django.db import models

from billing.bills.choices import BillState, LineVerdict

if TYPE_CHECKING:  # the models import this module
    from billing.bills.models import Bill, BillLine  # noqa: F401 -- named in texts


class BillQuerySet(models.QuerySet["Bill"]):
    def to_fetch(self) -> Self:
        """Bills that the provider is to be asked for."""
        return self.filter(state=BillState.WANTED)

    def to_read(self) -> Self:
        """Bills that came, and of which lines are still to be read."""
        return self.filter(state=BillState.FETCHED)

    def under_way(self) -> Self:
        """Bills that will still be read."""
        return self.filter(state__in=(BillState.WANTED, BillState.FETCHED))

    def read(self) -> Self:
        return self.filter(state=BillState.READ)

    def not_read(self) -> Self:
        return self.exclude(state=BillState.READ)


class BillLineQuerySet(models.QuerySet["BillLine"]):
    def of_document(self) -> Self:
        """Lines as they stand in bills, without what we miss there, and without what was retracted."""
        return self.filter(number__isnull=False).exclude(verdict=LineVerdict.RETRACTED)

    def open(self) -> Self:
        """The queue: what does not agree, and nobody has settled."""
        return self.filter(settled_at=None)
