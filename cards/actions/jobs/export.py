"""An export that is too long to wait for: written to a file in the background, fetched by its owner, then deleted."""

import uuid
from tempfile import TemporaryFile

from django.utils import translation

from cards.actions.jobs.engine import Kind
from cards.actions.kept_files import flush, path_of
from cards.choices import JobKind, JobStatus
from cards.columns.kinds import Format
from cards.exports.stream import dressed, file_blocks, row_blocks
from cards.exports.wanted import cards_of_list, cards_of_selection
from cards.files.writing import BLOCK
from cards.kept import over_at
from cards.models import Job
from cards.models.job import FOLDER_OF_JOBS
from cards.scope import Scope

BEGINNING = "export-"
UNFINISHED = ".part"


def order_export(user, format, file_name, *, query="", selection=None, shown=None):
    """The job that writes this file; the same export asked for again while it is being written is the same job."""
    params = {"format": Format(format).value} | ({"query": query} if query else {})
    params |= {"shown": list(shown)} if shown is not None else {}
    wanted = {"kind": JobKind.EXPORT, "owner": user, "params": params, "selection": selection}
    wanted["language"] = translation.get_language()
    waiting = Job.objects.filter(**wanted, status=JobStatus.PREPARING).first()
    return waiting or Job.objects.create(**wanted, file_name=file_name)


class Export(Kind):
    """Its work is all in `prepare`: there is nothing to check, and nobody has to start it."""

    def prepare(self, job, alive):
        path = path_of(f"{BEGINNING}{job.key}.{suffix_of(job.params['format'])}")
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{path.stem}.*"):
            left.unlink(missing_ok=True)
        cards = cards_to_export(job)
        job.total = cards.count()
        Job.objects.filter(pk=job.pk).update(total=job.total)
        unfinished = path.with_suffix(f".{uuid.uuid4().hex}{UNFINISHED}")
        try:
            _write(unfinished, cards, job, alive)
            flush(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        job.file.name = FOLDER_OF_JOBS + path.name
        job.kept_until = over_at("EXPORT_DAYS")
        return JobStatus.DONE


def cards_to_export(job):
    """The cards to be exported, as its owner may see them at this moment."""
    if job.selection:
        return cards_of_selection(job.selection, job.owner)
    return cards_of_list(job.params.get("query", ""), job.owner)


def suffix_of(format):
    return "xlsx" if format == Format.XLSX else "csv"


def _write(path, cards, job, alive):
    """As fast as the database says it, for nobody can ask it for anything else meanwhile; then the workbook."""
    options = {"format": job.params["format"], "to_staff": Scope.of(job.owner).sees_all}
    options["shown"] = job.params.get("shown")
    with open(path, "wb") as file, TemporaryFile(dir=path.parent) as rows:
        if options["format"] == Format.XLSX:
            rows.writelines(row_blocks(cards, **options))
            alive()
            rows.seek(0)
            for block in dressed(_blocks(rows), **options):
                file.write(block)
                alive()
        else:
            file.writelines(file_blocks(cards, **options))
            alive()


def _blocks(file):
    """The file again, in blocks of whole lines."""
    while block := file.read(BLOCK):
        yield block + file.readline()
