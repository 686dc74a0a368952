from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import ServiceState, Switch
from cards.carriers.models.account import CarrierAccount
from cards.models.fields import CharField, CodeField


class SimulatedSim(models.Model):
    """A card at the carrier that the portal plays for the demo: what it is there, and from `due_at` on what it was last
    ordered to be."""

    account = models.ForeignKey(CarrierAccount, models.CASCADE, related_name="+", db_index=False)
    iccid = CodeField(max_length=20)
    service = CharField(max_length=9, choices=ServiceState)
    data = CharField(max_length=3, choices=Switch, default=Switch.ON)
    reason = CharField(max_length=10, blank=True)  # of StopReason
    next_service = CharField(max_length=9, choices=ServiceState, blank=True)
    next_data = CharField(max_length=3, choices=Switch, blank=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("card at the simulated carrier")
        verbose_name_plural = _("cards at the simulated carrier")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["account", "iccid"], name="simulated_once")]

    def __str__(self) -> str:
        return f"{self.iccid} {self.service}"
