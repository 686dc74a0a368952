"""The words of the trade: states, holds, actions and the other closed vocabularies of `domain.md`."""

from collections.abc import Hashable
from functools import cache
from typing import Any

from django.db.models import Choices, IntegerChoices, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


def label_of(vocabulary: type[Choices], code: Any) -> str | Promise:
    """What a code is called; one that its vocabulary does not have stays as it is: a later version may know it."""
    labels = _labels(vocabulary)
    return labels[code] if isinstance(code, Hashable) and code in labels else str(code)


@cache
def _labels(vocabulary: type[Choices]) -> dict[Any, str | Promise]:
    return dict(vocabulary.choices)


class State(TextChoices):
    """The six states of a card (`domain.md`, "The six states")."""

    TESTING = "testing", _("Testing")
    UNUSED = "unused", _("Unused")
    IN_USE = "in_use", _("In use")
    SUSPENDED = "suspended", _("Suspended")
    SHUT_DOWN = "shut_down", _("Shut down")
    CANCELLED = "cancelled", _("Cancelled")


class Hold(TextChoices):
    """The six reasons for which a card is stopped, highest precedence first (`domain.md`, "The six holds")."""

    ANOMALY = "anomaly", _("Carrier block")
    REAL_NAME = "real_name", _("ID not verified")
    REBIND = "rebind", _("Device changed")
    CREDIT = "credit", _("Allowance used up")
    THRESHOLD = "threshold", _("Usage limit reached")
    VOLUNTARY = "voluntary", _("Suspended manually")


class Carrier(TextChoices):
    CMCC = "cmcc", _("China Mobile")
    CUCC = "cucc", _("China Unicom")
    CTCC = "ctcc", _("China Telecom")
    CBN = "cbn", _("China Broadnet")


class Certification(TextChoices):
    """Who answers for the card to the carrier: an enterprise, or a person who passes a real-name check."""

    ENTERPRISE = "enterprise", _("Enterprise")
    INDIVIDUAL = "individual", _("Individual")


class Binding(TextChoices):
    """Which device a card may be used in (rule 9)."""

    NONE = "none", _("Any device")
    FIRST_USE = "first_use", _("First device seen")
    FIXED = "fixed", _("Fixed device")


class RealName(TextChoices):
    """How far a card's real-name check has come."""

    NONE = "none", _("Not submitted")
    SUBMITTED = "submitted", _("Pending approval")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    REVOKED = "revoked", _("Revoked")


class PlanKind(TextChoices):
    PLAN = "plan", _("Plan")
    PACK = "pack", _("Add-on pack")


class Alignment(TextChoices):
    """How the end of a term is reckoned (rule 5): 自然月 or 对天."""

    CALENDAR = "calendar", _("Calendar months")
    ANNIVERSARY = "anniversary", _("Anniversary")


class ForcedMode(TextChoices):
    """How the day of forced activation follows from the start of silence (rule 4)."""

    MONTHS = "months", _("Months, from the next month")
    OPENING_MONTH = "opening_month", _("Months, including the opening month")
    DAYS = "days", _("Days")


class Cause(TextChoices):
    """What made a card active."""

    FIRST_USE = "first_use", _("First use")
    FORCED = "forced", _("Forced activation")
    STAFF = "staff", _("Activated by staff")
    REAL_NAME = "real_name", _("ID verification approved")


class CustomerKind(TextChoices):
    ENTERPRISE = "enterprise", _("Enterprise customer")
    INDIVIDUAL = "individual", _("Individual customer")


class MemberRole(TextChoices):
    OWNER = "owner", pgettext_lazy("member", "Owner")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")
    PROGRAM = "program", pgettext_lazy("member", "Program")


ROLES_OF_PEOPLE = tuple(role for role in MemberRole if role != MemberRole.PROGRAM)
ACTING_ROLES = (MemberRole.OWNER, MemberRole.OPERATOR, MemberRole.PROGRAM)


class StaffRole(TextChoices):
    """As what somebody works for the dealer: the groups of these names, and the admin, who is Django's superuser."""

    SUPPORT = "support", pgettext_lazy("role", "Support")
    OPERATIONS = "operations", pgettext_lazy("role", "Operations")
    FINANCE = "finance", pgettext_lazy("role", "Finance")
    CARRIER_DESK = "carrier_desk", pgettext_lazy("role", "Carrier desk")
    AUDITOR = "auditor", pgettext_lazy("role", "Auditor")
    ADMIN = "admin", pgettext_lazy("role", "Admin")


