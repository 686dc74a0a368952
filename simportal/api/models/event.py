from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cards.models import Customer
from cards.models.fields import CharField, CodeField
from cards.paging import key_in
from cards.scope import OwnedQuerySet
from simportal.api.choices import EventType


class ApiEvent(models.Model):
    """Something that a customer's programs are told, once. `key` says what it is of, so that it is told no second time.

    Of a card's record `seq` is the number. `data` is what is told: identifiers and what changed. `at` is when it
    happened, `created_at` when it was made of the records. Events are made one after the other (`actions.telling`): one
    with a higher key never comes to light before one with a lower key, which so is the place up to which somebody has
    read.
    """

    MARK: ClassVar = "evt_"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    type = CharField(max_length=24, choices=EventType)
    card = models.ForeignKey("cards.Card", models.PROTECT, null=True, related_name="+", db_index=False)
    seq = models.PositiveIntegerField(null=True)
    key = CodeField(max_length=64, unique=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("event for programs")
        verbose_name_plural = _("events for programs")
        default_permissions = ()
        indexes = [models.Index(fields=["customer", "id"], name="api_event_customer")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """How programs know it: `webhook-id` and the place in `GET /events`."""
        return f"{self.MARK}{self.pk}"


class OpenOperation(models.Model):
    """An operation on one card that is not over: once it is, its customer is told."""

    # Records are never deleted, and their table is emptied with what hangs on it or not at all.
    record = models.OneToOneField(
        "cards.CardEvent", models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    looked_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("open operation")
        verbose_name_plural = _("open operations")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.record_id)


class TellingPlace(models.Model):
    """Up to when was told what has no records of its own: everything of this kind (`name`) that ended before `at`."""

    name = CharField(max_length=16, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("place of telling")
        verbose_name_plural = _("places of telling")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


def event_place(text: str) -> int | None:
    """The key that an event's number says; None for what is none."""
    return key_in(text.removeprefix(ApiEvent.MARK)) if text.startswith(ApiEvent.MARK) else None
