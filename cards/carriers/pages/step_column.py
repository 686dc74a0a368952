"""The column of the list of cards that says where each stands between the portal and its carrier."""

from django.db.models import Case, Value, When
from django.utils.translation import pgettext_lazy

from cards.carriers.choices import LineStep
from cards.carriers.lookup import at_step, step_of_card
from cards.carriers.pages.order_labels import step_badge_of
from cards.columns.kinds import NOWHERE, Column, Listed


class StepColumn(Column):
    annotated = staticmethod(step_of_card)

    def __init__(self):
        listed = Listed(cell="label", needs=("iccid",))
        heading = pgettext_lazy("step", "At the carrier")
        super().__init__("step", heading=heading, formats=NOWHERE, is_internal=True, listed=listed)

    def expression(self, format):
        """Its word."""
        return Case(*[When(at_step(step), then=Value(str(label))) for step, label in LineStep.choices])

    def said_of(self, card):
        return step_badge_of(card.step) if card.step else None