class ActorKind(TextChoices):
    """Who stands behind a record: a rule of the portal, the carrier, or a person and through which door."""

    SYSTEM = "system", pgettext_lazy("actor", "Rule")
    STAFF = "staff", _("Staff")
    CUSTOMER = "customer", _("Customer")
    COMMAND = "command", _("Command line")
    CARRIER = "carrier", pgettext_lazy("actor", "Carrier")
    GUEST = "guest", pgettext_lazy("actor", "Guest")


BY_THEMSELVES = (ActorKind.SYSTEM, ActorKind.CARRIER, ActorKind.GUEST)  # no person of the portal stands behind it


class AuditAction(TextChoices):
    """What the audit list tells: access and settings, and data that leaves the house. Cards and money have records of
    their own."""

    LOGIN = "login", pgettext_lazy("audit", "Logged in")
    LOGIN_REFUSED = "login_refused", pgettext_lazy("audit", "Login refused")
    PAGE_REFUSED = "page_refused", pgettext_lazy("audit", "Page refused")
    CODE_WRONG = "code_wrong", pgettext_lazy("audit", "Wrong two-step code")
    TWO_STEP_ON = "two_step_on", pgettext_lazy("audit", "Two-step login turned on")
    TWO_STEP_OFF = "two_step_off", pgettext_lazy("audit", "Two-step login turned off")
    RECOVERY_CODES = "recovery_codes", pgettext_lazy("audit", "New recovery codes")
    PASSWORD_CHANGED = "password_changed", pgettext_lazy("audit", "Password changed")
    PASSWORD_RESET = "password_reset", pgettext_lazy("audit", "Password set by a mailed link")
    SESSIONS_ENDED = "sessions_ended", pgettext_lazy("audit", "Other sessions ended")
    ACCOUNT_MADE = "account_made", pgettext_lazy("audit", "Account created")
    ACCOUNT_CHANGED = "account_changed", pgettext_lazy("audit", "Account details changed")
    RIGHTS_CHANGED = "rights_changed", pgettext_lazy("audit", "Permissions changed")
    SHUT_OUT = "shut_out", pgettext_lazy("audit", "Shut out")
    LET_IN = "let_in", pgettext_lazy("audit", "Let in again")
    RESET_SENT = "reset_sent", pgettext_lazy("audit", "Password link sent")
    INVITED = "invited", pgettext_lazy("audit", "Invitation created")
    INVITATION_REVOKED = "invitation_revoked", pgettext_lazy("audit", "Invitation revoked")
    JOINED = "joined", pgettext_lazy("audit", "Invitation accepted")
    MEMBER_ADDED = "member_added", pgettext_lazy("audit", "Member added")
    MEMBER_CHANGED = "member_changed", pgettext_lazy("audit", "Member's role changed")
    MEMBER_REMOVED = "member_removed", pgettext_lazy("audit", "Member removed")
    ADDED = "added", pgettext_lazy("audit", "Added")
    CHANGED = "changed", pgettext_lazy("audit", "Changed")
    DELETED = "deleted", pgettext_lazy("audit", "Deleted")
    EXPORTED = "exported", pgettext_lazy("audit", "Exported")
    LABELS_PRINTED = "labels_printed", pgettext_lazy("audit", "Labels printed")
    CODE_REPLACED = "code_replaced", pgettext_lazy("audit", "Claim code replaced")
    KEY_MADE = "key_made", pgettext_lazy("audit", "API key created")
    KEY_REVOKED = "key_revoked", pgettext_lazy("audit", "API key revoked")
    JOB_STARTED = "job_started", pgettext_lazy("audit", "Job started")
    MERGED = "merged", pgettext_lazy("audit", "Customers merged")
    PERSON_EXPORTED = "person_exported", pgettext_lazy("audit", "Personal data exported")
    PERSON_DELETED = "person_deleted", pgettext_lazy("audit", "Personal data deleted")


class JobKind(TextChoices):
    """What a job does: an action to many cards, taking such an action back, a file in, a file out, or giving all that
    one customer has to another.

    Orders and refunds are the work of the room above, differences from carriers that of the room within: here they are
    no more than words.
    """

    ACTION = "action", _("Bulk action")
    UNDO = "undo", _("Undo")
    IMPORT_CARDS = "import_cards", _("Card import")
    IMPORT_USAGE = "import_usage", _("Usage import")
    EXPORT = "export", _("Export")
    MERGE = "merge", _("Merging of customers")
    ORDER = "order", _("Order processing")
    REFUND = "refund", _("Refund processing")
    APPROVE_DRIFT = "approve_drift", _("Approved differences")


