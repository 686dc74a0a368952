from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Order
from cards.models import Customer
from cards.models.fields import CharField


class OrderReference(models.Model):
    """What a customer's program calls an order of theirs: a name that they use once for ever."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    reference = CharField(max_length=64)
    order = models.OneToOneField(Order, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("reference of an order")
        verbose_name_plural = _("references of orders")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["customer", "reference"], name="one_order_of_a_reference")]

    def __str__(self) -> str:
        return self.reference
