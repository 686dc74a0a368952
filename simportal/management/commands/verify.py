from dataclasses import asdict

from django.utils.translation import gettext as _

from cards.management.base import PortalCommand
from cards.models import Card
from cards.proof import Proof

LISTED = 10_000


class Command(PortalCommand):
    help = "Proves the records: every card's state and version follow from its events. Lists what does not."

    def carry_out(self, json, **options):
        proof, listed, count = Proof(), [], 0
        with self.progress(Card.objects.count(), unit=" cards", quiet=json) as bar:
            for problem in proof.problems(bar.update):
                count += 1
                if len(listed) < LISTED:
                    listed.append(problem)
        if json:
            problems = list(map(asdict, listed))
            self.give({"cards": proof.cards, "events": proof.events, "problems": problems, "problem_count": count})
        else:
            self.tell(proof, listed, count)
        return bool(count)

    def tell(self, proof, listed, count):
        sentence = _("Cards: {cards}, events: {events}, problems: {count}.")
        self.stdout.write(sentence.format(cards=proof.cards, events=proof.events, count=count))
        for problem in listed:
            self.say(f"{problem.iccid or _('All cards')}: {problem.message} ({problem.code})")
