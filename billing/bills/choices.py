"""The words of bills: how far one has come, and what a line of it came to beside our books."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

_KIND_LABELS = {  # by the providers' own names
    "trade": pgettext_lazy("bill", "Trade bill"),
    "fund": pgettext_lazy("bill", "Fund bill"),
    "signcustomer": pgettext_lazy("bill", "Fund bill"),
}


def kind_label(kind: str) -> str:
    """What people call a bill of this kind."""
    return str(_KIND_LABELS.get(kind, kind))


class BillState(TextChoices):
    """How far a bill has come. What is `fetched` is kept as it came, and still to be read."""

    WANTED = "wanted", pgettext_lazy("bill", "To be fetched")
    FETCHED = "fetched", pgettext_lazy("bill", "Being read")
    READ = "read", pgettext_lazy("bill", "Read")
    FAILED = "failed", pgettext_lazy("bill", "Failed")


class LineVerdict(TextChoices):
    """What a line of a bill came to, or what of ours no line is about (`missing_there`).

    `missing_here` is money that the provider moved and we have not booked; `posted` is booked by the bill itself.
    `retracted` stood in the bill before it was corrected.
    """

    MATCHED = "matched", pgettext_lazy("bill", "Agrees")
    MISSING_HERE = "missing_here", pgettext_lazy("bill", "Not in our books")
    MISSING_THERE = "missing_there", pgettext_lazy("bill", "Not in the bill")
    OTHER_AMOUNT = "other_amount", pgettext_lazy("bill", "Other amount")
    POSTED = "posted", pgettext_lazy("bill", "Posted")
    RETRACTED = "retracted", pgettext_lazy("bill", "Retracted by the provider")
    IGNORED = "ignored", pgettext_lazy("bill", "Not compared")


class BillFault(TextChoices):
    """Why a bill could not be fetched or read, in our own words; a provider's stand as they came."""

    SILENT = "silent", _("The provider could not be reached.")
    GARBLED = "garbled", _("The answer was not the provider's, or not readable.")
    NO_ACCOUNT = "no_account", _("There is no such payment account any more.")
    NO_SECRETS = "no_secrets", _("The secrets of the payment account cannot be read.")
    NO_BILL = "no_bill", _("What came is no bill.")


def told_fault(words: str) -> str:
    """The words of a bill as people read them."""
    return str(BillFault(words).label) if words in BillFault else words
