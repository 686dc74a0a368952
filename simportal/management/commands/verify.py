from dataclasses import asdict
from itertools import chain

from django.utils.translation import gettext as _

from billing import proof as books
from billing.models import Entry
from cards.management.base import PortalCommand
from cards.models import Card
from cards.phrases import noted, pair
from cards.proof import Proof

PROBLEMS_LISTED = 10_000


class Command(PortalCommand):
    help = "Proves the records: every card follows from its events, and the books balance. Lists what does not."

    def carry_out(self, json, **options):
        proof, listed, count = Proof(), [], 0
        with self.progress(Card.objects.count(), unit=" cards", quiet=json) as bar:
            for problem in chain(proof.problems(bar.update), books.problems()):
                count += 1
                if len(listed) < PROBLEMS_LISTED:
                    listed.append(problem)
        if json:
            problems = list(map(asdict, listed))
            read = {"cards": proof.cards, "events": proof.events, "entries": Entry.objects.count()}
            self.give({**read, "problems": problems, "problem_count": count})
        else:
            self.print_report(proof, listed, count)
        return bool(count)

    def print_report(self, proof, listed, count):
        sentence = _("Cards: {cards}, events: {events}, ledger entries: {entries}, problems: {count}.")
        read = {"cards": proof.cards, "events": proof.events, "entries": Entry.objects.count()}
        self.stdout.write(sentence.format(**read, count=count))
        for problem in listed:
            self.say(pair(problem.iccid or _("In all"), noted(problem.message, problem.code)))
