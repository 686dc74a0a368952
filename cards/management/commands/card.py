from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.management.base import PortalCommand, as_json
from cards.management.documents import all_ids, documents
from cards.management.numbers import meant
from cards.management.portraits import portrait


class Command(PortalCommand):
    help = "Shows cards: state, holds, dates, cycle, forecast and record."

    def add_arguments(self, parser):
        parser.add_argument("iccids", metavar="ICCID", nargs="*", help="19 or 20 characters")
        parser.add_argument("--all", action="store_true", help="every card")

    def carry_out(self, iccids, all, json, **options):
        if bool(iccids) == all:
            raise BadInput("", _("Give ICCIDs, or --all."))
        unknown = []
        found = documents(all_ids() if all else self.known(iccids, unknown))
        if not json:
            for card, document in found:
                self.stdout.write(portrait(card, document))
        elif all or len(iccids) > 1:
            self.stream(document for _card, document in found)
        else:
            self.give(next((document for _card, document in found), None))
        return bool(unknown)

    def known(self, iccids, unknown):
        for iccid, pk, complaint in meant(iccids):
            if complaint:
                self.say(complaint)
                unknown.append(iccid)
            else:
                yield pk

    def stream(self, found):
        """An array, written while it is read."""
        before = "["
        for document in found:
            self.stdout.write(before, ending="\n")
            self.stdout.write(as_json(document), ending="")
            before = ","
        self.stdout.write("[]" if before == "[" else "\n]")
