"""A difference as people read it: what the portal says, what was ordered, what was seen, and what is proposed."""

import json
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.carriers.actions.drifts import bytes_used
from cards.carriers.choices import DriftKind, ServiceState, StopReason, Switch, told_words
from cards.carriers.models import Drift
from cards.choices import Action, Hold
from cards.files.writing import as_text
from cards.pages.downloads import instant_cell
from cards.paging import key_in
from cards.permissions import Actor
from cards.phrases import listed, noted
from cards.quantities import MB

# What approving brings about beside the action itself.
SIDE_EFFECTS = {
    Action.PLACE_HOLD: gettext_lazy("The cards are suspended here too, until someone lifts the hold."),
    Action.LIFT_HOLD: gettext_lazy("Cards that nothing else holds work again, and that is ordered of the carrier."),
    Action.ACTIVATE: gettext_lazy("Service begins here, on the day that the carrier tells, and so does what it costs."),
    Action.CANCEL: gettext_lazy("Cancellation is final. What is left of a paid term is lost."),
    Action.APPROVE_REAL_NAME: gettext_lazy("Cards that only lacked the ID verification work again."),
    Action.REVOKE_REAL_NAME: gettext_lazy("The cards are suspended until their ID is verified again."),
}


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

    `words` is what the carrier said of it, `used_mb` what the card used since, where it used anything.
    """

    drift: Drift
    kind: str
    number: str
    portal: str
    ordered: str
    seen: str
    proposal: str
    words: str
    used_mb: str


DRIFT_COLUMNS = (
    (pgettext_lazy("difference", "Kind"), lambda row: row.kind),
    ("ICCID", lambda row: as_text(row.number)),
    (gettext_lazy("Customer"), lambda row: str((row.drift.card and row.drift.card.customer) or "")),
    (gettext_lazy("Carrier account"), lambda row: str(row.drift.account)),
    (pgettext_lazy("carrier", "Portal"), lambda row: row.portal),
    (pgettext_lazy("carrier", "Order"), lambda row: row.ordered),
    (gettext_lazy("Carrier"), lambda row: row.seen),
    (gettext_lazy("Carrier's words"), lambda row: row.words),
    (gettext_lazy("MB used since"), lambda row: row.used_mb),
    (pgettext_lazy("difference", "Proposal"), lambda row: row.proposal),
    (gettext_lazy("Found at"), lambda row: instant_cell(row.drift.since)),
)


@dataclass(frozen=True)
class ProposalGroup:
    """Differences of a kind for which the same is proposed; `key` names the proposal in a form.

    `may` says whether the reader may do it to cards.
    """

    label: str
    count: int
    key: str
    may: bool


@dataclass(frozen=True)
class DriftChoice:
    """Which differences somebody has chosen: those of these keys, or all of a kind for which the same is proposed."""

    kind: str
    keys: tuple
    group: str

    @classmethod
    def read(cls, params, kind):
        keys = filter(None, map(key_in, params.getlist("ids")))
        return cls(kind, tuple(keys), params.get("group", ""))

    def chosen(self):
        open_ones = Drift.objects.open().filter(kind=self.kind).select_related("card__customer", "account", "job")
        if not self.group:
            return open_ones.filter(pk__in=self.keys)
        try:
            proposal, params = json.loads(self.group)
        except (ValueError, TypeError):
            return open_ones.none()
        return open_ones.filter(proposal=str(proposal), params=params)

    def proposals(self, drifts):
        """(what is done, what that brings about) for these differences, each once."""
        known = {(drift.proposal, json.dumps(drift.params, sort_keys=True)): drift for drift in drifts}
        return [
            (proposal_label(each.proposal, each.params), SIDE_EFFECTS.get(each.proposal, "")) for each in known.values()
        ]


def drift_tabs(chosen):
    """A tab for each kind that has open differences, in the order of the kinds; the first where none is chosen."""
    counts = dict(Drift.objects.open().order_by().values_list("kind").annotate(Count("pk")))
    kinds = [kind for kind in DriftKind if counts.get(kind) or kind == chosen]
    current = chosen or next(iter(kinds), "")
    return [DriftTab(kind.value, kind.label, counts.get(kind, 0), kind == current) for kind in kinds]


def proposal_groups(kind, user):
    """What is proposed for the open differences of a kind, and for how many."""
    allowed = Actor.of(user).actions
    found = Drift.objects.open().filter(kind=kind, job=None).exclude(proposal="").order_by()
    counted = found.values_list("proposal", "params").annotate(count=Count("pk"))
    return [
        ProposalGroup(
            label=proposal_label(proposal, params),
            count=count,
            key=json.dumps([proposal, params], sort_keys=True),
            may=proposal in allowed,
        )
        for proposal, params, count in counted
    ]


def drift_rows(drifts):
    """The rows of these differences, with what their cards used since."""
    used = bytes_used(drifts)
    return [drift_row(drift, used.get(drift.pk, 0)) for drift in drifts]


def drift_row(drift, used=0):
    return DriftRow(
        drift=drift,
        kind=DriftKind(drift.kind).label,
        number=drift.card.iccid if drift.card else drift.number,
        portal=ServiceState(drift.portal).label if drift.portal else "",
        ordered=_goal_label(drift.commanded),
        seen=ServiceState(drift.seen).label,
        proposal=proposal_label(drift.proposal, drift.params),
        words=listed(_evidence_words(drift.evidence)),
        used_mb=f"{used / MB:,.1f}" if used else "",
    )


def proposal_label(proposal, params):
    """What approving does: the action's name, with the hold that it places or lifts."""
    if not proposal:
        return ""
    hold = params.get("kind")
    label = Action(proposal).label
    return noted(label, Hold(hold).label) if hold in Hold else str(label)


def _goal_label(goal):
    """What an order was to reach, without its aspect."""
    if not goal:
        return ""
    vocabulary = next((words for words in (ServiceState, Switch) if goal in words), None)
    return str(vocabulary(goal).label) if vocabulary else goal


def _evidence_words(evidence):
    """What the carrier said, in our words where we have some, otherwise as it came."""
    for name, value in evidence.items():
        if name == "reasons" and isinstance(value, list):
            yield from (StopReason(reason).label if reason in StopReason else reason for reason in value)
        elif name == "code":
            yield _("code {code}").format(code=value)
        elif name in ("real_name", "data") and value in Switch:
            yield noted(_("ID verification") if name == "real_name" else _("Data service"), Switch(value).label)
        elif isinstance(value, str | int | float):
            yield told_words(str(value))
