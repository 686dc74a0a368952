from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.models.fields import CharField


class StagedFile(models.Model):
    """A usage file on its way into the portal: staged first, then applied range by range of cards.

    `told_on` is the civil day on which applying it began: for all of its readings, that is the day on which the portal
    is told. `stale` is how many of its rows the file itself replaces. The figures of a cumulative file are totals of
    the carrier's cycle, which begin anew with a new SIM where the file names SIMs; of a file that tells no instant, a
    day that has the same bytes already is unchanged.

    `last_card`, `taken_through` and the outcomes but `stale` were kept by version 0.14, which took the cards one after
    the other: through `taken_through` they are done. Without `last_card` it takes none.
    """

    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    kept_until = models.DateTimeField(_("kept until"))
    rows = models.PositiveIntegerField(_("rows"), default=0)
    last_card = models.BigIntegerField(_("last card"), null=True)
    taken_through = models.BigIntegerField(_("processed through card"), default=0)
    told_on = models.DateField(_("told on"), null=True)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    stale = models.PositiveIntegerField(_("stale"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0, db_default=0)
    quarantined = models.PositiveIntegerField(_("quarantined"), default=0, db_default=0)
    is_cumulative = models.BooleanField(_("cumulative figures"), default=False, db_default=False)
    tells_no_instant = models.BooleanField(_("tells no time of reading"), default=False, db_default=False)
    names_sims = models.BooleanField(_("names cards by ICCID"), default=True, db_default=True)

    class Meta:
        verbose_name = _("staged file")
        verbose_name_plural = _("staged files")

    def __str__(self) -> str:
        return f"{self.pk} {self.started_at:%Y-%m-%d %H:%M}"


class StagedReading(models.Model):
    """One row of a usage file, read and found to be of a card.

    On PostgreSQL the table is not logged: what is staged can be staged again, and a server that crashes empties it.
    """

    pk = models.CompositePrimaryKey("file_id", "card_id", "day", "number")
    file = models.ForeignKey(StagedFile, models.DO_NOTHING, db_constraint=False, db_index=False, verbose_name=_("file"))
    card_id = models.BigIntegerField(_("card"))
    day = models.DateField(_("day"))
    number = models.IntegerField(_("row"))
    bytes = models.BigIntegerField(_("bytes"))
    read_at = models.DateTimeField(_("read at"))
    imei = CharField(_("IMEI"), max_length=16, blank=True)

    class Meta:
        verbose_name = _("staged reading")
        verbose_name_plural = _("staged readings")

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"


class RefusedRow(models.Model):
    """One row of a usage file that cannot be applied, and why, in the language of whoever brought the file.

    A warning is about a row that was taken all the same, but not with all that stands in it.
    """

    file = models.ForeignKey(StagedFile, models.CASCADE, db_index=False, related_name="+", verbose_name=_("file"))
    number = models.IntegerField(_("row"))
    field = CharField(_("column"), max_length=20, blank=True)
    message = models.TextField(_("why"))
    is_warning = models.BooleanField(_("warning"), default=False, db_default=False)

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        indexes = [models.Index(fields=["file", "number"], name="refused_row_of_file")]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number} {self.field}"
