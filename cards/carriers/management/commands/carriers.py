from dataclasses import asdict

from django.utils import timezone
from django.utils.translation import gettext as _

from cards.carriers.actions import working
from cards.carriers.actions.accounts import account_named, cards_of_carrier
from cards.carriers.actions.assigning import put_by_rule, put_on_account
from cards.carriers.actions.first_contact import first_contact, sim_of_number
from cards.carriers.actions.pulls import plan_pulls, pull_day
from cards.carriers.actions.reconciling import reconcile
from cards.carriers.management.documents import (
    card_documents,
    comparison_document,
    drift_documents,
    pull_document,
)
from cards.catalogue.assign import the_one
from cards.choices import Carrier
from cards.errors import BadInput
from cards.identifiers import canonical
from cards.lookup import customers_named
from cards.management.base import PortalCommand, civil_day
from cards.management.numbers import meant
from cards.phrases import listed, noted, pair

MOST_SECONDS = 7 * 24 * 60 * 60
HEARD_WITHIN_S = 60  # of records that an older transaction still holds back


def _seconds(text):
    number = float(text)
    if not 0 < number <= MOST_SECONDS:
        raise ValueError
    return number


def _used(name):
    account = account_named(name)
    if not account.is_on:
        raise BadInput("", _("The account {name} is off.").format(name=name))
    return account


def _customer(name):
    found = customers_named([name])[name]
    if not found:
        raise BadInput("", _("There is no customer {name}.").format(name=name))
    return the_one(found)


class Command(PortalCommand):
    help = "Cards at their carriers: what is wanted, seen and ordered there, and what differs."

    def add_arguments(self, parser):
        parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
        card = parts.add_parser("card", help="cards at their carriers: wanted, seen, orders and differences")
        card.add_argument("iccids", metavar="ICCID", nargs="+", help="19 or 20 characters")
        parts.add_parser("drift", help="the queue of differences")
        compare = parts.add_parser("reconcile", help="compare all cards of an account with what the carrier says, now")
        compare.add_argument("account", metavar="ACCOUNT")
        pull = parts.add_parser("pull", help="fetch a day's usage of an account's cards now")
        pull.add_argument("account", metavar="ACCOUNT")
        pull.add_argument("--day", type=civil_day, required=True, metavar="DAY", help="a date such as 2026-03-02")
        test = parts.add_parser("test", help="the first contact: asks a carrier about a card, and changes nothing")
        test.add_argument("account", metavar="ACCOUNT")
        test.add_argument("iccid", metavar="ICCID", help="19 or 20 characters; it need not be in the books")
        assign = parts.add_parser("assign", help="say which account cards are on: these, or by a rule that stays")
        assign.add_argument("account", metavar="ACCOUNT")
        assign.add_argument("iccids", metavar="ICCID", nargs="*", help="19 or 20 characters")
        assign.add_argument("--carrier", default="", choices=Carrier.values, help="all cards of the account's carrier")
        assign.add_argument("--customer", default="", metavar="NAME", help="this customer's cards")
        assign.add_argument("--prefix", default="", metavar="NUMBER", help="cards whose ICCID or MSISDN begins so")
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
        plan_pulls(timezone.now())
        turns = working.work(seconds, until_settled, heard_within_s=HEARD_WITHIN_S)
        if json:
            self.give({"turns": turns})

    def _reconcile(self, account, json, **options):
        """Exit code 1 where it could not be brought to its end, or where it holds back what it would correct."""
        run = reconcile(_used(account), timezone.now())
        working.work(until_settled=True, heard_within_s=HEARD_WITHIN_S)
        document = comparison_document(run)
        self.give(document) if json else self._tell(document)
        return bool(document["held_why"] or not document["ended"])

    def _pull(self, account, day, json, **options):
        """Exit code 1 where nothing was told of some cards."""
        pull = pull_day(_used(account), day)
        working.work(until_settled=True, heard_within_s=HEARD_WITHIN_S)
        document = pull_document(pull)
        self.give(document) if json else self._tell(document)
        return bool(document["missing"] or document["refused"] or not document["ended"])

    def _test(self, account, iccid, json, **options):
        """Exit code 1 where the carrier does not accept the account, or tells nothing of the card."""
        steps = first_contact(account_named(account), sim_of_number(canonical(iccid)))
        if json:
            self.give([asdict(step) for step in steps])
        for step in () if json else steps:
            self.stdout.write(noted(pair(step.label, step.said), step.raw) if step.raw else pair(step.label, step.said))
        return not all(step.ok for step in steps)

    def _assign(self, account, iccids, carrier, customer, prefix, json, **options):
        """Exit code 1 where a number is of no card of the account's carrier."""
        account = account_named(account)
        if bool(iccids) == bool(carrier or customer or prefix):
            raise BadInput("", _("Give ICCIDs, or say which cards: --carrier, --customer, --prefix."))
        if carrier not in ("", account.carrier):
            raise BadInput("", _("The account {name} is of another carrier.").format(name=account.name))
        if iccids:
            found, complaints = self._assigned(account, iccids)
        else:
            theirs = _customer(customer) if customer else None
            found, complaints = put_by_rule(account, customer=theirs, prefix=prefix), []
        if json:
            self.give({"account": account.name, "moved": found, "refused": complaints})
        else:
            self.stdout.write(pair(account.name, found))
        return bool(complaints)

    def _assigned(self, account, iccids):
        """How many cards were moved, and the numbers that are of none that can be."""
        found = list(meant(iccids))
        theirs = set(cards_of_carrier(account, [pk for _iccid, pk, _complaint in found if pk]))
        refused = []
        for iccid, pk, complaint in found:
            if pk not in theirs:
                self.say(complaint or _("The card {iccid} is of another carrier.").format(iccid=iccid))
                refused.append(iccid)
        return put_on_account(theirs, account), refused

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
