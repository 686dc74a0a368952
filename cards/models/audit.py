from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import ActorKind, AuditAction
from cards.models.fields import CharField, FactsField


class AuditEntry(models.Model):
    """Who changed what people may do and how they get in, or took data out of the house. Append-only, by the database.

    What happens to cards and money has lists of its own. `by` is who did it, `user` and `customer` whom it is about, as
    keys that stay when those go; `about` names them in words. `details` are as `cards.actions.audit.record` was told.
    """

    at = models.DateTimeField(_("time"))
    action = CharField(_("action"), max_length=24, choices=AuditAction)
    actor_kind = CharField(_("actor kind"), max_length=8, choices=ActorKind)
    actor_name = CharField(_("actor"), max_length=150)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    about = CharField(pgettext_lazy("audit", "about"), max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        "cards.Customer", models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    address = CharField(_("visitor's address"), max_length=64)
    details = FactsField(pgettext_lazy("audit", "details"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["actor_name", "id"], name="audit_by_nobody", condition=models.Q(by=None)),
            models.Index(fields=["by"], name="audit_by_actor", condition=models.Q(by__isnull=False)),
            models.Index(fields=["user"], name="audit_by_user", condition=models.Q(user__isnull=False)),
            models.Index(fields=["customer"], name="audit_by_customer", condition=models.Q(customer__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.about}"
