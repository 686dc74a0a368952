from django.utils.translation import gettext as _

from cards.carriers.actions import working
from cards.carriers.management.documents import card_documents, drift_documents
from cards.management.base import PortalCommand
from cards.management.numbers import meant
from cards.phrases import listed, pair

MOST_SECONDS = 7 * 24 * 60 * 60


def _seconds(text):
    number = float(text)
    if not 0 < number <= MOST_SECONDS:
        raise ValueError
    return number


class Command(PortalCommand):
    help = "Cards at their carriers: what is wanted, seen and ordered there, and what differs."

    def add_arguments(self, parser):
        parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
        card = parts.add_parser("card", help="cards at their carriers: wanted, seen, orders and differences")
        card.add_argument("iccids", metavar="ICCID", nargs="+", help="19 or 20 characters")
        parts.add_parser("drift", help="the queue of differences")
        work = parts.add_parser("work", help="hear what is wanted, send, ask and fetch, as the background work does")
        work.add_argument("--seconds", type=_seconds, help="for so long; otherwise until nothing is due at this moment")
        work.add_argument("--until-settled", action="store_true", help="end when nothing is due at this moment")

    def carry_out(self, part, **options):
        return getattr(self, f"_{part}")(**options)

    def _card(self, iccids, json, **options):
        """Exit code 1 where a number is of no card."""
        found = list(meant(iccids))
        for _iccid, _pk, complaint in found:
            if complaint:
                self.say(complaint)
        documents = card_documents([pk for _iccid, pk, _complaint in found if pk])
        if not json:
            for document in documents:
                self._tell(document)
        elif len(iccids) > 1:
            self.give(documents)
        else:
            self.give(documents[0] if documents else None)
        return len(documents) < len(found)

    def _work(self, seconds, until_settled, json, **options):
        turns = working.work(seconds, until_settled)
        if json:
            self.give({"turns": turns})

    def _drift(self, json, **options):
        documents = drift_documents()
        if json:
            self.give(documents)
        for document in () if json else documents:
            self._tell(document)
        if not documents:
            self.note(_("Nothing differs."))

    def _tell(self, document):
        self.stdout.write(listed(pair(name, value) for name, value in document.items()))
