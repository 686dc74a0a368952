"""The words of this room: what a card is at its carrier, what is ordered there, and what became of it."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.ciphers import NO_KEY


class ServiceState(TextChoices):
    """What a card is at its carrier, whatever that carrier calls it.

    Each protocol has the table from its own codes. One that its table does not have is `UNREADABLE`: it is kept as it
    was told, and a person looks at it. A card in the carrier's stock, and one whose test is over, is `SILENT`.
    """

    TEST = "test", pgettext_lazy("at the carrier", "In test")
    SILENT = "silent", pgettext_lazy("at the carrier", "Not activated")
    ACTIVE = "active", pgettext_lazy("at the carrier", "Active")
    STOPPED = "stopped", pgettext_lazy("at the carrier", "Stopped")
    CANCELLED = "cancelled", pgettext_lazy("at the carrier", "Cancelled")
    UNREADABLE = "", pgettext_lazy("at the carrier", "Unknown")


class StopReason(TextChoices):
    """Why a card is stopped at its carrier, where the carrier says so. All but `OWN` are the carrier's own doing."""

    OWN = "own", pgettext_lazy("stopped", "our own order")
    DEVICE = "device", pgettext_lazy("stopped", "another device")
    ENDED = "ended", pgettext_lazy("stopped", "the carrier's plan has ended")
    MANAGED = "managed", pgettext_lazy("stopped", "stopped by the carrier's management")
    CREDIT = "credit", pgettext_lazy("stopped", "the carrier's credit control")
    REGION = "region", pgettext_lazy("stopped", "outside the permitted region")
    FORCED = "forced", pgettext_lazy("stopped", "forced stop")
    OTHER = "other", pgettext_lazy("stopped", "another reason")


class Switch(TextChoices):
    """Whether something is on there: the data service, or (`on`: done) the ID verification. Blank: not told."""

    ON = "on", pgettext_lazy("switch", "on")
    OFF = "off", pgettext_lazy("switch", "off")


class Aspect(TextChoices):
    """What a command changes. A card has one open command of each, and one of all in flight."""

    SERVICE = "service", pgettext_lazy("command", "service")
    ACTIVATION = "activation", pgettext_lazy("command", "activation")
    DATA = "data", pgettext_lazy("command", "data switch")
    CAP = "cap", pgettext_lazy("command", "usage cap")
    BINDING = "binding", pgettext_lazy("command", "device binding")
    CANCEL = "cancel", pgettext_lazy("command", "cancellation")


# What may be sent again once a state query has said that it is not done: it says how things are to be, not what to do.
# Of an activation money starts, and a cancellation is final: those are a person's to repeat.
REPEATABLE = frozenset({Aspect.SERVICE, Aspect.DATA, Aspect.CAP, Aspect.BINDING})


class Can(TextChoices):
    """What an account of a protocol can do beside the aspects of commands."""

    REAL_NAME = "real_name", _("ID verification status")
    REAL_NAME_LINK = "real_name_link", _("link for the ID verification")
    USAGE_DAY = "usage_day", _("usage by day")
    USAGE_CYCLE = "usage_cycle", _("usage by cycle")
    CHANGED = "changed", _("list of changed cards")
    ORDER = "order", _("status of an order")
    PUSH = "push", _("notifications")


class CommandState(TextChoices):
    """How far a command has come. Only a state query of the card makes one `confirmed`."""

    QUEUED = "queued", pgettext_lazy("command", "Waiting to be sent")
    SENT = "sent", pgettext_lazy("command", "Sent")
    ACCEPTED = "accepted", pgettext_lazy("command", "Accepted, not yet confirmed")
    ASKING = "asking", pgettext_lazy("command", "Being checked")
    CONFIRMED = "confirmed", pgettext_lazy("command", "Confirmed")
    REFUSED = "refused", pgettext_lazy("command", "Refused by the carrier")
    UNKNOWN = "unknown", pgettext_lazy("command", "Outcome unknown")
    SUPERSEDED = "superseded", pgettext_lazy("command", "Replaced by a later order")
    BY_HAND = "by_hand", pgettext_lazy("command", "To be done by hand")


IN_FLIGHT = (CommandState.SENT, CommandState.ACCEPTED, CommandState.ASKING)
OPEN_COMMANDS = (CommandState.QUEUED, *IN_FLIGHT, CommandState.BY_HAND)


