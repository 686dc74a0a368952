from cards.actions.imports.cards_file import import_cards
from cards.management.imports import ImportCommand
from cards.permissions import Actor


class Command(ImportCommand):
    help = "Takes cards from a CSV or XLSX file. Cards that exist are compared, and listed where the file differs."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--update", action="store_true", help="correct cards that exist where the file differs")

    def imported(self, file, told, update, dry_run, progress):
        return import_cards(file, actor=Actor.shell(), told=told, update=update, dry_run=dry_run, progress=progress)