OF_ORDERS = (JobKind.ORDER, JobKind.REFUND)
OF_CARDS = tuple(kind for kind in JobKind if kind not in OF_ORDERS)
DONE_WHOLLY = (JobKind.MERGE,)  # nobody stops it half-way
IMPORT_KINDS = (JobKind.IMPORT_CARDS, JobKind.IMPORT_USAGE)
OF_FILES = (*IMPORT_KINDS, JobKind.EXPORT)  # a file is read or written before anything else


class JobStatus(TextChoices):
    """How far a job has come. `asking` waits for a person who says what the columns of its file are, `ready` for one
    who has seen the preview; `placing` writes the lines of an order that somebody has placed. `unread` is over: nothing
    can be made of its file; and so is `put_away`: nobody started the preview in time."""

    PREPARING = "preparing", _("Reading file")
    ASKING = "asking", _("Columns to match")
    CHECKING = "checking", _("Checking")
    READY = "ready", _("Ready to start")
    PLACING = "placing", _("Placing order")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    DONE = "done", _("Finished")
    FAILED = "failed", _("Failed")
    UNREAD = "unread", _("File not read")
    PUT_AWAY = "put_away", _("Put away")


JOB_AT_WORK = (JobStatus.PREPARING, JobStatus.CHECKING, JobStatus.PLACING, JobStatus.RUNNING)
JOB_OVER = (JobStatus.STOPPED, JobStatus.DONE, JobStatus.FAILED, JobStatus.UNREAD, JobStatus.PUT_AWAY)


class Step(TextChoices):
    """What somebody does with a job. A job that is stopped before it has started is discarded."""

    ASKED = "asked", pgettext_lazy("job", "Approval requested by")
    PLACED = "placed", pgettext_lazy("job", "Placing started by")
    STARTED = "started", pgettext_lazy("job", "Started by")
    PAUSED = "paused", pgettext_lazy("job", "Paused by")
    RESUMED = "resumed", pgettext_lazy("job", "Resumed by")
    STOPPED = "stopped", pgettext_lazy("job", "Stopped by")
    DISCARDED = "discarded", pgettext_lazy("job", "Discarded by")
    EXPIRED = "expired", pgettext_lazy("job", "Not approved in time")
    PUT_AWAY = "put_away", pgettext_lazy("job", "Put away, not started within a day")


class DayStep(TextChoices):
    """What is done for each civil day once its sweep is through, in this order."""

    EXPIRY = "expiry", _("Unpaid orders")
    RENEWALS = "renewals", _("Auto-renewals")
    NOTICES = "notices", _("Notices")


class Quarantine(TextChoices):
    """What has become of a reading of more than a card can carry in a day; it waits until somebody decides."""

    WAITING = "waiting", pgettext_lazy("reading", "Waiting")
    TAKEN = "taken", pgettext_lazy("reading", "Accepted")
    DROPPED = "dropped", pgettext_lazy("reading", "Dropped")
    REPLACED = "replaced", pgettext_lazy("reading", "Replaced by a later reading")


class RequestStatus(TextChoices):
    """How far a customer's request to the dealer has come."""

    OPEN = "open", _("Awaiting reply")
    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", _("Closed")


class UsageLevel(IntegerChoices):
    """How far a cycle's allowance is used, as far as lists ask: in per cent, from that step on."""

    NORMAL = 0, _("Plenty left")
    LOW = 80, _("Low")
    USED_UP = 100, _("Used up")


