"""The differences between the portal and the carriers: found, closed by themselves, approved or rejected by people."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cards.actions.alone import acting_alone
from cards.actions.cancelling import may_cancel_alone, too_many_alone
from cards.actions.jobs import engine, worker
from cards.actions.write import chunked
from cards.carriers.actions.approving import CARRIER_JOB_KINDS
from cards.carriers.actions.commands import lines_locked, open_command, orders_of
from cards.carriers.choices import DriftKind, DriftState, Switch
from cards.carriers.models import Drift
from cards.catalogue import asked_for
from cards.choices import JOB_OVER, JobKind, JobStatus
from cards.errors import BadInput, Refused
from cards.models import Job, JobChunk, UsageDay
from cards.permissions import Actor

MAY_DECIDE_DRIFTS = "carriers.decide_drift"
MOST_TO_WAIT_FOR = 100  # more are done in the background
_DRIFTS_AT_ONCE = 500

# What a look at the state of a card can say nothing of.
_NOT_SEEN = (DriftKind.USAGE, DriftKind.STRANGER)
# What an order to the carrier settles: still so while one is on its way, and a person may order it once more.
SETTLED_BY_ORDERS = (
    *(DriftKind.LEAK, DriftKind.OWN_STOP, DriftKind.NOT_ACTIVATED, DriftKind.REFUSED, DriftKind.UNCONFIRMED),
)
_OF_ORDERS = (DriftKind.REFUSED, DriftKind.UNCONFIRMED)
_CONTENT = ("portal", "commanded", "seen", "evidence", "version")


def open_drifts():
    """What nobody has settled yet, the oldest first, with card and account."""
    return Drift.objects.open().select_related("account", "card").order_by("pk")


# What is found.


def open_ones_of(cards):
    """The open differences of these cards that looks at their states find, locked: by the card's key, then by kind."""
    by_card = {}
    for drift in _locked(Drift.objects.open().filter(card_id__in=cards).exclude(kind__in=_NOT_SEEN)):
        by_card.setdefault(drift.card_id, {})[drift.kind] = drift
    return by_card


def bring_up_to_date(line, card, standing, differing, commands, is_waiting, now):
    """Let the open differences of a card, which are `standing`, be these: verdicts by the kind of difference. The rest
    closes by itself.

    `is_waiting`: an order about it is on its way. What somebody has rejected stays so until something about it changes.
    """
    standing = dict(standing)
    for kind, verdict in differing.items():
        drift, known = drift_of(verdict, line, card, commands, now), standing.pop(kind, None)
        if known and (known.proposal, known.params) == (drift.proposal, drift.params):
            _correct(known, drift)
            continue
        if known:
            _close([known], now)
        if not was_rejected(drift):
            drift.save()
    over = [drift for drift in standing.values() if not (is_waiting and drift.kind in SETTLED_BY_ORDERS)]
    if not line.seen_real_name:
        over = [drift for drift in over if drift.kind != DriftKind.REAL_NAME]
    _close(over, now)


def drift_of(verdict, line, card, commands, now):
    """The difference that a verdict is about, not saved."""
    last = next((command for command in commands if command.ended_at or command.is_in_flight), None)
    return Drift(
        account=line.account,
        card_id=card.pk,
        kind=verdict.kind,
        portal=line.wanted_service,
        commanded=verdict.goal or (last.goal if last else ""),
        seen="" if line.missing_at else line.seen_service,
        evidence=_evidence(verdict, line, last),
        version=card.version,
        proposal=verdict.action,
        params=dict(verdict.params),
        since=now,
    )


def was_rejected(drift):
    """Whether somebody has rejected this very difference, and nothing about it has changed since."""
    which = {"account": drift.account, "card_id": drift.card_id, "number": drift.number, "kind": drift.kind}
    last = Drift.objects.filter(**which).order_by("-pk").first()
    if last is None or not last.is_rejected:
        return False
    alike = ("portal", "seen", "evidence", "version", "proposal", "params")
    return all(getattr(last, name) == getattr(drift, name) for name in alike)


