"""Rows of cards that exist: whether they say the same, and correcting the card where they do not and may."""

from dataclasses import replace

from cards import rules
from cards.actions.action_requests import RequestedAction
from cards.actions.imports import in_service
from cards.actions.imports.card_rows import OPENED_WITH
from cards.actions.write import Work
from cards.choices import Action

MAY_BE_CORRECTED = ("msisdn", "imsi", "customer")


class Correction(Work):
    """The work of correcting what a card is, where its file says something else; another customer is assigned first.

    `corrections` are the new values by column, for each card; `request` is as for any action.
    """

    def __init__(self, corrections, request):
        self.corrections, self.request = corrections, request

    def steps(self, card):
        values = dict(self.corrections[card.pk])
        if customer := values.pop("customer", None):
            yield from RequestedAction(Action.ASSIGN, replace(self.request, params={"customer": customer})).steps(card)
        if values:
            for name, value in values.items():
                setattr(card, name, value)
            yield rules.Change(card.changed_on, Action.UPDATE, evidence=values)


def differences(card, row, taken_over):
    """The columns in which the file has the card otherwise: (column, how the card is, what the file says) of each.

    Columns that the file leaves out say nothing, nor does an empty customer. `taken_over` is the evidence of the
    card's first record if that is what it says: with the very row that it was taken over from it is in agreement,
    whatever has happened since.
    """
    given = row.given if row.customer else row.given - {"customer"}
    opened_with = [name for name in OPENED_WITH if name in given and as_filed(card, name, row) != getattr(row, name)]
    names = opened_with + in_service.state_differences(card, row, taken_over)
    return [(name, _text(as_filed(card, name, row)), _text(getattr(row, name))) for name in names]


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
        return row.imei if row.imei in ("", card.previous_imei) else card.bound_imei
    if column == "used_mb":
        return in_service.used_mb(card)
    return getattr(card, column)


def _text(value):
    return "" if value is None else str(value)
