"""Taking in cards: rows of a file become cards, each opened with its plan (rule 1)."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from cards import identifiers, rules
from cards.actions.parameters import read_choice, read_day, read_whole
from cards.actions.terms import queue_term
from cards.actions.write import Signature, Work, change, create
from cards.calendar import add_months
from cards.choices import Action, Binding, Carrier, Certification, PlanKind, State
from cards.errors import BadInput, InvariantBroken
from cards.lookup import ids_by_iccid
from cards.models import Card, Customer, Plan, PolicyBook

COLUMNS = (
    "iccid",
    "msisdn",
    "imsi",
    "carrier",
    "customer",
    "certification",
    "opened_on",
    "test_months",
    "test_quota_mb",
    "plan",
    "binding",
    "imei",
)
REQUIRED = ("iccid", "carrier", "certification", "opened_on", "plan")
MAY_BE_CORRECTED = ("msisdn", "imsi", "customer")


@dataclass(slots=True)
class CardRow:
    """One row of a card file, read and valid in itself. `given` are the columns that the file has."""

    number: int
    given: frozenset
    iccid: str
    carrier: str
    certification: str
    opened_on: date
    plan: str
    msisdn: str = ""
    imsi: str = ""
    customer: str = ""
    test_months: int = 0
    test_quota_mb: int = 0
    binding: str = Binding.NONE
    imei: str = ""


READERS = {
    "iccid": identifiers.iccid,
    "msisdn": identifiers.msisdn,
    "imsi": identifiers.imsi,
    "carrier": read_choice(Carrier, "carrier"),
    "customer": str,
    "certification": read_choice(Certification, "certification"),
    "opened_on": read_day("opened_on"),
    "test_months": read_whole("test_months", 0, 9),
    "test_quota_mb": read_whole("test_quota_mb", 5, 30),
    "plan": str,
    "binding": read_choice(Binding, "binding"),
    "imei": identifiers.imei,
}


def read_card_row(number, texts, today):
    """A `CardRow` of one row's texts by column, or `BadInput` that names the field."""
    for column in REQUIRED:
        if not texts.get(column):
            raise BadInput(column, _("a value is required"))
    values = {column: READERS[column](text) for column, text in texts.items() if text}
    row = CardRow(number, frozenset(texts), **values)
    if row.opened_on > today:
        raise BadInput("opened_on", _("{day} lies in the future").format(day=row.opened_on))
    if len(row.customer) > Customer._meta.get_field("name").max_length:
        raise BadInput("customer", _("the name of the customer is too long"))
    if row.test_months and not row.test_quota_mb:
        raise BadInput("test_quota_mb", _("a test period needs an allowance of 5 to 30 MB"))
    if row.binding == Binding.FIXED and not row.imei:
        raise BadInput("imei", _("a card with a fixed device needs the IMEI of the device"))
    if row.imei and row.binding == Binding.NONE:
        raise BadInput("imei", _("a card without device binding has no IMEI; say which binding"))
    return row


