from cards.actions.write import attach_queues
from cards.management.base import PortalCommand, civil_day
from cards.management.documents import THE_END, forecast_document, foreseen
from cards.management.numbers import meant
from cards.management.portraits import forecast_line
from cards.models import Card, PolicyBook


class Command(PortalCommand):
    help = "Says what will happen to a card, when and by which rule, if nothing is done."

    def add_arguments(self, parser):
        parser.add_argument("iccid", metavar="ICCID", help="19 or 20 characters")
        parser.add_argument("--through", metavar="DAY", type=civil_day, help="the last day (default: none)")

    def carry_out(self, iccid, through, json, **options):
        ((_iccid, pk, complaint),) = meant([iccid])
        document = None
        if pk:
            document, complaint = self.foreseen(pk, through or THE_END)
        if complaint:
            self.say(complaint)
        if json:
            self.give(document)
        elif document:
            self.stdout.write("\n".join([document["iccid"], *map(forecast_line, document["forecast"])]))
        return bool(complaint)

    def foreseen(self, pk, through):
        (card,) = attach_queues([Card.objects.get(pk=pk)])
        changes, why = foreseen(card, through, PolicyBook.read())
        return forecast_document(card, changes), why
