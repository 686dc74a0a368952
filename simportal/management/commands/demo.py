import logging
import sys
from contextlib import contextmanager
from functools import partial

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.calendar import civil_today
from cards.choices import State
from cards.errors import BadInput
from cards.management.base import PortalCommand
from cards.models import Card
from simportal.demo import DAYS_OF_HISTORY, fill_database

MOST_CARDS = 100_000


class Command(PortalCommand):
    help = "Fills an empty database with a believable dealer, through the same actions that everybody uses."
    interrupted = gettext_lazy("Interrupted: nothing was written.")

    def add_arguments(self, parser):
        parser.add_argument("--cards", type=int, default=3_000, metavar="N", help="how many cards (default: 3000)")

    def say_beside(self, bar, sentence, quiet):
        """A sentence above the progress bar, for people; nothing beside JSON."""
        if not quiet:
            with bar.external_write_mode(file=sys.stderr):
                self.note(sentence)
                self.stderr.flush()

    def carry_out(self, cards, json, **options):
        if not settings.ENV.debug:  # by now no statements are kept, so `settings.DEBUG` says nothing
            raise BadInput("", _("The demo needs DEBUG=1: everybody in it has the same password, which is known."))
        if not 1 <= cards <= MOST_CARDS:
            raise BadInput("", _("The number of cards must be 1 to {most}.").format(most=MOST_CARDS))
        with self.progress(DAYS_OF_HISTORY, unit=" days", quiet=json) as bar:
            say = partial(self.say_beside, bar, quiet=json)
            with unlogged():
                fill_database(cards, civil_today(), bar.update, say)
        counts = {state: Card.objects.filter(state=state).count() for state in State.values}
        if json:
            self.give({"cards": cards, "states": counts})
        else:
            self.stdout.write(_("The demo has {count} cards with months of history.").format(count=cards))


@contextmanager
def unlogged():
    """Months of a dealer's days in a minute: what the log would tell of them by the thousand is no news."""
    loggers = [logging.getLogger(room) for room in ("billing", "cards")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.level, logging.WARNING))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
