"""How requests are labelled: how far they are, and what the portal knew when they were asked."""

from cards.choices import RequestStatus
from cards.pages.job_labels import Badge
from cards.sentences.diagnosis import Finding, Subject
from cards.sentences.record import evidence_labels

TONES = {RequestStatus.OPEN: "warning", RequestStatus.ANSWERED: "good"}


def badge_of(asked):
    return Badge(asked.get_status_display(), TONES.get(asked.status, ""))


def findings_of(asked):
    """(what was looked at, what was found, its tone) of each check, as it was when the request was made."""
    return [
        (Subject(subject).label, Finding(finding).label, finding)
        for subject, finding in asked.evidence.get("checks", ())
    ]


def facts_of(asked):
    """(name, value) of what the portal knew of the card then."""
    return evidence_labels(asked.evidence.get("facts", {}))
