"""A difference as people read it: what the portal says, what was ordered, what was seen, and what is proposed."""

from dataclasses import dataclass

from django.db.models import Count

from cards.carriers.choices import DriftKind, ServiceState
from cards.carriers.models import Drift
from cards.choices import Action, Hold
from cards.phrases import noted

MAY_DECIDE_DRIFT = "carriers.decide_drift"


@dataclass(frozen=True)
class DriftTab:
    """A kind of difference, and how many of it are open."""

    code: str
    label: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class DriftRow:
    """`proposal` is what approving does; blank, a person has to settle it by other means.

    `words` is what the carrier said of it.
    """

    drift: Drift
    kind: str
    number: str
    portal: str
    seen: str
    proposal: str
    words: str


def drift_tabs(chosen):
    """A tab for each kind that has open differences, in the order of the kinds; the first where none is chosen."""
    counted = Drift.objects.open().order_by().values_list("kind").annotate(Count("pk"))
    counts = dict(counted)
    kinds = [kind for kind in DriftKind if counts.get(kind) or kind == chosen]
    current = chosen or next(iter(kinds), "")
    return [DriftTab(kind.value, kind.label, counts.get(kind, 0), kind == current) for kind in kinds]


def drift_row(drift):
    return DriftRow(
        drift=drift,
        kind=DriftKind(drift.kind).label,
        number=drift.card.iccid if drift.card else drift.number,
        portal=ServiceState(drift.portal).label if drift.portal else "",
        seen=ServiceState(drift.seen).label,
        proposal=proposal_label(drift.proposal, drift.params),
        words=" ".join(str(value) for value in drift.evidence.values() if isinstance(value, str | int)),
    )


def proposal_label(proposal, params):
    """What approving does: the action's name, with the hold that it places or lifts."""
    if not proposal:
        return ""
    hold = params.get("kind")
    label = Action(proposal).label
    return noted(label, Hold(hold).label) if hold in Hold else str(label)
