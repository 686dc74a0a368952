"""How requests are labelled: how far they are, and what the portal knew when they were asked."""

from cards.choices import RequestStatus, label_of
from cards.pages.badges import Badge
from cards.sentences.diagnosis import Finding, Subject
from cards.sentences.record import evidence_labels

REQUEST_TONES = {RequestStatus.OPEN: "warning", RequestStatus.ANSWERED: "good"}


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
