"""Rows of a file applied: they become cards, opened with their plan (rule 1) or taken over in service."""

from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions.action_requests import ActionRequest, foreseen_refusal
from cards.actions.claim_codes import issue
from cards.actions.imports.anew import Anew, corrected, evidence_of, filed, said_in_service, untouched
from cards.actions.imports.at_once import AtOnce
from cards.actions.imports.building import Building
from cards.actions.imports.card_accounts import FileAccounts
from cards.actions.imports.card_rows import IN_SERVICE_COLUMNS
from cards.actions.imports.corrections import ALWAYS_TAKEN, MAY_BE_CORRECTED, Correction, Corrections, differences
from cards.actions.imports.file_customers import FileCustomers
from cards.actions.write import CatchUp, Signature, attach_queues, carry_out, change, create
from cards.calendar import civil_today
from cards.choices import Action
from cards.errors import BadInput, Refused
from cards.lookup import ids_by_iccid
from cards.models import Card, PolicyBook


@dataclass(slots=True)
class Intake:
    """What became of a batch of card rows: the numbers of the rows, and {"row", "field", "message"} of the refused.

    A row whose card exists with other data has `differs` too: (column, how the card is, what the file says) of each.
    `known_customers` are the keys of those whom rows give a card to, with how many rows.
    `cards` are the keys of the new and the corrected, `corrected` (key, numbers of the records) of these.
    """

    created: list = field(default_factory=list)
    updated: list = field(default_factory=list)
    unchanged: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    corrected: list = field(default_factory=list)
    new_customers: list = field(default_factory=list)
    known_customers: dict = field(default_factory=dict)
    at_once: AtOnce = field(default_factory=AtOnce)


def again_if_created_meanwhile(apply, *rows, **how):
    """What `apply` returns; it is done once more if another import created the same cards at the same moment."""
    try:
        return apply(*rows, **how)
    except IntegrityError:
        return apply(*rows, **how)


def apply_cards(rows, *, actor, reason="", update=False, at=None, source="", job_id=None, rehearses=False):
    """Create the cards of these rows; with `update`, correct those that exist. One transaction, each card once.

    A row whose card exists and says the same is unchanged; one that says something else is a collision, and listed.
    `source` is the file's name, for the record of cards that are taken over. Whoever `rehearses` rolls it back.
    """
    signature = Signature(actor, reason, at or timezone.now(), job_id)
    with transaction.atomic():
        return _Batch(rows, signature, update, source, rehearses).apply()


def foresee_cards(rows, *, actor, update=False):
    """What `apply_cards` would find of these rows, as far as it can be told without writing anything."""
    return _Foreseen(rows, Signature(actor), update, "", rehearses=True).apply()


