"""What orders to a carrier and what came of them are called: for the dealer's staff, and for customers."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.carriers.choices import Aspect, CommandState, DriftKind, LineStep, ServiceState, StopReason, Switch
from cards.pages.badges import Badge
from cards.phrases import listed, pair

# What is to become of a card there, by aspect and goal.
GOALS = {
    (Aspect.SERVICE, ServiceState.STOPPED): pgettext_lazy("order", "Stop"),
    (Aspect.SERVICE, ServiceState.ACTIVE): pgettext_lazy("order", "Resume"),
    (Aspect.SERVICE, ServiceState.SILENT): pgettext_lazy("order", "End the test"),
    (Aspect.SERVICE, ServiceState.TEST): pgettext_lazy("order", "Begin the test"),
    (Aspect.ACTIVATION, ServiceState.ACTIVE): pgettext_lazy("order", "Activate"),
    (Aspect.DATA, Switch.OFF): pgettext_lazy("order", "Stop data"),
    (Aspect.DATA, Switch.ON): pgettext_lazy("order", "Resume data"),
    (Aspect.CAP, ""): pgettext_lazy("order", "Remove the usage cap"),
    (Aspect.CANCEL, ""): pgettext_lazy("order", "Cancel"),
}
CARRIER_ORDER_TONES = {
    CommandState.QUEUED: "info",
    CommandState.SENT: "info",
    CommandState.ACCEPTED: "info",
    CommandState.ASKING: "info",
    CommandState.CONFIRMED: "good",
    CommandState.REFUSED: "bad",
    CommandState.UNKNOWN: "warning",
    CommandState.BY_HAND: "warning",
}
STEP_TONES = {
    LineStep.IN_STEP: "good",
    LineStep.WAITING: "info",
    LineStep.REFUSED: "bad",
    LineStep.UNKNOWN: "warning",
    LineStep.DRIFT: "warning",
    LineStep.GONE: "bad",
}
SERVICE_TONES = {
    ServiceState.TEST: "testing",
    ServiceState.SILENT: "unused",
    ServiceState.ACTIVE: "in_use",
    ServiceState.STOPPED: "suspended",
    ServiceState.CANCELLED: "cancelled",
}

# What customers read of the last order, by how far it is: whatever differs is the dealer's affair.
ORDER_FOR_CUSTOMERS = {
    CommandState.QUEUED: gettext_lazy("{order}: about to be sent to the carrier."),
    CommandState.SENT: gettext_lazy("{order}: sent to the carrier at {at}, not yet confirmed."),
    CommandState.ACCEPTED: gettext_lazy("{order}: sent to the carrier at {at}, not yet confirmed."),
    CommandState.ASKING: gettext_lazy("{order}: sent to the carrier at {at}, not yet confirmed."),
    CommandState.CONFIRMED: gettext_lazy("{order}: confirmed by the carrier at {at}."),
    CommandState.REFUSED: gettext_lazy("{order}: the carrier has not done it yet. We are looking into it."),
    CommandState.UNKNOWN: gettext_lazy("{order}: the carrier has not confirmed it. We are looking into it."),
    CommandState.BY_HAND: gettext_lazy("{order}: we arrange this with the carrier."),
}
DIFFERENCES_FOR_CUSTOMERS = {
    DriftKind.STOPPED: gettext_lazy("The carrier has stopped this card. We are looking into it."),
    DriftKind.OWN_STOP: gettext_lazy("The card is still stopped at the carrier. We are looking into it."),
    DriftKind.NOT_ACTIVATED: gettext_lazy("The carrier has not activated this card yet. We are looking into it."),
    DriftKind.CANCELLED: gettext_lazy("The carrier has cancelled this card. Ask us for a new one."),
}


def order_label(aspect, goal):
    """What an order asks for: `Stop`, `Usage cap: 30 MB`."""
    if label := GOALS.get((aspect, goal)):
        return str(label)
    return pair(Aspect(aspect).label.capitalize(), f"{goal} MB" if aspect == Aspect.CAP else goal)


def order_badge(state):
    return Badge(CommandState(state).label, CARRIER_ORDER_TONES.get(state, ""))


def step_badge_of(step):
    """Where a card stands between the portal and its carrier."""
    return Badge(LineStep(step).label, STEP_TONES.get(step, ""))


def service_badge(service):
    return Badge(ServiceState(service).label, SERVICE_TONES.get(service, "warning"))


def reasons_label(line):
    """Why the carrier has stopped a card: what we call it, and the carrier's own words."""
    known = [StopReason(reason).label for reason in line.seen_reasons.split(",") if reason in StopReason]
    return listed([*known, *([_("“{words}”").format(words=line.seen_reason_text)] if line.seen_reason_text else [])])
