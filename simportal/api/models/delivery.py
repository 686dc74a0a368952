from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cards.models.fields import CharField
from cards.models.leased import Leased
from simportal.api.choices import DeliveryOutcome, DeliveryProblem
from simportal.api.models.endpoint import Endpoint
from simportal.api.models.event import ApiEvent


class Delivery(Leased):
    """An event on its way to an endpoint. `due_at` is when it is sent, or sent again; None: nothing is left to do.

    `tried_at`, `ms`, `code` (the HTTP status), `problem` and `answer` (its beginning) are those of the last try.
    """

    MARK: ClassVar = "dl_"

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(ApiEvent, models.CASCADE, related_name="deliveries")
    due_at = models.DateTimeField(null=True)
    outcome = CharField(max_length=9, choices=DeliveryOutcome, blank=True)
    tried_at = models.DateTimeField(null=True)
    ms = models.PositiveIntegerField(null=True)
    code = models.PositiveSmallIntegerField(null=True)
    problem = CharField(max_length=13, choices=DeliveryProblem, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="an_event_is_delivered_once")]
        indexes = [
            models.Index(fields=["endpoint", "due_at", "id"], name="delivery_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """How programs name it."""
        return f"{self.MARK}{self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.due_at is not None
