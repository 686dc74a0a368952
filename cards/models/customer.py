from collections.abc import Sequence
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import ROLES_OF_PEOPLE, CustomerKind, MemberRole
from cards.models.fields import CharField
from cards.names import LONGEST_KEY, is_registered_name, name_key, tidy_name
from cards.scope import OwnedQuerySet, Scope

ENDS_LIKE_REGISTERED = _("Only the names of people who registered here end in “@” and a login.")
REGISTERED_ENDS = _("This person registered here: the name ends in “@” and their login.")


class CustomerQuerySet(OwnedQuerySet["Customer"]):
    owner_path = "pk"

    def living(self) -> Self:
        """Those who were not merged into another one."""
        return self.filter(merged_into=None)

    def being_merged(self) -> Self:
        """Those whose merging is not over: what becomes theirs until its end goes along."""
        return self.exclude(merged_into=None).filter(all_moved_at=None)

    def enterprises_owned(self, scope: Scope) -> Self:
        """The enterprises of which somebody is an owner."""
        return self.filter(pk__in=list(scope.owns), kind=CustomerKind.ENTERPRISE)


class NameKeyField(CharField[str, str]):
    """The customer's name evened out (`names.name_key`), written anew with each save."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = name_key(model_instance.name)  # type: ignore[attr-defined]  # it stands in customers alone
        setattr(model_instance, self.attname, key)
        return key

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class Customer(models.Model):
    """Who a card was sold to: an enterprise with a fleet, or a person.

    `name_key` finds a customer whose name is written otherwise; it is empty on rows of code of before, which does not
    know it. Two customers from before may have the same. A person who `is_registered` made the customer by claiming a
    card, and chose the name; it ends in a mark (`names.registered_name`). Who that was says `registered_by`.
    Who was merged (`cards.actions.merging`) stays as a row: the old name means the customer that has all of theirs, and
    what the books and the records say of them stays true. Nobody is merged into somebody who was merged.
    """

    name = CharField(_("name"), max_length=128, unique=True)
    name_key = NameKeyField(
        _("name without case and blanks"),
        max_length=LONGEST_KEY,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    kind = CharField(_("kind"), max_length=10, choices=CustomerKind, default=CustomerKind.ENTERPRISE)
    is_registered = models.BooleanField(_("registered here"), default=False, db_default=False, editable=False)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("registered by"),
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged_customers",
        verbose_name=_("merged into"),
    )
    merged_at = models.DateTimeField(_("merged at"), null=True, editable=False)
    all_moved_at = models.DateTimeField(_("everything moved at"), null=True, editable=False)
    contact = CharField(_("contact"), max_length=64, blank=True)
    phone = CharField(pgettext_lazy("customer", "phone"), max_length=20, blank=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="customers", verbose_name=_("members")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["name"]
        indexes = [models.Index(fields=["name_key"], name="customer_name_key")]

    def __str__(self) -> str:
        return self.name

    @property
    def now(self) -> "Customer":
        """Who has what was theirs: the customer itself, or the one that it was merged into."""
        return self.merged_into or self

    def clean(self) -> None:
        """Refuse a name that is another customer's but for width, case and blanks, or has a mark that is not theirs.

        One that was there may stay.
        """
        self.name = tidy_name(self.name)
        if Customer.objects.filter(pk=self.pk, name=self.name).exists():
            return
        if is_registered_name(self.name) != self.is_registered:
            raise ValidationError({"name": REGISTERED_ENDS if self.is_registered else ENDS_LIKE_REGISTERED})
        alike = Customer.objects.filter(name_key=name_key(self.name)).exclude(pk=self.pk)
        if other := alike.exclude(name=self.name).first():
            message = _("There is a customer of this name already: %(name)s")
            raise ValidationError({"name": ValidationError(message, params={"name": other.name})})


class MembershipQuerySet(OwnedQuerySet["Membership"]):
    def of_people(self) -> Self:
        """Those that people have: the account of a program is looked after with its key."""
        return self.filter(role__in=ROLES_OF_PEOPLE)


class Membership(models.Model):
    """A person who acts for a customer, or a program that does, and as what."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="memberships", verbose_name=_("customer"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="memberships",
        limit_choices_to={"is_staff": False},
        verbose_name=_("user"),
    )
    role = CharField(_("role"), max_length=8, choices=MemberRole, default=MemberRole.OPERATOR)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["customer", "user"], name="one_membership_per_customer")]

    def __str__(self) -> str:
        return f"{self.user} · {self.customer}"
