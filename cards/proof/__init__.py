"""The proof of the records: every card stands where its events and its terms say, and they lead there without a gap.

It has parts, each of which looks at a range of keys at a time and goes on behind it, so that a night's proof is done in
pieces (`verify` does them one after the other). Cards that look wrong are read once more, locked, before anything is
said about them, because somebody may have changed them between two of the reads.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cards.models import Card, CardEvent
from cards.proof import allowances, chain, counters, facts
from cards.proof.problem import Findings, Piece, Problem, ProofPart
from cards.proof.reading import METERS_AT_ONCE, ROWS_AT_ONCE, Records, read_records, with_other_counters
from cards.proof.seals import AUDIT, RECORDS, prove_seals, sealed_before
from cards.proof.sums import prove_sums
from cards.unreadable import read_kept

__all__ = ["AUDIT", "RECORDS", "RECORD_PARTS", "Piece", "Problem", "Proof", "ProofPart"]

OfACard = Callable[[Records], Findings]

OF_A_CARD: tuple[OfACard, ...] = (
    *(chain.prove_numbers, chain.prove_chain, chain.prove_signatures),
    *(
        facts.prove_state_and_holds,
        facts.prove_owner,
        facts.prove_iccid,
        facts.prove_terms,
        facts.prove_term_starts,
        facts.prove_device,
        facts.prove_real_name,
        facts.prove_kept,
    ),
    *(allowances.prove_protection, allowances.prove_limits, allowances.prove_packs, allowances.prove_next_due),
)
# Counters change without a record: since an instant, they are asked of all cards at once.
WITHOUT_RECORDS = (counters.prove_counter,)


@dataclass
class Proof:
    """How far the proof has come: what was read so far. `problems` yields while it reads."""

    since: datetime | None = None
    cards: int = 0
    events: int = 0

    def problems(
        self, progress: Callable[[int], object] | None = None, parts: Sequence[ProofPart] | None = None
    ) -> Iterator[Problem]:
        """Every problem, part by part, of cards in the order of their keys; in memory is only a range of them."""
        for part in RECORD_PARTS if parts is None else parts:
            through: int | None = 0
            while through is not None:
                piece = part(self.since, through)
                yield from piece.problems
                self.cards, self.events, through = self.cards + piece.cards, self.events + piece.events, piece.through
                if progress and piece.cards:
                    progress(piece.cards)


def prove_cards(since: datetime | None, after: int) -> Piece:
    """The cards of the next range of keys; since an instant, those of the next range of records."""
    if since is None:
        return _proved(*_next_cards(after), OF_A_CARD + WITHOUT_RECORDS)
    return _proved(*_next_changed(since, after), OF_A_CARD)


def prove_counters(since: datetime | None, after: int) -> Piece:
    """Since an instant: the cards of the next range of keys whose days do not come to what they have used."""
    if since is None:
        return Piece([])  # each card was looked at
    keys = Card.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:METERS_AT_ONCE]
    through = max(keys, default=None)
    differing = with_other_counters(after, through) if through else ()
    return replace(_proved(list(differing), through, WITHOUT_RECORDS), cards=0)


def _proved(cards: list[Card], through: int | None, proofs: Sequence[OfACard]) -> Piece:
    """What a piece came to that proves so much of these cards."""
    piece = Piece([], through, len(cards))
    for first in range(0, len(cards), ROWS_AT_ONCE):
        wrong: list[int] = []
        for records in read_records(cards[first : first + ROWS_AT_ONCE]):
            piece.events += len(records.events)
            if any(_problems(records, proofs)):
                wrong.append(records.card.pk)
        if wrong:
            piece.problems += confirmed(wrong, proofs)
    return piece


def _next_cards(after: int) -> tuple[list[Card], int | None]:
    cards = list(Card.objects.filter(pk__gt=after).order_by("pk")[:ROWS_AT_ONCE])
    return cards, cards[-1].pk if cards else None


def _next_changed(since: datetime, after: int) -> tuple[list[Card], int | None]:
    """The cards whose last record is in the next range of records."""
    records = CardEvent.objects.filter(pk__gt=max(after, sealed_before(RECORDS, since))).order_by("pk")
    keys = dict(records.values_list("pk", "card_id")[:ROWS_AT_ONCE])
    through = max(keys, default=None)
    later = CardEvent.objects.filter(card__among=set(keys.values()), pk__gt=through or 0)
    chosen = set(keys.values()).difference(later.values_list("card_id", flat=True))
    return list(Card.objects.filter(pk__among=chosen).order_by("pk")), through


def confirmed(card_ids: list[int], proofs: Sequence[OfACard]) -> list[Problem]:
    """The problems of these cards, whose records nobody can change meanwhile."""
    with transaction.atomic():
        cards = Card.objects.filter(pk__among=card_ids).order_by("pk").select_for_update(of=("self",))
        return [problem for records in read_records(list(cards)) for problem in _problems(records, proofs)]


def _problems(records: Records, proofs: Sequence[OfACard]) -> Iterator[Problem]:
    def found(prove: OfACard) -> list[tuple[str, str]]:
        return read_kept(lambda records: list(prove(records)), records, _unreadable)

    for code, message in (finding for prove in proofs for finding in found(prove)):
        yield Problem(records.card.iccid, code, message)


def _unreadable(_records: str) -> list[tuple[str, str]]:
    return [("unreadable", _("what is written about the card cannot be read"))]


def _prove_sums(since: datetime | None, after: int) -> Piece:
    return Piece(list(prove_sums()))


RECORD_PARTS: tuple[ProofPart, ...] = (
    prove_cards,
    prove_counters,
    _prove_sums,
    prove_seals(RECORDS),
    prove_seals(AUDIT),
)
