from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.management.base import PortalCommand
from simportal import from_sqlite


class Command(PortalCommand):
    help = "Copies a whole portal out of its SQLite file into the empty PostgreSQL database that DATABASE_URL names."
    interrupted = gettext_lazy("Interrupted: nothing was written.")
    paths = ("file",)

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="the portal's SQLite file, such as var/simportal.sqlite3")

    def carry_out(self, file, json, **options):
        from_sqlite.refuse_unless_it_can_be_written()
        with from_sqlite.sqlite_file(file):
            from_sqlite.refuse_unless_it_can_be_read()
            with self.progress(unit=" rows", quiet=json) as bar:
                counts = from_sqlite.copy_all(bar.update)
        if json:
            self.give({"tables": counts, "rows": sum(counts.values())})
        else:
            sentence = _("Copied: {rows} rows of {tables} tables. Now prove them: run `verify`.")
            self.stdout.write(sentence.format(rows=sum(counts.values()), tables=len(counts)))
