"""Sealing what was written (`cards.proof.seals`): in pieces, up to the mark behind which nothing can come any more."""

import logging

from django.db import transaction
from django.utils import timezone

from cards.actions.events import is_settled, newest_key, place_of
from cards.models import Seal
from cards.proof.seals import ROWS_PER_SEAL, seal_hash

logger = logging.getLogger(__name__)


def seal_next(book):
    """Seal the next rows of a book; whether there may be more.

    Nothing more either where somebody is still at work who may write a row before the mark: then the next night does.
    """
    seal, newest = None, newest_key(book.model)
    with transaction.atomic(durable=True):
        place = place_of(book.reader, newest)
        keys = list(book.rows(place.through, place.mark, ["pk"])[:ROWS_PER_SEAL]) if is_settled(place) else []
        if keys:
            seal = _seal(book, place.through, keys[-1][0])
            place.through = seal.through
        place.save()
    if seal:  # in the log its hash leaves the machine: whoever changes the database does not change what was logged
        told = (seal.book, seal.number, seal.rows, seal.through, seal.sha256)
        logger.info("Seal of %s: number %s, %s rows, up to key %s, SHA-256 %s", *told)
    return len(keys) == ROWS_PER_SEAL


def _seal(book, after, through):
    before = Seal.objects.filter(book=book.name).order_by("number").last()
    seal = Seal(book=book.name, number=before.number + 1 if before else 1, through=through)
    seal.columns, seal.sealed_at = ",".join(book.columns), timezone.now()
    rows = book.rows(after, through, book.columns).iterator(ROWS_PER_SEAL)
    seal.rows, seal.sha256 = seal_hash(seal, before.sha256 if before else "", rows)
    seal.save()
    return seal
