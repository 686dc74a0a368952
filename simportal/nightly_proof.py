"""The proof of each night: what came since the last one is sealed, and proved; some seconds at each ring.

Where a ring or its worker ends, the next one goes on: a row says how far it has come. What is wrong rings: in the log,
in `/readyz?full` and on the dashboard, and is looked at again each night until it is gone.
"""

import logging
from dataclasses import asdict
from time import monotonic

from django.utils import timezone

from billing import proof as books
from billing.bills.proof import BILL_PARTS
from cards import proof
from cards.actions.sealing import seal_next
from cards.calendar import civil_today
from cards.timeouts import statements_within
from simportal.models import ProvenNight

logger = logging.getLogger(__name__)

SEALED_BOOKS = (proof.RECORDS, proof.AUDIT, books.LEDGER)
NIGHTLY_PARTS = (*proof.RECORD_PARTS, *books.BOOK_PARTS, *BILL_PARTS)
PROBLEMS_KEPT = 100
MAY_BE_OLD = 2  # days
STATEMENT_SECONDS = 100  # a check of the books is one statement over all of them; a task may take 120


def prove_for(day, seconds):
    """Go on with the proof of the night for so many seconds; one that is finished is left as it is."""
    ends_at = monotonic() + seconds
    night, _created = ProvenNight.objects.get_or_create(pk=day, defaults={"since": _since()})
    while night.finished_at is None and monotonic() < ends_at:
        _seal(night) if night.sealed_at is None else _prove(night)
        night = ProvenNight.objects.get(pk=day)


def state_of_the_proof():
    """How the last finished proof ended, for `/readyz?full`; before the first there is nothing to say."""
    last = ProvenNight.objects.exclude(finished_at=None).first()
    first = ProvenNight.objects.last()
    is_late = first is not None and (civil_today() - (last or first).day).days > MAY_BE_OLD
    return {
        "ok": not is_late and (last is None or not last.problem_count),
        "last_day": last and last.day,
        "finished_at": last and last.finished_at,
        "problems": last and last.problem_count,
    }


def _since():
    """From where the proof goes on: what was sealed before the last proof that found nothing was proved by it."""
    sound = ProvenNight.objects.filter(problem_count=0).exclude(finished_at=None).first()
    return sound and sound.sealed_at


def _seal(night):
    if not any(seal_next(book) for book in SEALED_BOOKS):
        ProvenNight.objects.filter(pk=night.pk, sealed_at=None).update(sealed_at=timezone.now())


def _prove(night):
    """One piece, and how far it led; of two that do the same piece at once, one writes."""
    with statements_within(STATEMENT_SECONDS):
        piece = NIGHTLY_PARTS[night.part](night.since, night.through)
    is_over = piece.through is None
    now = {
        "part": night.part + is_over,
        "through": 0 if is_over else piece.through,
        "cards": night.cards + piece.cards,
        "problem_count": night.problem_count + len(piece.problems),
        "problems": (night.problems + list(map(asdict, piece.problems)))[:PROBLEMS_KEPT],
    }
    if now["part"] == len(NIGHTLY_PARTS):
        now |= {"part": night.part, "finished_at": timezone.now()}
    as_it_was = ProvenNight.objects.filter(pk=night.pk, part=night.part, through=night.through, finished_at=None)
    if as_it_was.update(**now) and "finished_at" in now:
        _ring(night.pk, now)


def _ring(day, now):
    """What was found stands in the log as an error, with the first of it."""
    if now["problem_count"]:
        told = "; ".join(f"{each['iccid'] or '-'} {each['code']}" for each in now["problems"][:10])
        logger.error("Proof of %s: %s problems. verify lists them; the first: %s", day, now["problem_count"], told)
    else:
        logger.info("Proof of %s: %s cards, no problem", day, now["cards"])
