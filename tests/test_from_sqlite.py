"""A portal moves from SQLite to PostgreSQL: every row comes as it was, and people go on where they were."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from django.db import connection

from tests.made_once import made_once
from tests.own_portal import migrated_on_sqlite, own_portal, python, rows
from tests.processes import Portal

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="it moves to PostgreSQL"),
]

# What the demo has none of: a session, staged rows, a `null` of JSON beside an SQL NULL, and numbers that are gone.
BESIDE_THE_DEMO = """
from datetime import date
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import JSONField, Value
from django.utils import timezone
from cards.models import Card, JobChunk, StagedFile, StagedReading, Tag
SessionStore().create()
file = StagedFile.objects.create(kept_until=timezone.now())
StagedReading.objects.create(
    file=file, card_id=Card.objects.first().pk, day=date(2026, 3, 1), number=1, bytes=2**40, read_at=timezone.now()
)
some, other = JobChunk.objects.values_list("pk", flat=True)[:2]
JobChunk.objects.filter(pk=some).update(result=Value(None, JSONField()))
JobChunk.objects.filter(pk=other).update(result=None)
print(Tag.objects.create(name="gone").pk)
Tag.objects.filter(name="gone").delete()
"""
COMPARE = """
import json
from pathlib import Path
from django.db.models import JSONField, Value
from cards.models import JobChunk
from simportal import from_sqlite
counts, different, both = {}, [], (from_sqlite.SQLITE, "default")
with from_sqlite.sqlite_file(Path(SOURCE)):
    for model in from_sqlite.portal_tables():
        there, here = (list(model._base_manager.using(of).order_by("pk").values()) for of in both)
        counts[model._meta.db_table] = len(there)
        different += [model._meta.label] if there != here else []
print(json.dumps([counts, different, JobChunk.objects.filter(result=Value(None, JSONField())).count()]))
"""
GO_ON = """
from datetime import date
from django.core.management import call_command
from django.db import DatabaseError, transaction
from cards.models import Card, CardEvent, Tag
from tests.build import do
call_command("verify")
card = Card.objects.filter(state="in_use", holds="", parked="").first()
print(do("suspend", card, date(2026, 3, 2)).state, card.events.last().pk == CardEvent.objects.count())
print(Tag.objects.create(name="new").pk)
try:
    CardEvent.objects.all().delete()
except DatabaseError as refused:
    print(str(refused).partition("\\n")[0])
call_command("verify")
"""
AS_OF = {"SIMPORTAL_TODAY": "2026-03-02", "LC_ALL": "C.UTF-8"}


def fill(folder):
    shutil.copy(migrated_on_sqlite().folder / "portal.sqlite3", folder)
    portal = Portal(folder, **AS_OF)
    portal.manage("demo", "--cards", "40")
    (folder / "last_tag").write_text(python(portal, BESIDE_THE_DEMO))


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory):
    """A portal on SQLite with the demo in it, and the last number of a tag that is gone."""
    made = made_once("from_sqlite", fill)
    portal = Portal(tmp_path_factory.mktemp("source"), **AS_OF)
    portal.file = shutil.copy(made / "portal.sqlite3", portal.folder)
    portal.last_tag = int((made / "last_tag").read_text())
    return portal


@pytest.fixture
def on_postgresql(migrated, tmp_path):
    with own_portal(tmp_path, like=migrated, **AS_OF) as portal:
        yield portal


def test_every_row_comes_as_it_was_and_the_portal_goes_on(on_sqlite, on_postgresql):
    done = json.loads(on_postgresql.manage("copy_from_sqlite", on_sqlite.file, "--json"))
    counts, different, nulls = json.loads(python(on_postgresql, f"SOURCE = {str(on_sqlite.file)!r}" + COMPARE))
    assert (different, nulls) == (["cards.DayTally"], 1)  # SQLite keeps none
    assert done == {"tables": counts, "rows": sum(counts.values())}
    assert {table for table in ("cards_stagedreading", "django_session", "billing_entry") if not counts[table]} == set()
    proof, _money, acted, tag, refused, proof_then, _money = python(on_postgresql, GO_ON).splitlines()
    assert (proof[-12:], proof_then[-12:], proof != proof_then) == ("problems: 0.", "problems: 0.", True)
    assert (acted, refused) == ("suspended True", "a card event is never changed or deleted")
    assert int(tag) == on_sqlite.last_tag + 1
    sentence = "The PostgreSQL database is not empty: {table} has rows. Use a new one, after `migrate`."
    assert refused_by(on_postgresql, on_sqlite.file) == [sentence.format(table="billing_customeraccount")]


REFUSED = """
import sqlite3
from contextlib import closing
from django.core.management import CommandError, call_command
def spoilt(path, statements):
    with closing(sqlite3.connect(path)) as file:
        file.executescript(statements)
for path, statements in FILES:
    if statements:
        spoilt(path, statements)
    try:
        call_command("copy_from_sqlite", path)
    except CommandError as refusal:
        print(refusal)
"""


def refused_by(portal, *files):
    """What is said of each file, and of each pair of a file and statements that are run on it before."""
    pairs = [file if isinstance(file, tuple) else (str(file), "") for file in files]
    return python(portal, f"FILES = {pairs!r}" + REFUSED).splitlines()


WORKER = """
    INSERT INTO simportal_tick (name, finished_at)
    VALUES ('simportal.heartbeat', strftime('%Y-%m-%d %H:%M:%S', 'now', '-9 seconds'));
"""
TOO_LONG = "x" * 500
OF_ANOTHER_VERSION = "is not of this version: run `migrate` on it"
SPOILT = {
    "missing": ("", "{} is not a file."),
    "used": ("SELECT 1", "{} is in use: stop web server, workers and beat first."),
    "text": ("", "{} cannot be opened: file is not a database"),
    "ticked": (WORKER, "A worker was at work in the SQLite file"),
    "older": ("DELETE FROM django_migrations WHERE app = 'simportal'", f"The SQLite file {OF_ANOTHER_VERSION}"),
    "later": (
        "INSERT INTO django_migrations (app, name, applied) VALUES ('cards', '0999_later', '2026-03-02')",
        f"The SQLite file {OF_ANOTHER_VERSION}",
    ),
    "long": (
        f"UPDATE cards_customer SET name = name || '{TOO_LONG}'",
        "cards_customer cannot be copied: value too long for type character varying",
    ),
    "orphan": ("UPDATE cards_tag SET id = id + 1000", "The foreign keys cannot be copied: insert or update on table"),
}


def test_what_is_not_right_is_refused_in_a_sentence_and_nothing_is_written(on_sqlite, on_postgresql, tmp_path):
    files = {name: tmp_path / name for name in SPOILT}
    for name, file in files.items():
        shutil.copy(on_sqlite.file, file) if SPOILT[name][0] else None
    files["text"].write_text("ICCID,state\n")
    with closing(sqlite3.connect(files["used"])) as somebody_else:
        somebody_else.execute("SELECT count(*) FROM cards_card").fetchone()
        said = refused_by(on_postgresql, *((str(files[name]), SPOILT[name][0]) for name in SPOILT))
    beginnings = [sentence.format(files[name]) for name, (_statements, sentence) in SPOILT.items()]
    assert [text[: len(begins)] for text, begins in zip(said, beginnings, strict=True)] == beginnings
    assert rows(on_postgresql, "cards_card", "auth_user", "auth_group") == [0, 0, 5]
    assert "no migrations to apply" in on_postgresql.manage("migrate").lower()
