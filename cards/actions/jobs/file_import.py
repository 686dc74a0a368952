"""What the imports of files have in common: how a file is read, and whoever knows it is asked where it is not clear.

`params` has `told` (`Told`, as it is written), and `of`: the `carrier` and `customer` whose file it is. Once the file
was looked at, `columns` has (heading, column or None, values as examples) of each; `asked` is why somebody is asked
about them, `remarks` are (row, sentence) of what was not taken as it stands there.
"""

from django.utils.translation import gettext as _

from cards.actions.imports.mappings import remember, with_what_is_remembered
from cards.actions.imports.told import Told
from cards.actions.jobs import engine
from cards.choices import JobStatus
from cards.errors import BadInput
from cards.files.headings import NotUnderstood


class FileImport(engine.Kind):
    def open(self, file, told):
        """The file as a `Table`, read as `told`."""
        raise NotImplementedError

    def read(self, job, file, told, alive):
        """Read the whole file for the job; its closed `Table`."""
        raise NotImplementedError

    def prepare(self, job, alive):
        try:
            return self._prepared(job, alive)
        except BadInput as bad:
            job.message = str(bad)[:500]
            job.file.delete(save=False)
            job.file = ""
            return JobStatus.UNREAD

    def _prepared(self, job, alive):
        told = Told.read(job.params.get("told", {}))
        with file_of(job) as file:

            def opened(told):
                file.seek(0)
                return self.open(file, told)

            if not told.mapping:
                told = with_what_is_remembered(job.kind, job.params.get("of", {}), told, opened)
            file.seek(0)
            try:
                table = self.read(job, file, told, alive)
            except NotUnderstood as unclear:
                if not any(column.examples for column in unclear.columns):
                    raise
                _note(job, told, unclear.columns, asked=str(unclear.sentence))
                return JobStatus.ASKING
        _note(job, told, table.filed, remarks=[(row, sentence) for row, _column, sentence in table.remarks()])
        return JobStatus.CHECKING


def answer(job, told, of, user):
    """Say what the columns of the job's file are; it is read anew, and the next one needs no question.

    False when the job has gone on meanwhile; `BadInput` when its file is no longer kept.
    """
    if not job.file:
        raise no_longer_kept()
    params = {name: value for name, value in job.params.items() if name not in ("columns", "asked", "remarks")}
    if not engine.read_anew(job, {**params, "told": told.written(), "of": of}):
        return False
    remember(job.kind, of, told, user)
    return True


def file_of(job):
    """The job's file, open for reading; `BadInput` when it is no longer kept."""
    try:
        return job.file.open("rb")
    except (FileNotFoundError, ValueError):  # deleted, or never there
        raise no_longer_kept() from None


def no_longer_kept():
    return BadInput("", _("The file is no longer kept: upload it again."))


def _note(job, told, columns, **more):
    filed = [[column.heading, column.column, list(column.examples)] for column in columns]
    job.params = {**job.params, "told": told.written(), "columns": filed, **more}
