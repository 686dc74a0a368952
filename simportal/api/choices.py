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
