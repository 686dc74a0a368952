from cards.management.base import PortalCommand
from cards.phrases import pair
from simportal.api.actions.deliveries import send_due
from simportal.api.actions.telling import tell_news


class Command(PortalCommand):
    help = "Webhooks: events for customers' programs, made and sent."

    def add_arguments(self, parser):
        parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
        work = parts.add_parser("work", help="make the events of what is new, and send what is due, as the worker does")
        work.add_argument("--until-settled", action="store_true", help="end when nothing is due at this moment")

    def carry_out(self, part, **options):
        return getattr(self, f"_{part}")(**options)

    def _work(self, until_settled, json, **options):
        """Once, or until there is nothing new and nothing due at this moment; what is due later is not waited for."""
        events, tries = tell_news(), send_due()
        while until_settled and (more := (tell_news(), send_due())) != (0, 0):
            events, tries = events + more[0], tries + more[1]
        if json:
            self.give({"events": events, "tries": tries})
        else:
            self.stdout.write(pair("events", events))
            self.stdout.write(pair("tries", tries))
