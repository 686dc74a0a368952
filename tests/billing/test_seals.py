"""Seals over the cards' records and the ledger: what is changed behind the database's back is found, and where."""

import logging
import re
from datetime import timedelta
from inspect import getsource

import pytest
from django.db import connection, transaction

from billing.models import Posting
from billing.proof import LEDGER
from cards.actions import sealing
from cards.models import EventCursor, Seal
from cards.proof import Proof, seals
from cards.proof.seals import RECORDS, prove_seals, sealed_before
from tests.billing import build as b
from tests.build import card_in_use, unguarded
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

BOOKS = [RECORDS, LEDGER]


def seal(book):
    """Seal all there is, once what is at work beside the test (a vacuum) is over."""
    newest = book.model.objects.order_by("pk").last().pk

    def sealed():
        while sealing.seal_next(book):
            pass
        return EventCursor.objects.get(pk=book.reader).through == newest

    wait_until(sealed, what="that the rows are settled")


@pytest.fixture
def sealed(monkeypatch):
    """Three cards with six records, and three receipts with six postings, under seals of four rows and of two."""
    monkeypatch.setattr(sealing, "ROWS_PER_SEAL", 4)
    for _ in range(3):
        card_in_use()
        b.fund("10")
    for book in BOOKS:
        seal(book)
    unguarded()


def found(book, since=None):
    return [problem.code for problem in Proof(since).problems(parts=[prove_seals(book)])]


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
def test_what_is_as_it_was_written_is_no_problem(book):
    rows = Seal.objects.filter(book=book.name).values_list("number", "rows")
    assert (list(rows), found(book)) == ([(1, 4), (2, 2)], [])
    seal(book)
    assert Seal.objects.filter(book=book.name).count() == 2


FAULTS = {
    "another day": ("UPDATE {table} SET {column} = '2026-01-01' WHERE {key}", ["seal_broken"]),
    "a row less": ("DELETE FROM {table} WHERE id = {first}", ["sealed_row_missing"]),
    "a key": ("UPDATE {table} SET id = -id WHERE id = {first}", ["sealed_row_missing"]),
    "a hash": ("UPDATE cards_seal SET sha256 = 'f' WHERE book = '{book}'", ["seal_broken", "seal_broken"]),
    "the end of a seal": (
        "UPDATE cards_seal SET through = through + 1 WHERE book = '{book}' AND number = 1",
        ["sealed_row_added", "sealed_row_missing"],
    ),
    "the columns": (
        "UPDATE cards_seal SET columns = 'id' WHERE book = '{book}' AND number = 2",
        ["seal_broken"],
    ),
    "when": ("UPDATE cards_seal SET sealed_at = '2026-01-01' WHERE book = '{book}' AND number = 1", ["seal_broken"]),
    "the first seal": ("DELETE FROM cards_seal WHERE book = '{book}' AND number = 1", ["seal_missing"]),
    "the last seal": ("DELETE FROM cards_seal WHERE book = '{book}' AND number = 2", ["seal_missing"]),
    "all seals": ("DELETE FROM cards_seal WHERE book = '{book}'", ["seal_missing"]),
}
WORDS = {
    "records": {"table": "cards_cardevent", "column": "effective_on", "key": "seq = 1 AND id = {first}"},
    "ledger": {"table": "billing_posting", "column": "account", "key": "id = {first}"},
}


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
@pytest.mark.parametrize(("fault", "codes"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_found(book, fault, codes):
    first = book.model.objects.order_by("pk").first().pk
    words = {"book": book.name, "first": first, **WORDS[book.name]}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(fault.format(**words | {"key": words["key"].format(first=first)}))
        assert (cursor.rowcount > 0, found(book)) == (True, codes)
        transaction.set_rollback(True)


@pytest.mark.usefixtures("sealed")
def test_what_an_entry_says_is_sealed_with_its_postings():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_entry SET memo = 'another' WHERE key = %s", [Posting.objects.last().entry_id])
    assert found(LEDGER) == ["seal_broken"]


@pytest.mark.usefixtures("sealed")
def test_since_an_instant_begins_with_the_last_seal_before_it():
    first, second = Seal.objects.filter(book=RECORDS.name)
    assert [sealed_before(RECORDS, at) for at in (first.sealed_at - timedelta(1), first.sealed_at)] == [
        0,
        first.through,
    ]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cards_cardevent SET reason = 'another' WHERE id = %s", [first.through])
    assert found(RECORDS, since=first.sealed_at) == ["seal_broken"]
    assert found(RECORDS, since=second.sealed_at) == []


def test_the_hash_leaves_the_machine_with_the_log(caplog):
    card_in_use()
    with caplog.at_level(logging.INFO, "cards"):
        seal(RECORDS)
    last = Seal.objects.get()
    assert caplog.messages == [
        f"Seal of records: number 1, 2 rows, up to key {last.through}, SHA-256 {last.sha256}",
    ]


def test_whatever_the_seals_may_find_is_tried():
    said = set(re.findall(r'_problem\(book, "([a-z_]+)"', getsource(seals)))
    assert said == {code for _fault, codes in FAULTS.values() for code in codes}
