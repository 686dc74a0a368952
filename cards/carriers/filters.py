"""What this room brings to the list of cards to ask: where they stand between the portal and their carrier."""

from typing import Any

import django_filters
from django.utils.translation import pgettext_lazy

from cards.carriers.choices import LineStep
from cards.carriers.lookup import at_step
from cards.querysets import CardQuerySet


class StepFilter(django_filters.ChoiceFilter):
    """Cards that stand at a step; a card without a line stands at none."""

    def __init__(self) -> None:
        super().__init__(
            choices=LineStep.choices,
            label=pgettext_lazy("step", "At the carrier"),
            empty_label=pgettext_lazy("step", "Any"),
        )

    def filter(self, qs: CardQuerySet, value: Any) -> CardQuerySet:
        return qs.filter(at_step(value)) if value else qs
