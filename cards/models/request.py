import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.choices import RequestStatus
from cards.models.fields import CharField, FactsField
from cards.scope import OwnedQuerySet


class RequestQuerySet(OwnedQuerySet["CardRequest"]):
    def waiting(self) -> Self:
        return self.filter(status=RequestStatus.OPEN)

    def answered(self) -> Self:
        return self.filter(status=RequestStatus.ANSWERED)


class CardRequest(models.Model):
    """What a customer asks the dealer about a card, with what the portal knew of the card at that moment.

    `evidence` is frozen: whoever answers sees what was true when it was asked. `key` comes with the form, so that the
    same form sent twice is one request.
    """

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="requests", db_index=False, verbose_name=_("customer")
    )
    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="requests", verbose_name=_("card"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("submitted by"))
    text = models.CharField(_("question"), max_length=1_000, blank=True)
    evidence = FactsField(_("evidence"), default=dict)
    status = CharField(_("status"), max_length=8, choices=RequestStatus, default=RequestStatus.OPEN)
    answer = models.CharField(_("answer"), max_length=2_000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )
    asked_at = models.DateTimeField(_("submitted at"), auto_now_add=True)
    answered_at = models.DateTimeField(_("answered at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("answer_cardrequest", "answer")]
        indexes = [
            models.Index(fields=["customer", "id"], name="cardrequest_customer"),
            models.Index(fields=["status", "id"], name="cardrequest_status"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status == RequestStatus.OPEN

    @property
    def is_closed(self) -> bool:
        return self.status == RequestStatus.CLOSED
