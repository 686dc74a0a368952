"""Rows of cards that exist: whether they say the same, and correcting the card where they do not and may."""

from dataclasses import dataclass, field, replace

from cards import rules
from cards.actions.action_requests import ActionRequest, RequestedAction
from cards.actions.imports import in_service
from cards.actions.imports.anew import untouched
from cards.actions.imports.card_rows import OPENED_WITH, REMOVABLE
from cards.actions.write import Work
from cards.catalogue import CATALOGUE
from cards.choices import Action
from cards.errors import Refused
from cards.identifiers import device

MAY_BE_CORRECTED = REMOVABLE
ALWAYS_TAKEN = (*MAY_BE_CORRECTED, "account")  # which account a card is on is no part of its record


@dataclass
class Corrections:
    """What is to be corrected, by the cards' keys: new `values` by column, and of some how they are taken in `anew`."""

    request: ActionRequest
    values: dict = field(default_factory=dict)
    anew: dict = field(default_factory=dict)


class Correction(Work):
    """The work of correcting what a card is, where its file says something else.

    Whose it is comes first, because what is due on a card is done before; but last on one that is taken in anew,
    because what is due on it is due by dates that are wrong.
    """

    def __init__(self, corrections):
        self.corrections, self.request = corrections, corrections.request

    def load(self, cards):
        anew = {card.pk for card in cards if card.pk in self.corrections.anew}
        self.untouched = untouched(anew) if anew else set()

    def steps(self, card):
        values, anew = dict(self.corrections.values[card.pk]), self.corrections.anew.get(card.pk)
        if anew and (card.pk not in self.untouched or card.version != anew.version):
            raise Refused("changed_meanwhile")
        if anew:
            yield anew.take_in(card)
            if anew.is_in_service:
                yield from rules.catch_up(card, self.request.on, self.request.policies)
        if "customer" in values:
            yield from owner_action(values.pop("customer"), self.request).steps(card)
        if values:
            before = {name: getattr(card, name) for name in values}
            for name, value in values.items():
                setattr(card, name, value)
            yield rules.Change(card.changed_on, Action.UPDATE, evidence={**values, "before": before})


def owner_action(customer, request):
    """The work that makes a card a customer's or, without one, puts it back in stock."""
    if customer is None:
        return RequestedAction(CATALOGUE[Action.UNASSIGN], replace(request, params={}))
    return RequestedAction(CATALOGUE[Action.ASSIGN], replace(request, params={"customer": customer}))


def differences(card, row, taken_over, customers, account=""):
    """The columns in which the file has the card otherwise: (column, how the card is, what the file says) of each.

    A column that is left out or empty says nothing; what is to be taken away is named in `remove`. `taken_over` is the
    evidence of the card's first record if that is what it says: with the very row that it was taken over from it is
    in agreement, whatever has happened since. `customers` know who is meant by a name. The card is on `account`.
    """
    given = [name for name in OPENED_WITH if name in row.given]
    names = [name for name in given if _differs(card, name, row, customers)]
    names += in_service.state_differences(card, row, taken_over)
    said = [(name, _text(as_filed(card, name, row)), _text(getattr(row, name))) for name in names]
    said += [("account", account, row.account)] if row.account not in ("", account) else []
    return said + [(name, as_filed(card, name, row), "") for name in row.remove if as_filed(card, name, row)]


def _differs(card, column, row, customers):
    if column == "customer":
        return not customers.means(row.customer, card.customer_id)
    if column == "test_quota_mb" and not card.test_months and not row.test_months:
        return False
    return as_filed(card, column, row) != getattr(row, column)


def as_filed(card, column, row):
    """How a file would have the card."""
    if column == "iccid":
        return row.iccid  # that it is this card was decided already, be it by 19 characters or by 20
    if column == "customer":
        return card.customer.name if card.customer else ""
    if column == "plan":
        return card.plan.code
    if column == "imei":
        # A device bound or rebound since is the card's own story, not a mistake of the file.
        was_its_own = device(row.imei) in ("", device(card.previous_imei), device(card.bound_imei))
        return row.imei if was_its_own else card.bound_imei
    if column == "used_mb":
        return in_service.used_mb(card)
    return getattr(card, column)


def _text(value):
    return "" if value is None else str(value)
