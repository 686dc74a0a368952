"""The words of the open API: what a key may do, and how far its work has come."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import Action


class ApiScope(TextChoices):
    """What a key may do, beside looking at whose it is. The words are the interface: programs name them."""

    CARDS_READ = "cards:read", _("See cards")
    CARDS_ACT = "cards:act", _("Suspend and resume cards")
    CARDS_LIMIT = "cards:limit", _("Set usage limits")
    CARDS_BIND = "cards:bind", _("Change bound devices")
    USAGE_READ = "usage:read", _("See usage")
    ORDERS_READ = "orders:read", _("See orders, prices and the balance")
    ORDERS_WRITE = "orders:write", _("Place and pay orders")
    REAL_NAME = "real_name:write", _("Submit ID verifications")
    REQUESTS_WRITE = "requests:write", _("Ask the dealer for help")
    WEBHOOKS_WRITE = "webhooks:write", _("Manage webhooks and read events")


READING_SCOPES = (ApiScope.CARDS_READ, ApiScope.USAGE_READ, ApiScope.ORDERS_READ)  # with them nothing is changed

# Of each action of customers the scope that a key needs for it.
SCOPE_OF_ACTION = {
    Action.SUSPEND: ApiScope.CARDS_ACT,
    Action.RESUME: ApiScope.CARDS_ACT,
    Action.SET_LIMIT: ApiScope.CARDS_LIMIT,
    Action.REBIND: ApiScope.CARDS_BIND,
    Action.SUBMIT_REAL_NAME: ApiScope.REAL_NAME,
}


class EventType(TextChoices):
    """What a customer's programs are told of. The words are the interface."""

    STATE_CHANGED = "card.state_changed", pgettext_lazy("event", "State of a card changed")
    HOLD_PLACED = "card.hold_placed", pgettext_lazy("event", "Card stopped")
    HOLD_LIFTED = "card.hold_lifted", pgettext_lazy("event", "Stop of a card lifted")
    USAGE_LEVEL = "card.usage_level", pgettext_lazy("event", "Allowance running out")
    EXPIRING = "card.expiring", pgettext_lazy("event", "Service ends soon")
    REBOUND = "card.rebound", pgettext_lazy("event", "Bound device changed")
    REAL_NAME_CHANGED = "card.real_name_changed", pgettext_lazy("event", "ID verification changed")
    ASSIGNED = "card.assigned", pgettext_lazy("event", "Card assigned to you")
    OPERATION_ENDED = "operation.ended", pgettext_lazy("event", "Operation of a program ended")
    ORDER_PAID = "order.paid", pgettext_lazy("event", "Order paid")
    ORDER_DONE = "order.done", pgettext_lazy("event", "Order delivered")
    BALANCE_LOW = "balance.low", pgettext_lazy("event", "Low balance")
    TEST = "webhook.test", pgettext_lazy("event", "Test of a webhook")


# A test goes to the endpoint that is tested, whatever that has asked for.
EVENTS_TO_CHOOSE = tuple(kind for kind in EventType if kind != EventType.TEST)


class DeliveryOutcome(TextChoices):
    """What became of a delivery; none yet while it waits."""

    DELIVERED = "delivered", pgettext_lazy("delivery", "Delivered")
    FAILED = "failed", pgettext_lazy("delivery", "Failed")
    MERGED = "merged", pgettext_lazy("delivery", "Left out for a later one")
    DROPPED = "dropped", pgettext_lazy("delivery", "Not sent: switched off")


class DeliveryProblem(TextChoices):
    """Why the last try came to nothing."""

    STATUS = "status", _("Answered with another status than 2xx.")
    REDIRECT = "redirect", _("Answered with a redirect, which is not followed.")
    GONE = "gone", _("Answered 410: not wanted any more.")
    TOO_LATE = "too_late", _("No whole answer within 10 seconds.")
    NO_ANSWER = "no_answer", _("The connection ended without an answer.")
    NOT_CONNECTED = "not_connected", _("No connection.")
    NOT_SECURE = "not_secure", _("The certificate is not valid for this name.")
    NO_SUCH_NAME = "no_such_name", _("The name leads to no address.")
    NOT_PUBLIC = "not_public", _("The name leads to an address that is not public.")
    NO_SECRET = "no_secret", _("The secret cannot be read: rotate it.")


class OffReason(TextChoices):
    """Why an endpoint is off, where nobody has switched it off."""

    GONE = "gone", _("It answered 410: not wanted any more.")
    FAILING = "failing", _("It failed for five days.")


class OperationStatus(TextChoices):
    """How far what a program asked for has come. `unknown`: the carrier has not said what became of it."""

    RUNNING = "running", pgettext_lazy("operation", "Running")
    WAITING_FOR_CARRIER = "waiting_for_carrier", pgettext_lazy("operation", "Waiting for the carrier")
    DONE = "done", pgettext_lazy("operation", "Done")
    REFUSED = "refused", pgettext_lazy("operation", "Refused")
    UNKNOWN = "unknown", pgettext_lazy("operation", "Outcome unknown")
    CANCELLED = "cancelled", pgettext_lazy("operation", "Cancelled")

    @property
    def is_over(self) -> bool:
        """Whether nothing will become of it any more."""
        return self not in (OperationStatus.RUNNING, OperationStatus.WAITING_FOR_CARRIER)
