"""Many cards of a customer at once, and what customers do to them."""

from django.utils.translation import gettext_lazy as _

from cards.choices import Action
from cards.pages.frames import MY
from cards.views.selections import SelectionPages

# What customers do to many of their cards at once, and what they call it.
FOR_MANY = {
    Action.SUSPEND: _("Stop cards"),
    Action.RESUME: _("Resume cards"),
    Action.SET_LIMIT: _("Set a usage limit"),
}


class MySelections(SelectionPages):
    template = "my/selection.html"

    def offered(self, user):
        return FOR_MANY


SELECTIONS = MySelections(MY)
