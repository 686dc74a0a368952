from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.actions.imports.cards_file import import_cards
from cards.choices import Action
from cards.management.imports import ImportCommand
from cards.permissions import Actor
from cards.phrases import listed, pair


class Command(ImportCommand):
    help = "Takes cards from a CSV or XLSX file. Cards that exist are compared, and listed where the file differs."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--update", action="store_true", help="correct cards that exist where the file differs")
        parser.add_argument(
            "--yes", action="store_true", help="also where the rules will shut cards down or cancel them at once"
        )

    def imported(self, file, told, update, yes, dry_run, progress):
        how = {"update": update, "dry_run": dry_run, "confirmed": yes, "progress": progress}
        return import_cards(file, actor=Actor.shell(), told=told, **how)

    def complained(self, imported):
        if imported.unconfirmed:
            sentence = ngettext(
                "By today the rules would shut down or cancel {count} of these cards: check the dates. Nothing was "
                "written; --yes imports them all the same.",
                "By today the rules would shut down or cancel {count} of these cards: check the dates. Nothing was "
                "written; --yes imports them all the same.",
                imported.unconfirmed,
            )
            self.say(sentence.format(count=f"{imported.unconfirmed:,}"))
        return bool(imported.unconfirmed)

    def print_more(self, document):
        if document["new_customers"]:
            self.stdout.write(pair(_("New customers"), listed(document["new_customers"])))
        for action, count in document["at_once"].items():
            if count:
                self.stdout.write(pair(_("At once, by rule: {action}").format(action=Action(action).label), count))
