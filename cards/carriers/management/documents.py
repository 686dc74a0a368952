"""Cards at their carriers as documents: what `carriers … --json` gives, by the names of the carriers' design."""

from django.utils import timezone

from cards.carriers.actions.drifts import open_drifts
from cards.carriers.actions.hearing import wanted_now
from cards.carriers.choices import LineStep, told_words
from cards.carriers.models import Command, Drift, Line
from cards.models import Card

BY_HAND = "by_hand"  # what is proposed where a person has to find out


def card_documents(card_ids):
    """What these cards are at their carriers, in their order; one without an account is nowhere, and `by_hand`."""
    cards = Card.objects.in_bulk(card_ids)
    lines = {line.card_id: line for line in Line.objects.select_related("account").filter(card__in=card_ids)}
    commands, drifts = {}, {}
    for command in Command.objects.filter(card__in=card_ids).order_by("-pk"):
        commands.setdefault(command.card_id, []).append(_command(command))
    for drift in Drift.objects.open().filter(card__in=card_ids).order_by("pk"):
        drifts.setdefault(drift.card_id, []).append({"kind": drift.kind, "proposal": proposal_of(drift)})
    return [
        _document(cards[pk], lines.get(pk) or Line(step=LineStep.BY_HAND))
        | {"commands": commands.get(pk, []), "drift": drifts.get(pk, [])}
        for pk in card_ids
    ]


def drift_documents():
    """The queue of differences, the oldest first. A card that is not in our books has but its number there."""
    return [
        {
            "id": drift.pk,
            "iccid": drift.card.iccid if drift.card else drift.number,
            "account": drift.account.name,
            "kind": drift.kind,
            "proposal": proposal_of(drift),
            "portal": drift.portal,
            "commanded": drift.commanded,
            "seen": drift.seen,
            "since": _instant(drift.since),
            "evidence": drift.evidence,
        }
        for drift in open_drifts()
    ]


def pull_document(pull):
    """What has become of a fetch that was asked for."""
    pull = type(pull).objects.select_related("account").get(pk=pull.pk)
    counts = {name: getattr(pull, name) for name in ("total", "told", "missing", "refused")}
    ended = {"ended": pull.ended_at is not None, "why": told_words(pull.why) or None}
    return {"account": pull.account.name, "kind": pull.kind, "day": pull.day, **counts, **ended}


def comparison_document(run):
    """What has become of a comparison that was asked for."""
    run = type(run).objects.select_related("account").get(pk=run.pk)
    held = {"held_why": run.held_why or None, "examples": run.examples}
    facts = {"began_at": _instant(run.began_at), "ended": run.ended_at is not None, "looked_at": run.looked_at}
    return {"account": run.account.name, **facts, "found": run.found, **held}


def proposal_of(drift):
    """The action that is proposed, of a hold with its kind: `place_hold anomaly`."""
    return " ".join(filter(None, (drift.proposal or BY_HAND, drift.params.get("kind"))))


def _document(card, line):
    return {
        "iccid": card.iccid,
        "account": line.account and line.account.name,
        "wanted": {"service": wanted_now(card, line.account).service},
        "seen": {"service": line.seen_service, "code": line.seen_code, "at": _instant(line.seen_at)},
        "step": line.step_at(card.version),
    }


def _command(command):
    names = ("aspect", "goal", "state", "attempts", "code")
    return {name: getattr(command, name) for name in names} | {"text": told_words(command.text)}


def _instant(at):
    return at and timezone.localtime(at).isoformat()
