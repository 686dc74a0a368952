"""A line of the log as people read it, whatever it was read from, and as a row of a file."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cards.files.writing import as_text
from cards.pages.frames import CONSOLE
from cards.phrases import listed


@dataclass(frozen=True)
class Mention:
    """Something that a line is about, and the address of its page; empty where it has none. `is_number`: a name."""

    text: str
    url: str = ""
    is_number: bool = False


def customer_mention(pk, name):
    """A customer and their page; None where there is none."""
    return Mention(name, CONSOLE.money_url("customer", pk)) if name else None


@dataclass(frozen=True)
class LogLine:
    """Who did what, when, to what. `person` is whom a click asks for: empty where a rule or nobody is known.

    `cards` is how many cards it was done to, None where it is about none; `opens` the query that lists each of them.
    """

    at: datetime
    action: str
    by: str
    about: list[Mention]
    person: str = ""
    through: str = ""
    kind: str = ""
    customer: Mention | None = None
    details: list[str] = field(default_factory=list)
    links: list[Mention] = field(default_factory=list)
    reason: str = ""
    cards: int | None = None
    job: int | None = None
    address: str = ""
    opens: str = ""


def log_headings():
    return [
        *(_("Time"), pgettext("audit", "By"), _("Action"), pgettext("audit", "About"), _("Customer")),
        *(
            pgettext("audit", "Details"),
            pgettext("audit", "Address"),
            _("Reason"),
            pgettext("count", "Cards"),
            _("Job"),
        ),
    ]


def log_row(line):
    """The line as a row of a file."""
    about = [as_text(mention.text) if mention.is_number else mention.text for mention in line.about]
    if line.kind:
        about.append(line.kind)
    details = [*line.details, *(mention.text for mention in line.links)]
    return [
        f"{line.at.astimezone():%Y-%m-%d %H:%M:%S}",
        line.by,
        line.action,
        about[0] if len(about) == 1 else listed(filter(None, about)),
        line.customer.text if line.customer else "",
        listed(details),
        line.address,
        line.reason,
        "" if line.cards is None else line.cards,
        line.job or "",
    ]
