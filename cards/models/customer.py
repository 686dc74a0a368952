from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import CustomerKind, MemberRole
from cards.scope import OwnedQuerySet


class CustomerQuerySet(OwnedQuerySet["Customer"]):
    owner_path = "pk"


class Customer(models.Model):
    """Who a card was sold to: an enterprise with a fleet, or a person."""

    name = models.CharField(_("name"), max_length=128, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=CustomerKind, default=CustomerKind.ENTERPRISE)
    contact = models.CharField(_("contact"), max_length=64, blank=True)
    phone = models.CharField(pgettext_lazy("customer", "phone"), max_length=20, blank=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="customers", verbose_name=_("members")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person who acts for a customer, and as what."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="memberships", verbose_name=_("customer"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=8, choices=MemberRole, default=MemberRole.OPERATOR)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["customer", "user"], name="one_membership_per_customer")]

    def __str__(self) -> str:
        return f"{self.user} · {self.customer}"