@dataclass(slots=True)
class Intake:
    """What became of a batch of card rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list = None


def take_cards(rows, *, actor, update=False, at=None):
    """Create the cards of these rows; with `update`, correct those that exist. One transaction.

    A row whose card exists and says the same is unchanged; one that says something else is a collision, and listed.
    """
    signature = Signature(actor) if at is None else Signature(actor, at=at)
    with transaction.atomic():
        return _Batch(rows, signature, update).take()


class _Batch:
    def __init__(self, rows, signature, update):
        self.signature, self.update = signature, update
        self.result = Intake(errors=[])
        self.policies = PolicyBook.read()
        self.plans = {plan.code: plan for plan in Plan.objects.filter(code__in={row.plan for row in rows})}
        self.rows = self._once_each(rows)
        self.customers = {c.name: c for c in Customer.objects.filter(name__in={row.customer for row in rows})}

    def take(self):
        known = self._known()
        fresh = [row for row in self.rows if row.iccid not in known]
        self._create(fresh)
        self._compare([(known[row.iccid], row) for row in self.rows if row.iccid in known])
        return self.result

    def _once_each(self, rows):
        """Each ICCID once: a second row of the same card is an error, because nobody can say which one is meant."""
        first = {}
        for row in rows:
            other = first.setdefault(row.iccid, row)
            if other is not row and _texts(other) != _texts(row):
                self._refuse(
                    row,
                    "iccid",
                    _("the card stands in row {row} already, with other data").format(row=other.number),
                )
            elif other is not row:
                self.result.unchanged += 1
        return list(first.values())

    def _known(self):
        """The cards that exist, by ICCID; a 19-character number also means the card of 20 that begins with it."""
        ids = {iccid: ids[0] for iccid, ids in ids_by_iccid([row.iccid for row in self.rows]).items() if len(ids) == 1}
        cards = Card.objects.select_related("customer", "plan").in_bulk(list(ids.values()))
        return {iccid: cards[pk] for iccid, pk in ids.items()}

    def _refuse(self, row, field, message):
        self.result.errors.append({"row": row.number, "field": field, "message": message})

    def _create(self, rows):
        cards, terms = [], []
        for row in rows:
            try:
                card, term = self._opened(row)
            except BadInput as bad:
                self._refuse(row, bad.field, bad.sentence)
            else:
                cards.append(card)
                terms.append(term)
        create(cards, terms, self.signature)
        self.result.created += len(cards)

    def _opened(self, row):
        """A new card in memory, opened by rule 1, and the term it was opened with."""
        plan = self._plan(row)
        card = Card(
            iccid=row.iccid,
            msisdn=row.msisdn,
            imsi=row.imsi,
            carrier=row.carrier,
            certification=row.certification,
            plan=plan,
            opened_on=row.opened_on,
            changed_on=row.opened_on,
            binding=row.binding,
            customer=self._customer(row.customer),
            version=1,
            **self._first_state(row),
        )
        if row.imei:
            card.bound_imei, card.bound_on = row.imei, row.opened_on
        card.queue = []
        term = queue_term(card, plan, row.opened_on)
        rules.settle(card, row.opened_on)
        return card, term

    def _plan(self, row):
        plan = self.plans.get(row.plan)
        if plan is None or plan.kind != PlanKind.PLAN:
            raise BadInput("plan", _("there is no plan with the code “{code}”").format(code=row.plan))
        return plan

    def _first_state(self, row):
        try:
            policy = self.policies.in_force(row.carrier, row.opened_on)
        except InvariantBroken:
            raise BadInput("opened_on", _("the carrier has no policy for that day yet")) from None
        if row.test_months:
            return {
                "state": State.TESTING.value,
                "test_months": row.test_months,
                "test_quota_mb": row.test_quota_mb,
                "test_until": add_months(row.opened_on, row.test_months),
            }
        return {
            "state": State.UNUSED.value,
            "silent_from": row.opened_on,
            "forced_activation_on": policy.forced_activation_on(row.opened_on),
        }

    def _customer(self, name):
        name = name.strip()
        if name and name not in self.customers:
            self.customers[name] = Customer.objects.get_or_create(name=name)[0]
        return self.customers[name] if name else None

    def _compare(self, pairs):
        """Tell the rows that say the same from those that say something else, and correct where that was asked for."""
        corrections = {}
        for card, row in pairs:
            differing = _differences(card, row)
            fixed = [name for name in differing if name not in MAY_BE_CORRECTED]
            if not differing:
                self.result.unchanged += 1
            elif not self.update:
                self._refuse(row, differing[0], _("the card exists with other data; --update would correct it"))
            elif fixed:
                self._refuse(row, fixed[0], _("this cannot be corrected by an import"))
            elif card.is_final:
                self._refuse(row, differing[0], _("the card is cancelled, and its data stay as they are"))
            else:
                corrections[card.pk] = {name: self._new_value(name, row) for name in differing}
        if corrections:
            change(corrections, Correction(corrections), self.signature)
            self.result.updated += len(corrections)

    def _new_value(self, name, row):
        return self._customer(row.customer) if name == "customer" else getattr(row, name)


class Correction(Work):
    """The work of correcting what a card is, where its file says something else."""

    def __init__(self, corrections):
        self.corrections = corrections

    def steps(self, card):
        values = self.corrections[card.pk]
        for name, value in values.items():
            setattr(card, name, value)
        yield rules.Change(
            card.changed_on,
            Action.UPDATE,
            evidence={name: str(value or "") for name, value in values.items()},
        )


def _texts(row):
    return [getattr(row, column) for column in COLUMNS]


def _differences(card, row):
    """The columns in which the file has the card otherwise; those that it leaves out say nothing."""
    return [
        column for column in COLUMNS if column in row.given and _as_filed(card, column, row) != getattr(row, column)
    ]


def _as_filed(card, column, row):
    if column == "iccid":
        return row.iccid  # that it is this card was decided already, be it by 19 characters or by 20
    if column == "customer":
        return card.customer.name if card.customer else ""
    if column == "plan":
        return card.plan.code
    if column == "imei":
        # A device bound or rebound since is the card's own story, not a mistake of the file.
        return row.imei if row.imei in ("", card.previous_imei) else card.bound_imei
    return getattr(card, column)