class _Batch:
    def __init__(self, rows, signature, update, source, rehearses):
        self.rows, self.signature, self.update = rows, signature, update
        self.result, self.today = Intake(), civil_today()
        self.policies = PolicyBook.read()
        self.request = ActionRequest(signature.actor, self.today, self.policies, signature.reason)
        self.building = Building(self.policies, self.today, source)
        self.customers = FileCustomers({row.customer for row in rows}, rehearses)
        self.accounts = FileAccounts()

    def apply(self):
        ids = ids_by_iccid([row.iccid for row in self.rows])
        cards = Card.objects.select_related("customer", "plan").in_bulk([meant[0] for meant in ids.values() if meant])
        attach_queues(cards.values())
        known, fresh = [], []
        for row in self.rows:
            meant = ids[row.iccid]
            if len(meant) > 1:
                self._refuse(row, "iccid", _("several cards begin with this ICCID"))
            elif why := self.accounts.refusal(row, cards[meant[0]].carrier if meant else row.carrier):
                self._refuse(row, "account", why)
            elif meant:
                known.append((cards[meant[0]], row))
            else:
                fresh.append(row)
        self._create(fresh)
        self._compare(known)
        self._put_on_accounts()
        self.result.new_customers = list(self.customers.new.values())
        self.result.known_customers = dict(self.customers.met)
        return self.result

    def _refuse(self, row, field, message, **more):
        self.result.errors.append({"row": row.number, "field": field, "message": message, **more})

    def _refuse_for(self, row, bad):
        for fault in bad.faults:
            self._refuse(row, fault.field, fault.sentence)

    def _create(self, rows):
        good = []
        for row in rows:
            try:
                self.building.check(row)
                good.append((row, self.customers.of(row)))
            except BadInput as bad:
                self._refuse_for(row, bad)
        self.customers.make()
        opened = []
        for row, customer in good:
            card, first, term = self.building.built(row, customer and customer.pk)
            opened.append((card, first, term))
            self.accounts.name(card, row)
            self.result.created.append(row.number)
            self.result.at_once.add(card, self.today, self.policies)
        self._open(opened)

    def _open(self, opened):
        create(opened, self.signature)
        if self.customers.rehearses:
            return  # `at_once` has told what the rules do to them, and their labels tell nobody anything
        cards = [card for card, _first, _term in opened]
        issue(cards)
        self.result.cards += [card.pk for card in cards]
        # The rules have had work since on cards that were taken over; the sweep sees to the others.
        taken_over = [card for card, first, _term in opened if first.action == Action.ADOPT]
        due = [card for card in taken_over if card.next_due_on and card.next_due_on <= self.today]
        if due:
            carry_out(due, CatchUp(self.today), self.signature)

    def _compare(self, pairs):
        """Part the rows that say the same from those that say something else, and correct where that was asked for."""
        # A card that was taken over, and stands in a file as such again, is compared with what was said of it too.
        said = said_in_service({card.pk for card, row in pairs if row.state})
        on = self.accounts.of(card for card, row in pairs if row.account)
        differing = [
            (card, row, differences(card, row, said.get(card.pk, {}), self.customers, on.get(card.pk, "")))
            for card, row in pairs
        ]
        fresh = self._untouched(differing)
        to_correct = []
        for card, row, differs in differing:
            if not differs:
                self.result.unchanged.append(row.number)
            elif (why_not := self._why_not(card, row, differs, card.pk in fresh)) is not None:
                self._refuse(row, *why_not, differs=differs)
            else:
                to_correct.append((card, row, differs))
        self._correct(to_correct)

    def _untouched(self, differing):
        """The keys of those cards that may be taken in anew, where more differs than what always may be corrected."""
        asked = {
            card.pk
            for card, _row, differs in differing
            if self.update and not {name for name, *_was in differs}.issubset(ALWAYS_TAKEN)
        }
        return untouched(asked) if asked else set()

    def _correct(self, to_correct):
        corrections, correcting = Corrections(self.request), []
        anew = [card.pk for card, _row, differs in to_correct if _is_anew(differs)]
        said = said_in_service(anew) if anew else {}
        for card, row, differs in to_correct:
            try:
                may_be = ("customer",) if _is_anew(differs) else MAY_BE_CORRECTED
                if _is_anew(differs):
                    corrections.anew[card.pk] = self._anew(card, row, said.get(card.pk, {}))
                corrections.values[card.pk] = {n: self._value(row, n) for n, *_was in differs if n in may_be}
                correcting.append((card, row, differs))
            except BadInput as bad:
                for fault in bad.faults:
                    self._refuse(row, fault.field, fault.sentence, differs=differs)
        self.customers.make()
        refusals = self._corrected(corrections)
        for card, row, differs in correcting:
            if refused := refusals.get(card.pk):
                column = "customer" if "customer" in corrections.values[card.pk] else differs[0][0]
                self._refuse(row, column, str(refused), differs=differs)
            else:
                self.result.updated.append(row.number)
                self.accounts.name(card, row)
                if card.pk in corrections.anew:
                    self.result.at_once.add(corrections.anew[card.pk].card, self.today, self.policies)

    def _anew(self, card, row, said):
        was = filed(card, said, card.plan.code, self.today, row.number)
        now = corrected(was, row)
        self.building.check(now)
        return Anew(card.version, *self.building.built(now), evidence_of(was, now, source=self.building.source))

    def _put_on_accounts(self):
        self.accounts.put()

    def _value(self, row, column):
        if column in row.remove:
            return None if column == "customer" else ""
        return self.customers.of(row) if column == "customer" else getattr(row, column)

    def _corrected(self, corrections):
        """Correct these cards; why it was refused, of those of which it was."""
        cards = corrections.values
        outcomes = change(cards, Correction(corrections), self.signature) if cards else []
        for outcome in outcomes:
            if not (outcome.parked or outcome.refused):
                numbers = [done.seq for done in outcome.done if not done.change.rule]
                self.result.cards.append(outcome.card.pk)
                self.result.corrected.append([outcome.card.pk, numbers])
        return {
            outcome.card.pk: Refused("parked", parked=outcome.card.parked) if outcome.parked else outcome.refused
            for outcome in outcomes
        }

    def _why_not(self, card, row, differing, is_untouched):
        """(column, sentence) of the first reason for which the card is not corrected; None when it may be."""
        names = [name for name, *_was in differing]
        in_service_only = [name for name in names if name in IN_SERVICE_COLUMNS]
        fixed = [name for name in names if name not in ALWAYS_TAKEN]
        if in_service_only and not is_untouched:
            return in_service_only[0], _("the card already exists; only a new card can be taken over")
        if not self.update:
            return names[0], _("the card already exists with other data")
        if fixed and not is_untouched:
            return fixed[0], _("something has happened to the card since it was taken in, so this stays as it is")
        if card.is_final:
            return names[0], _("the card is cancelled; its data can no longer change")
        action = Action.UNASSIGN if "customer" in row.remove else Action.ASSIGN
        if "customer" in names and (refused := foreseen_refusal(action, card, self.request)):
            return "customer", str(refused)  # said before the row creates a customer
        return None


def _is_anew(differs):
    return any(name not in ALWAYS_TAKEN for name, *_was in differs)


class _Foreseen(_Batch):
    """The same without writing: what only the database would refuse is not foreseen."""

    def _open(self, opened):
        pass

    def _put_on_accounts(self):
        pass

    def _corrected(self, corrections):
        return {}