def stranger(account, number, now, evidence=None):
    """A number of the account that is no card of ours; the difference, or None where somebody has rejected it."""
    return differs(account, DriftKind.STRANGER, now, number=number, evidence=evidence)


def differs(account, kind, now, *, card=None, number="", evidence=None):
    """Something differs that no look at a card's state says; told again, it is the same difference."""
    which = {"account": account, "card": card, "number": number, "kind": kind}
    known = Drift.objects.open().filter(**which).first()
    if known:
        _correct(known, Drift(**which, evidence=evidence or {}, version=card.version if card else 0))
        return known
    drift = Drift(**which, evidence=evidence or {}, version=card.version if card else 0, since=now)
    if was_rejected(drift):
        return None
    drift.save()
    return drift


def agrees(account, kind, now, *, card=None, number=""):
    """What was told by `differs` is so no more."""
    _close(Drift.objects.open().filter(account=account, kind=kind, card=card, number=number), now)


def write_down_applied(drift, now):
    """What the carrier has said was taken over without anybody being asked: a difference that is settled already."""
    _close(Drift.objects.open().filter(card_id=drift.card_id, kind=drift.kind), now)
    drift.state, drift.ended_at = DriftState.APPROVED, now
    drift.save()


def applied_since(account, instant):
    """How many differences of an account were settled since without anybody being asked."""
    approved = Drift.objects.filter(account=account, state=DriftState.APPROVED, decided_by=None)
    return approved.filter(ended_at__gt=instant).count()


# What people decide.


def approve(drift_ids, user, reason=""):
    """Have done what is proposed for these differences, which is one and the same thing; the job that does it.

    Each card that has changed since is refused then, and its difference stays. Raises `PermissionDenied` for who may
    not decide, `Refused` for who may not do it to cards, and `BadInput` where nothing is proposed, or not the same.
    """
    _require_decider(user)
    drifts = list(_to_be_decided(drift_ids).exclude(proposal="").order_by("card_id"))
    proposals = {(drift.proposal, *drift.params.items()) for drift in drifts}
    if not drifts:
        raise BadInput("", _("For none of these differences anything is proposed that is still to be done."))
    if len(proposals) > 1:
        raise BadInput("", _("Approve together what the same is proposed for."))
    action = drifts[0].proposal
    require_allowed(action, user)
    with acting_alone(user):
        if asked_for(action).is_final and not may_cancel_alone(user, len(drifts)):
            raise too_many_alone(user)
        job = _begun(drifts, user, reason.strip() or _("As the carrier reports."))
    return worker.work_off(job, kinds=CARRIER_JOB_KINDS) if job.total <= MOST_TO_WAIT_FOR else job


@transaction.atomic
def reject(drift_ids, user):
    """Leave these differences as they are: nothing is done, and they do not come back as they were; their number."""
    _require_decider(user)
    rejected = {"state": DriftState.REJECTED, "ended_at": timezone.now(), "decided_by": user}
    keys = [drift.pk for drift in _locked(_to_be_decided(drift_ids))]
    return Drift.objects.filter(pk__in=keys).update(**rejected)


def order_again(drift_ids, user):
    """Order of the carrier anew what the portal wants of the cards of these differences; how many orders that were.

    The differences close by themselves once it is done. Money may start: that is why a person asks for it. What no
    order settles is left out: nobody resumes against a carrier that stopped the card itself.
    """
    _require_decider(user)
    now, opened = timezone.now(), 0
    settled = _to_be_decided(drift_ids).filter(card__isnull=False, kind__in=SETTLED_BY_ORDERS)
    cards = list(settled.values_list("card", flat=True))
    for some in chunked(cards, _DRIFTS_AT_ONCE):
        with transaction.atomic():
            for line in lines_locked(some):
                wishes = orders_of(line)
                opened += sum(bool(open_command(line, each.aspect, each.goal, now=now, by=user)) for each in wishes)
    return opened


