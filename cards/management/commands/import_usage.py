from cards.actions.imports.usage_file import import_usage
from cards.management.imports import ImportCommand


class Command(ImportCommand):
    help = "Takes usage readings from a CSV or XLSX file and applies what they cause."

    def imported(self, file, dry_run, progress):
        return import_usage(file, dry_run=dry_run, progress=progress)
