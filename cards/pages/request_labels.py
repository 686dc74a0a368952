"""How requests are labelled: how far they are, and what the portal knew when they were asked."""

from django.utils.translation import gettext_lazy as _

from cards.choices import RequestStatus, label_of
from cards.files.writing import as_text
from cards.pages.badges import Badge
from cards.pages.downloads import instant_cell
from cards.sentences.diagnosis import Finding, Subject
from cards.sentences.record import evidence_labels

REQUEST_TONES = {RequestStatus.OPEN: "warning", RequestStatus.ANSWERED: "good"}


REQUEST_COLUMNS = (
    (_("Request"), str),
    (_("Status"), lambda request: request.get_status_display()),
    ("ICCID", lambda request: as_text(request.card.iccid)),
    (_("Customer"), lambda request: str(request.customer)),
    (_("Question"), lambda request: request.text),
    (_("Submitted by"), lambda request: request.by.get_username()),
    (_("Submitted at"), lambda request: instant_cell(request.asked_at)),
    (_("Answer"), lambda request: request.answer),
    (_("Answered by"), lambda request: request.answered_by.get_username() if request.answered_by else ""),
    (_("Answered at"), lambda request: instant_cell(request.answered_at)),
)


def request_badge(card_request):
    return Badge(card_request.get_status_display(), REQUEST_TONES.get(card_request.status, ""))


def findings_of(card_request):
    """(what was looked at, what was found, its tone) of each check, as it was when the request was made."""
    return [
        (label_of(Subject, subject), label_of(Finding, finding), finding)
        for subject, finding in card_request.evidence.get("checks", ())
    ]


def facts_at_request(card_request):
    """(name, value) of what the portal knew of the card then."""
    return evidence_labels(card_request.evidence.get("facts", {}))
