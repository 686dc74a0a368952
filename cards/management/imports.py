"""What the two import commands share: the file, the dry run, the progress and how the result is printed."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.management.base import PortalCommand
from cards.phrases import pair

COUNT_LABELS = {
    "rows": gettext_lazy("Rows"),
    "created": gettext_lazy("Created"),
    "updated": gettext_lazy("Updated"),
    "unchanged": gettext_lazy("Unchanged"),
    "stale": gettext_lazy("Stale"),
}


class ImportCommand(PortalCommand):
    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="CSV (UTF-8 or GB18030) or XLSX, with a header row")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and write nothing")

    def imported(self, file, dry_run, progress, **options):
        """Do the import; what became of the file's rows."""
        raise NotImplementedError

    def carry_out(self, file, dry_run, json, **options):
        own = {name: options[name] for name in ("update",) if name in options}
        with self.progress(unit=" rows", quiet=json) as bar:

            def progress(expected, done):
                bar.total = max(expected, bar.n + done)
                bar.update(done)

            imported = self.imported(file, dry_run=dry_run, progress=progress, **own)
        document = imported.in_order()
        if json:
            self.give(document)
        else:
            self.print_report(document, dry_run)
        return bool(document["errors"])

    def print_report(self, document, dry_run):
        for name, label in COUNT_LABELS.items():
            self.stdout.write(pair(label, document[name]))
        for error in document["errors"]:
            sentence = _("Row {row}, {field}: {message}") if error["field"] else _("Row {row}: {message}")
            self.say(sentence.format(**error))
        if "errors_left_out" in document:
            self.say(_("{count} more rows with errors.").format(count=document["errors_left_out"]))
        if dry_run:
            self.note(_("Dry run: nothing was written."))
