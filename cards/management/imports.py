"""What the two import commands share: the file, the dry run, the progress and how the result is printed."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.actions.imports.told import Told, read_defaults, read_mapping
from cards.management.base import PortalCommand
from cards.phrases import pair

COUNT_LABELS = {
    "rows": gettext_lazy("Rows"),
    "created": gettext_lazy("Created"),
    "updated": gettext_lazy("Updated"),
    "unchanged": gettext_lazy("Unchanged"),
    "stale": gettext_lazy("Stale"),
    "quarantined": gettext_lazy("Quarantined"),
}


class ImportCommand(PortalCommand):
    paths = ("file", "mapping")

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="CSV (UTF-8 or GB18030) or XLSX, with a header row")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and write nothing")
        parser.add_argument(
            "--default",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="a column for each row of the file that has no value of its own there; may be given several times",
        )
        parser.add_argument(
            "--mapping", metavar="FILE", help='which column each heading means, as JSON: {"卡号": "iccid"}'
        )

    def imported(self, file, told, dry_run, progress, **options):
        """Do the import, of a file read as `told`; what became of its rows."""
        raise NotImplementedError

    def told(self, default, mapping, unit="", cumulative=False, **options):
        """What the options say of the file."""
        return Told(read_mapping(mapping) if mapping else {}, read_defaults(default), unit or "", cumulative)

    def print_more(self, document):
        """What the document has besides, on stdout."""

    def carry_out(self, file, dry_run, json, **options):
        own = {name: options[name] for name in ("update", "yes") if name in options}
        told = self.told(**options)
        with self.progress(unit=" rows", quiet=json) as bar:

            def progress(expected, done):
                bar.total = max(expected, bar.n + done)
                bar.update(done)

            imported = self.imported(file, told=told, dry_run=dry_run, progress=progress, **own)
        document = imported.in_order()
        if json:
            self.give(document)
        else:
            self.print_report(document, dry_run)
        return self.complained(imported) or bool(document["errors"])

    def complained(self, imported):
        """Say why the whole file was refused; False when it was not."""
        return False

    def print_report(self, document, dry_run):
        for name, label in COUNT_LABELS.items():
            if name in document:
                self.stdout.write(pair(label, document[name]))
        self.print_more(document)
        for error in document["errors"]:
            self.say(_told(error))
        if "errors_left_out" in document:
            self.say(_("{count} more rows with errors.").format(count=document["errors_left_out"]))
        for warning in document["warnings"]:
            self.note(_told(warning))
        if dry_run:
            self.note(_("Dry run: nothing was written."))


def _told(row):
    """What is said of a row, and of which of its columns."""
    sentence = _("Row {row}, {field}: {message}") if row["field"] else _("Row {row}: {message}")
    return sentence.format(**row)
