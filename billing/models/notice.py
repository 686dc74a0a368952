from datetime import date

from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.choices import TOLD_EACH_TIME, NoticeKind
from cards.calendar import made_up_for
from cards.models.fields import CharField, FactsField
from cards.scope import OwnedQuerySet


class Digest(models.Model):
    """The one mail a day to a customer, with all notices since the last one.

    `due_at` is when it is to be sent, or tried again; whoever sends it moves that ahead first, so that nobody else
    does. None: nothing is left to do, the digest is sent (`sent_at`) or given up, and `problem` says why.
    """

    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="digests", db_index=False, verbose_name=_("customer")
    )
    day = models.DateField(_("day"))
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    problem = CharField(_("delivery error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("digest of notices")
        verbose_name_plural = _("digests of notices")
        ordering = ["-day", "customer"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["customer", "day"], name="one_digest_per_customer_and_day")]
        indexes = [models.Index(fields=["due_at"], name="digest_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.day}"


class Notice(models.Model):
    """Something that a customer is told, once: what, of which card, how far ahead or how much (`step`), of which day.

    `on` is the day that it is about (when service ends, when the cycle began), `step` the days or the per cent.
    `day` is the day that was over when the portal made up for it; else it is empty. What was `outdated` before it could
    be mailed is on record and in no mail.
    """

    customer = models.ForeignKey(
        "cards.Customer", models.PROTECT, related_name="notices", db_index=False, verbose_name=_("customer")
    )
    kind = CharField(_("kind"), max_length=14, choices=NoticeKind)
    card = models.ForeignKey(
        "cards.Card", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("card")
    )
    step = models.PositiveSmallIntegerField(_("step"), default=0)
    on = models.DateField(_("relevant date"))
    facts = FactsField(_("details"), default=dict, blank=True)
    day = models.DateField(_("made up for"), null=True, blank=True, default=made_up_for)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    outdated = models.BooleanField(_("no longer true"), default=False, db_default=False)
    digest = models.ForeignKey(
        Digest, models.PROTECT, null=True, blank=True, related_name="notices", verbose_name=_("digest")
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                "kind",
                "customer",
                Coalesce("card", 0),
                "on",
                "step",
                name="a_notice_is_given_once",
                condition=~models.Q(kind__in=TOLD_EACH_TIME),
            )
        ]
        indexes = [
            models.Index(fields=["customer", "id"], name="notice_customer"),
            models.Index(fields=["kind", "id"], name="notice_kind"),
            models.Index(fields=["customer"], name="notice_undigested", condition=models.Q(digest=None)),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.kind} {self.on}"

    @property
    def given_on(self) -> date:
        """The civil day on which it was given, or would have been."""
        return self.day or timezone.localdate(self.created_at)