def bytes_used(drifts):
    """What cards used from the day on which their differences were found, by the key of the difference: what a card
    cost that should not have worked."""
    of_cards = [drift for drift in drifts if drift.card_id]
    days = UsageDay.objects.filter(card__in=[drift.card_id for drift in of_cards])
    used = {}
    for drift in of_cards:
        since = timezone.localtime(drift.since).date()
        used.setdefault(since, []).append(drift)
    found = {}
    for since, some in used.items():
        sums = dict(
            days.filter(day__gte=since, card__in=[drift.card_id for drift in some])
            .order_by()
            .values_list("card")
            .annotate(Sum("bytes"))
        )
        found |= {drift.pk: sums.get(drift.card_id, 0) for drift in some}
    return found


def require_allowed(action, user):
    """Raise `Refused` where this person may not do to cards what is proposed for them."""
    if action not in Actor.of(user).actions:
        raise Refused("not_permitted", actor=user.get_username(), action=action)


def _require_decider(user):
    if not user.has_perm(MAY_DECIDE_DRIFTS):
        raise PermissionDenied


def _to_be_decided(drift_ids):
    """Those of these that are open, and of which no job is at work."""
    return Drift.objects.open().filter(Q(job=None) | Q(job__status__in=JOB_OVER), pk__in=list(drift_ids))


def _locked(drifts):
    """Those that these are, locked in the order in which everybody locks them."""
    return list(drifts.order_by("card_id", "pk").select_for_update(of=("self",)))


def _begun(drifts, user, reason):
    """The job of what was approved, on its way. A card has but one difference in it."""
    by_card = {drift.card_id: drift for drift in drifts}
    now = timezone.now()
    job = Job.objects.create(
        kind=JobKind.APPROVE_DRIFT,
        action=drifts[0].proposal,
        params=drifts[0].params,
        reason=reason,
        owner=user,
        language=translation.get_language(),
        status=JobStatus.READY,
        total=len(by_card),
    )
    chunks = [
        JobChunk(
            job=job,
            number=number,
            size=len(some),
            payload={"cards": [drift.card_id for drift in some], "drifts": [drift.pk for drift in some]},
            check_result={"counts": {"can": len(some), "cannot": 0}, "reasons": {}},
            checked_at=now,
        )
        for number, some in enumerate(chunked(by_card.values(), _DRIFTS_AT_ONCE), start=1)
    ]
    JobChunk.objects.bulk_create(chunks, batch_size=20)
    approved = _locked(Drift.objects.filter(pk__in=[drift.pk for drift in by_card.values()]))
    Drift.objects.filter(pk__in=[drift.pk for drift in approved]).update(job=job)
    engine.launch(job, user)
    return Job.objects.get(pk=job.pk)


def _evidence(verdict, line, last):
    """The carrier's own words; of an order that came to nothing, those that it ended with."""
    if verdict.kind in _OF_ORDERS and last:
        words = {"code": last.code, "text": last.text}
    else:
        reason_text = line.seen_reason_text if line.seen_reasons else ""
        words = {"code": line.seen_code, "text": line.seen_text, "reason_text": reason_text}
    found = {"reasons": [each for each in line.seen_reasons.split(",") if each], **words}
    if verdict.kind == DriftKind.DEVICE:
        found["imei"] = line.seen_imei
    if verdict.kind == DriftKind.REAL_NAME:
        found = {"real_name": line.seen_real_name}
    if verdict.goal in Switch:
        found["data"] = line.seen_data
    return {name: value for name, value in found.items() if value}


def _correct(known, drift):
    """What is still so is told as it is now."""
    changed = [name for name in _CONTENT if getattr(known, name) != getattr(drift, name)]
    for name in changed:
        setattr(known, name, getattr(drift, name))
    if changed:
        known.save(update_fields=changed)


def _close(drifts, now):
    keys = [drift.pk for drift in drifts]
    if keys:
        closed = {"state": DriftState.SELF_CLOSED, "ended_at": now}
        Drift.objects.open().filter(pk__in=keys).update(**closed)
