from cards.actions.imports.told import UNITS_IN_BYTES
from cards.actions.imports.usage_file import import_usage
from cards.management.imports import ImportCommand


class Command(ImportCommand):
    help = "Takes usage readings from a CSV or XLSX file and applies what they cause."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--unit", choices=UNITS_IN_BYTES, help="of the figures, where the file does not say it")
        parser.add_argument(
            "--cumulative", action="store_true", help="the figures are totals of the carrier's cycle up to their day"
        )

    def imported(self, file, told, dry_run, progress):
        return import_usage(file, told=told, dry_run=dry_run, progress=progress)
