"""The day that matters next on a card, and what it is called: in the list, on its page and in files."""

from django.utils.translation import gettext_lazy

from cards.choices import State

# By the phase of the card; of what ends, its last day.
NEXT_DAY = {
    State.TESTING: ("test_until", gettext_lazy("last day of the test")),
    State.UNUSED: ("forced_activation_on", gettext_lazy("forced active")),
    State.IN_USE: ("service_until", gettext_lazy("last day of service")),
    State.SHUT_DOWN: ("cancel_on", gettext_lazy("will be cancelled on")),
    State.CANCELLED: ("cancel_on", gettext_lazy("cancelled on")),
}
# What that day is of a renewed card, which it will live through.
RENEWED = {
    State.IN_USE: gettext_lazy("renewed; the current term's last day"),
    State.SHUT_DOWN: gettext_lazy("renewal ordered; without it cancelled on"),
}