class Action(TextChoices):
    """Everything that a record can say was done: the same word in code, button, permission, event and URL."""

    OPEN = "open", pgettext_lazy("action", "Open")
    ADOPT = "adopt", pgettext_lazy("action", "Take over")
    UPDATE = "update", pgettext_lazy("action", "Correct data")
    END_TEST = "end_test", pgettext_lazy("action", "End test")
    ACTIVATE = "activate", pgettext_lazy("action", "Activate")
    FORCE_ACTIVATE = "force_activate", pgettext_lazy("action", "Force activation")
    SUSPEND = "suspend", pgettext_lazy("action", "Suspend")
    RESUME = "resume", pgettext_lazy("action", "Resume")
    PLACE_HOLD = "place_hold", pgettext_lazy("action", "Place hold")
    LIFT_HOLD = "lift_hold", pgettext_lazy("action", "Lift hold")
    BIND = "bind", pgettext_lazy("action", "Bind device")
    REBIND = "rebind", pgettext_lazy("action", "Change device")
    SUBMIT_REAL_NAME = "submit_real_name", pgettext_lazy("action", "Submit ID verification")
    APPROVE_REAL_NAME = "approve_real_name", pgettext_lazy("action", "Approve ID verification")
    REJECT_REAL_NAME = "reject_real_name", pgettext_lazy("action", "Reject ID verification")
    REVOKE_REAL_NAME = "revoke_real_name", pgettext_lazy("action", "Revoke ID verification")
    SET_LIMIT = "set_limit", pgettext_lazy("action", "Set usage limit")
    RENEW = "renew", pgettext_lazy("action", "Renew")
    UNRENEW = "unrenew", pgettext_lazy("action", "Undo renewal")
    TOP_UP = "top_up", pgettext_lazy("action", "Top up")
    GRANT = "grant", pgettext_lazy("action", "Grant free service")
    PROTECT = "protect", pgettext_lazy("action", "Protect")
    UNPROTECT = "unprotect", pgettext_lazy("action", "Remove protection")
    ASSIGN = "assign", pgettext_lazy("action", "Assign to customer")
    UNASSIGN = "unassign", pgettext_lazy("action", "Return to stock")
    TAG = "tag", pgettext_lazy("action", "Add tag")
    UNTAG = "untag", pgettext_lazy("action", "Remove tag")
    REMARK = "remark", pgettext_lazy("action", "Edit remark")
    ROLL_OVER = "roll_over", pgettext_lazy("action", "Start next cycle")
    START_TERM = "start_term", pgettext_lazy("action", "Start next term")
    EXPIRE = "expire", pgettext_lazy("action", "Shut down")
    SWAP = "swap", pgettext_lazy("action", "Swap SIM")
    CANCEL = "cancel", pgettext_lazy("action", "Cancel")
    PARK = "park", pgettext_lazy("action", "Park")
    UNPARK = "unpark", pgettext_lazy("action", "Unpark")


class Rule(TextChoices):
    """The rules that change cards by themselves; a record names one as `rule:end_test`."""

    END_TEST = "end_test", _("The test period is over")
    FIRST_USE = "first_use", _("The card was used for the first time")
    FORCE_ACTIVATE = "force_activate", _("The silent period is over")
    FIRST_DEVICE = "first_device", _("The first device seen is the card's device")
    REBIND = "rebind", _("The card was seen in another device")
    CREDIT = "credit", _("The cycle's allowance is used up")
    THRESHOLD = "threshold", _("The usage limit is reached")
    ROLL_OVER = "roll_over", _("A new cycle starts")
    START_TERM = "start_term", _("The next term starts")
    EXPIRE = "expire", _("The last term has ended")
    CANCEL = "cancel", _("Not renewed in time")
    PARK = "park", _("The card's data is inconsistent")


# What stops a card, whoever or whichever rule does it.
STOPS = (Action.SUSPEND, Action.PLACE_HOLD)

# What changes whose card it is; nothing else does.
CHANGES_OWNER = (Action.ASSIGN, Action.UNASSIGN)

HOLDS_THAT_END_WITH_A_CYCLE = (Hold.CREDIT, Hold.THRESHOLD)

HOLD_MAY_BE_PLACED_FROM = {
    Hold.ANOMALY: (State.TESTING, State.UNUSED, State.IN_USE),
    Hold.REAL_NAME: (State.UNUSED, State.IN_USE),
    Hold.REBIND: (State.TESTING, State.IN_USE),
    Hold.CREDIT: (State.IN_USE,),
    Hold.THRESHOLD: (State.IN_USE,),
    Hold.VOLUNTARY: (State.IN_USE,),
}

# What people ask for by name, in the order in which a page offers it; everything else is done by rules and files.
MADE_BY_PEOPLE = (
    Action.ACTIVATE,
    Action.FORCE_ACTIVATE,
    Action.SUSPEND,
    Action.RESUME,
    Action.PLACE_HOLD,
    Action.LIFT_HOLD,
    Action.RENEW,
    Action.UNRENEW,
    Action.TOP_UP,
    Action.GRANT,
    Action.SET_LIMIT,
    Action.REBIND,
    Action.SUBMIT_REAL_NAME,
    Action.APPROVE_REAL_NAME,
    Action.REJECT_REAL_NAME,
    Action.REVOKE_REAL_NAME,
    Action.ASSIGN,
    Action.UNASSIGN,
    Action.TAG,
    Action.UNTAG,
    Action.REMARK,
    Action.PROTECT,
    Action.UNPROTECT,
    Action.UNPARK,
    Action.SWAP,
    Action.CANCEL,
)