class LineStep(TextChoices):
    """Where a card stands between the portal and its carrier: the filter `step` of lists."""

    IN_STEP = "in_step", pgettext_lazy("at the carrier", "In step")
    WAITING = "waiting", pgettext_lazy("at the carrier", "Waiting for the carrier")
    REFUSED = "refused", pgettext_lazy("at the carrier", "Refused by the carrier")
    UNKNOWN = "unknown", pgettext_lazy("at the carrier", "Outcome unknown")
    DRIFT = "drift", pgettext_lazy("at the carrier", "Differs")
    BY_HAND = "by_hand", pgettext_lazy("at the carrier", "By hand")
    GONE = "gone", pgettext_lazy("at the carrier", "Cancelled by the carrier")


class OwnWords(TextChoices):
    """What the portal has to say itself where a carrier's words are kept: kept as a code, said to whoever reads it."""

    NO_MSISDN = "portal:no_msisdn", _("The card has no MSISDN: this carrier knows cards by it.")
    DAY_IS_GONE = "portal:day_is_gone", _("the carrier does not tell this day any more")
    NO_ANSWER = "portal:no_answer", _("no answer")
    NO_KEY = "portal:no_key", NO_KEY


def told_words(text: str) -> str:
    """Words that are kept, as they are read: a carrier's as they came."""
    return str(OwnWords(text).label) if text in OwnWords else text


class CallKind(TextChoices):
    """What a call to a carrier was for; a change may have had an effect, whatever came back."""

    CHANGE = "change", pgettext_lazy("call", "order")
    ASK = "ask", pgettext_lazy("call", "state query")


class CallResult(TextChoices):
    """What an adapter made of an answer: the normal results of `results.py`, by name."""

    ACCEPTED = "accepted", pgettext_lazy("call", "accepted")
    ALREADY_SO = "already_so", pgettext_lazy("call", "already so")
    REFUSED = "refused", pgettext_lazy("call", "refused")
    BUSY = "busy", pgettext_lazy("call", "busy")
    ACCOUNT_FAULT = "account_fault", pgettext_lazy("call", "account not accepted")
    UNKNOWN = "unknown", pgettext_lazy("call", "nothing understandable heard")
    SEEN = "seen", pgettext_lazy("call", "state told")
    MISSING = "missing", pgettext_lazy("call", "no such card")


class DriftKind(TextChoices):
    """In what the carrier and the portal differ; a difference of a card is open once for each kind."""

    LEAK = "leak", pgettext_lazy("difference", "Active there, stopped or ended here")
    STOPPED = "stopped", pgettext_lazy("difference", "Stopped by the carrier")
    OWN_STOP = "own_stop", pgettext_lazy("difference", "Still stopped by our own order")
    ACTIVATED = "activated", pgettext_lazy("difference", "Activated there, not here")
    NOT_ACTIVATED = "not_activated", pgettext_lazy("difference", "Active here, not activated there")
    CANCELLED = "cancelled", pgettext_lazy("difference", "Cancelled by the carrier")
    REAL_NAME = "real_name", pgettext_lazy("difference", "ID verification differs")
    DEVICE = "device", pgettext_lazy("difference", "Device differs")
    UNREADABLE = "unreadable", pgettext_lazy("difference", "Unknown state")
    REFUSED = "refused", pgettext_lazy("difference", "Order refused")
    UNCONFIRMED = "unconfirmed", pgettext_lazy("difference", "Outcome unknown")
    MISSING = "missing", pgettext_lazy("difference", "Here, not there")
    STRANGER = "stranger", pgettext_lazy("difference", "There, not here")
    USAGE = "usage", pgettext_lazy("difference", "Usage differs")


class DriftState(TextChoices):
    OPEN = "open", pgettext_lazy("difference", "Open")
    APPROVED = "approved", pgettext_lazy("difference", "Approved")
    REJECTED = "rejected", pgettext_lazy("difference", "Rejected")
    SELF_CLOSED = "self_closed", pgettext_lazy("difference", "No longer there")


class PullKind(TextChoices):
    """What is fetched for many cards of an account, piece by piece behind a cursor."""

    USAGE_DAY = "usage_day", pgettext_lazy("pull", "Usage of a day")
    USAGE_CYCLE = "usage_cycle", pgettext_lazy("pull", "Usage of the cycle")
    USAGE_MONTH = "usage_month", pgettext_lazy("pull", "Usage of a month")
    STATES = "states", pgettext_lazy("pull", "All cards")
    CHANGED = "changed", pgettext_lazy("pull", "Changed cards")
