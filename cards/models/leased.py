from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.faults import Fault
from cards.models.fields import CharField


class Leased(models.Model):
    """What one worker at a time works on: which, until when, and how often it was tried in vain.

    A worker gives back what a `fault` stopped: without `worker`, `leased_until` is when it is tried again. `deaths` are
    the workers, one after the other, that never gave it back.
    """

    worker = CharField(_("worker"), max_length=64, blank=True)
    leased_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    deaths = models.PositiveSmallIntegerField(_("workers lost"), default=0, db_default=0)
    fault = CharField(_("stopped by"), max_length=8, choices=Fault, blank=True, default="", db_default="")

    class Meta:
        abstract = True
