from dataclasses import asdict

from django.utils.translation import gettext as _

from billing import proof as books
from billing.bills.proof import BILL_PARTS
from billing.models import Entry
from billing.money import ZERO, rounded, yuan
from billing.not_paid import not_paid, opening_groups, owing
from cards.calendar import civil_today
from cards.management.base import PortalCommand, iso_instant
from cards.models import Card
from cards.phrases import noted, pair
from cards.proof import RECORD_PARTS, Proof

PROBLEMS_LISTED = 10_000


class Command(PortalCommand):
    help = "Proves the records: every card follows from its events, and the books balance. Lists what does not."

    def add_arguments(self, parser):
        told = "prove only what came since then, and the books as a whole (2026-03-02T04:00, or with its offset)"
        parser.add_argument("--since", metavar="INSTANT", type=iso_instant, help=told)

    def carry_out(self, since, json, **options):
        proof, listed, count = Proof(since), [], 0
        with self.progress(None if since else Card.objects.count(), unit=" cards", quiet=json) as bar:
            for problem in proof.problems(bar.update, (*RECORD_PARTS, *books.BOOK_PARTS, *BILL_PARTS)):
                count += 1
                if len(listed) < PROBLEMS_LISTED:
                    listed.append(problem)
        read = {"cards": proof.cards, "events": proof.events, "entries": Entry.objects.count()}
        owed = owing(opening_groups(not_paid()), civil_today())
        cards, value = sum(each.cards for each in owed), sum((each.value for each in owed), ZERO)
        if json:
            self.give(
                {
                    **read,
                    "problems": list(map(asdict, listed)),
                    "problem_count": count,
                    "not_ordered": {"cards": cards, "value": str(rounded(value))},
                }
            )
        else:
            self.print_report(read, listed, count)
            if owed:
                self.print_not_paid(cards, value, owed)
        return bool(count)

    def print_report(self, read, listed, count):
        sentence = _("Cards: {cards}, events: {events}, ledger entries: {entries}, problems: {count}.")
        self.stdout.write(sentence.format(**read, count=count))
        for problem in listed:
            self.say(pair(problem.iccid or _("In all"), noted(problem.message, problem.code)))

    def print_not_paid(self, cards, value, owed):
        """What is no problem but has to be seen: service for which nobody has paid."""
        sentence = _(
            "Cards whose opening is not paid: {cards}, of customers: {customers}, "
            "worth at today's prices: {value}, without a price: {unpriced}."
        )
        unpriced = sum(each.unpriced for each in owed)
        self.stdout.write(sentence.format(cards=cards, customers=len(owed), value=yuan(value), unpriced=unpriced))
