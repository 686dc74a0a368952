from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.choices import Carrier, JobKind
from cards.models.fields import CharField, FactsField


class ColumnMapping(models.Model):
    """What somebody said of the columns of a carrier's or customer's files, so that the next one needs no question.

    `told` has the column of each heading, and of usage in which unit the figures are and whether they are totals.
    It counts for files that have these headings. `customer` is a name, evened out: files name customers that are not
    there yet.
    """

    kind = CharField(_("kind"), max_length=16, choices=JobKind)
    carrier = CharField(_("carrier"), max_length=4, choices=Carrier, blank=True)
    customer = CharField(_("customer"), max_length=128, blank=True)
    told = FactsField(_("columns"), default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("said by"))
    at = models.DateTimeField(_("said at"), auto_now=True)

    class Meta:
        verbose_name = _("column mapping")
        verbose_name_plural = _("column mappings")
        ordering = ["kind", "carrier", "customer"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "carrier", "customer"], name="one_mapping_per_carrier_and_customer")
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.carrier, self.customer)))
