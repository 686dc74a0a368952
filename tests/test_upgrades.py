"""An upgrade beside a portal at work: `migrate` keeps nobody waiting, and the code of before goes on meanwhile."""

import shutil
import socket
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from io import BytesIO

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models import Q

from cards import schema
from cards.models import Card, ServiceTerm
from cards.schema import AddIndexBeside, RemoveIndexBeside, RemoveKeyIndexBeside
from simportal.management.commands import migrate
from tests.build import open_card
from tests.made_once import kept, made_once
from tests.own_portal import migrated_on_sqlite, own_portal, python
from tests.processes import Portal, wait_until
from tests.version_before import BEFORE, VERSION_BEFORE, commit_before
from tests.visitors import REMARKS, STAFF_AND_CARD, Visitors

ROOMS = ("api", "billing", "bills", "cards", "carriers", "simportal")
# The last migrations of 0.5.0, from which on what follows is held to.
HELD_SINCE = {"billing": "0008_words", "cards": "0025_quarantine", "simportal": "0001_initial"}

# With a row or more for each card; the others have thousands of rows where these have millions.
LARGE = {
    *("cards.card", "cards.cardevent", "cards.usageday", "cards.serviceterm", "cards.orderedterm", "cards.cardtag"),
    *("cards.devicebinding", "cards.realnamecheck", "cards.stagedreading", "cards.quarantinedreading"),
    *("billing.orderline", "billing.posting", "billing.entry", "billing.cardrenewal", "billing.notice"),
    *("billing.renewedterm", "billing.missedrenewal", "billing.announcedrenewal"),
    *("carriers.line", "carriers.command", "carriers.attempt", "carriers.cyclereading", "carriers.drift"),
    "bills.billline",
}
ONE_ROW = {"billing.moneyrules", "cards.cancellingrules"}  # which nobody adds to
# What was looked at, and found to be short.
LOOKED_AT = {
    "api.0002_webhooks": "two rows, each after one look at the end of an index",
    "billing.0011_terms_on_order": "asks for the lines of orders that are not served yet, by an index",
    "billing.0014_references_however_written": "receipts, of which there are thousands",
    "billing.0024_money_from_outside": "entries may be nobody's: NOT NULL is dropped, in the catalogue alone",
    "billing.0017_payments_to_clear": "a unique index on notices: seconds, in which none is given",
    "billing.0026_notices_told_each_time": "a unique index on notices: seconds, in which none is given",
    "cards.0027_grant": "permissions",
    "cards.0033_cancelling_by_two": "one row",
    "cards.0067_all_moved": "customers who were merged, of whom there are few",
    "cards.0069_days_by_month": "the catalogue alone: the constraint that takes long is validated while others write",
    "cards.0072_past_cycles": "makes a function",
    "cards.0037_the_staged_are_emptied_by_the_owner": "makes a function",
}


def in_order():
    """Every migration of ours, each after those that it needs."""
    loader = MigrationLoader(None, replace_migrations=False)
    leaves = [leaf for leaf in loader.graph.leaf_nodes() if leaf[0] in ROOMS]
    plan = dict.fromkeys(key for leaf in leaves for key in loader.graph.forwards_plan(leaf))
    return [(key, loader.graph.nodes[key]) for key in plan]


def is_newer(key, than):
    app, name = key
    return app in ROOMS and name > than.get(app, "")  # a room that came later is newer as a whole


def complaints(migration, state, made=frozenset()):
    """What of this migration, coming after `state`, people at work or the code of before would notice.

    `made` are tables of which the code of before knows nothing.
    """
    found = []
    made = made | {f"{migration.app_label}.{new.name_lower}" for new in migration.operations if is_new_model(new)}
    for operation in migration.operations:
        name = getattr(operation, "model_name", None) or getattr(operation, "name", "")
        table = f"{migration.app_label}.{name.lower()}"
        if table not in made and (wrong := _wrong(operation, table, migration, state)):
            found.append(f"{type(operation).__name__} {table}: {wrong}")
    return found


def is_new_model(operation):
    return isinstance(operation, migrations.CreateModel)


def _wrong(operation, table, migration, state):
    match operation:
        case AddIndexBeside() | RemoveIndexBeside() | RemoveKeyIndexBeside():
            return "its migration has to say atomic = False" if migration.atomic else ""
        case migrations.AddIndex() | migrations.RemoveIndex() | migrations.AddConstraint():
            return "shuts everybody out of a large table" if table in LARGE else ""
        case migrations.AddField(field=field):
            return _wrong_of_new(field, table)
        case migrations.AlterField(field=field):
            return _wrong_of_changed(state.models[tuple(table.split("."))].fields[operation.name], field, table)
        case migrations.RunPython() | migrations.RunSQL():
            return "all rows in one transaction" if migration.atomic else ""
        case migrations.DeleteModel() | migrations.RemoveField() | migrations.RenameField() | migrations.RenameModel():
            return "the code of before still asks for it"
        case migrations.AlterModelTable() | migrations.SeparateDatabaseAndState():
            return "say what it does to whoever is at work"
    return ""


def _wrong_of_new(field, table):
    if not (field.null or field.has_db_default() or field.many_to_many or table in ONE_ROW):
        return "the code of before writes rows without it: null=True or db_default"
    if table in LARGE and (field.db_index or field.unique):
        return "builds an index of a large table: db_index=False, and AddIndexBeside"
    return ""


def _wrong_of_changed(before, after, table):
    """Choices and words are in no database, and a longer text is a change of its catalogue alone."""
    layouts = [_layout(field) for field in (before, after)]
    lengths = [layout.pop("max_length", 0) for layout in layouts]
    if table in LARGE and layouts[0] != layouts[1]:
        return "writes a large table anew"
    return "the code of before writes longer ones" if lengths[0] > lengths[1] else ""


def _layout(field):
    _name, path, _args, options = field.deconstruct()
    return {"path": path} | {name: said for name, said in options.items() if name not in field.non_db_attrs}


@pytest.mark.once
def test_no_migration_keeps_people_waiting_or_forgets_the_code_of_before():
    plan = in_order()
    state = MigrationLoader(None, replace_migrations=False).project_state(list(HELD_SINCE.items()))
    known = set(state.models)
    found = {}
    for key, migration in plan:
        if is_newer(key, HELD_SINCE):
            made = {".".join(table) for table in set(state.models) - known}
            if wrong := complaints(migration, state, made):
                found[".".join(key)] = wrong
            state = migration.mutate_state(state, preserve=False)
    assert {name: wrong for name, wrong in found.items() if name not in LOOKED_AT} == {}
    assert [name for name in LOOKED_AT if name not in found] == []


AS_OF = {"DEBUG": "1", "SIMPORTAL_TODAY": "2026-08-01"}
# Nobody is at work, to whom SQLite's lock would be left between two migrations.
GO_BACK = f"""
from django.core.management import call_command
from simportal.management.commands import migrate
migrate.TURN = 0
for app, name in {BEFORE!r}.items():
    call_command("migrate", app, name, verbosity=0)
"""
LOGGED_IN = """
from django.contrib.auth.models import User
from cards.models import Card
from tests.console.pages import logged_in
card = Card.objects.get()
print(logged_in(User.objects.get()).cookies["sessionid"].value, card.iccid, card.version)
"""
EXPLAIN_WHAT_IS_GUARDED = """
from django.db import connection
cursor = connection.cursor()
guarded = cursor.execute("SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'").fetchall()
for (table,) in guarded:
    columns = cursor.execute(f"PRAGMA table_info({table})").fetchall()
    changed = ", ".join(f'"{name}" = "{name}"' for _, name, *_ in columns)
    for written in (f"INSERT INTO {table} DEFAULT VALUES", f"UPDATE {table} SET {changed}", f"DELETE FROM {table}"):
        cursor.execute(f"EXPLAIN {written}")
print(len(guarded))
"""
DATA_ALONE = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # as of Python 3.11.4
INDEX = models.Index(fields=["carrier"], name="card_again")
AGAIN, NOT_AGAIN = AddIndexBeside("card", INDEX), RemoveIndexBeside("card", "card_again")
WITHOUT_THE_INDEX = RemoveKeyIndexBeside(
    "serviceterm", "card", models.ForeignKey("cards.card", models.PROTECT, related_name="terms", db_index=False)
)
LONGER, SHORTER = models.CharField(max_length=64), models.CharField(max_length=8)
NOTICED = (
    (migrations.AddIndex("card", INDEX), "shuts everybody out of a large table"),
    (AddIndexBeside("card", INDEX), "its migration has to say atomic = False"),
    (migrations.RemoveIndex("card", "card_state"), "shuts everybody out of a large table"),
    (RemoveIndexBeside("card", "card_state"), "its migration has to say atomic = False"),
    (WITHOUT_THE_INDEX, "its migration has to say atomic = False"),
    (migrations.AddConstraint("card", models.CheckConstraint(condition=Q(pk=1), name="one")), "shuts everybody out"),
    (migrations.AddField("customer", "said", models.CharField(max_length=8)), "the code of before writes rows without"),
    (migrations.AddField("card", "said", models.IntegerField(null=True, db_index=True)), "builds an index"),
    (migrations.AlterField("card", "version", models.BigIntegerField(default=0)), "writes a large table anew"),
    (migrations.AlterField("customer", "name", SHORTER), "the code of before writes longer ones"),
    (migrations.RunPython(migrations.RunPython.noop), "all rows in one transaction"),
    (migrations.RemoveField("card", "remark"), "the code of before still asks for it"),
    (migrations.RenameField("card", "remark", "said"), "the code of before still asks for it"),
)
NOT_NOTICED = (
    migrations.AddIndex("job", models.Index(fields=["kind"], name="job_kind")),
    migrations.AddField("card", "said", models.CharField(max_length=8, db_default="")),
    migrations.AddField("card", "said", models.CharField(max_length=8, null=True)),
    migrations.AlterField("card", "remark", models.CharField("words", max_length=500, blank=True)),
    migrations.CreateModel("Made", [("id", models.BigAutoField(primary_key=True))]),
)


@pytest.mark.once
def test_what_people_would_notice_is_found():
    state = MigrationLoader(None, replace_migrations=False).project_state([("cards", HELD_SINCE["cards"])])

    def told(operation):
        migration = migrations.Migration("0099_new", "cards")
        migration.operations = [operation]
        return complaints(migration, state)

    for operation, sentence in NOTICED:
        (found,) = told(operation)
        assert sentence in found
    assert [told(operation) for operation in NOT_NOTICED] == [[]] * len(NOT_NOTICED)


@pytest.mark.django_db
def test_the_code_of_before_can_read_and_write_every_table():
    """It writes no column of which it does not know: the database has to know what stands there."""
    state = MigrationLoader(None, replace_migrations=False).project_state(list(BEFORE.items()))
    missing, asked_for = {}, {}
    with connection.cursor() as cursor:
        for model in state.apps.get_models():
            table, known = model._meta.db_table, {field.column for field in model._meta.concrete_fields}
            columns = connection.introspection.get_table_description(cursor, table)
            if gone := known - {column.name for column in columns}:
                missing[table] = gone
            new = [column for column in columns if column.name not in known]
            if wanted := [column.name for column in new if not column.null_ok and column.default is None]:
                asked_for[table] = wanted
    assert (missing, asked_for) == ({}, {})


@pytest.fixture
def version_before(tmp_path):
    """The folder of its source, as it was released, where the clone has a history."""
    commit = commit_before()
    if not commit:
        pytest.skip("this clone has no history")
    archive = subprocess.run(["git", "-C", settings.BASE_DIR, "archive", commit], capture_output=True, check=True)
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(tmp_path / "before", **DATA_ALONE)
    return tmp_path / "before"


@contextmanager
def served(portal, source, listener):
    """The portal's pages by the code in this folder; at the end the web server ends what is under way.

    Whoever serves, the port stays open, as systemd holds it in service.
    """
    command = [sys.executable, "-m", "gunicorn", "simportal.wsgi", "--bind", f"fd://{listener.fileno()}"]
    with subprocess.Popen(command, cwd=source, env=portal.environment, pass_fds=[listener.fileno()]) as web:
        try:
            yield
        finally:
            web.terminate()
    assert web.returncode == 0


def go_back(folder):
    shutil.copy(migrated_on_sqlite().folder / "portal.sqlite3", folder)
    python(Portal(folder, **AS_OF), STAFF_AND_CARD + GO_BACK)


@pytest.fixture
def laid_before():
    """A portal whose database is laid as the version before had it; it stays for the next runs until code changes."""
    return Portal(made_once("before", lambda folder: kept(folder, f"before-{VERSION_BEFORE}", go_back)))


def told_by(source, portal, code):
    """What code of ours has printed that ran beside the source in this folder."""
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code]
    done = subprocess.run(command, cwd=source, env=portal.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.once
@pytest.mark.processes
def test_pages_answer_all_the_while_that_the_version_goes_up_and_back_again(version_before, laid_before, tmp_path):
    with (
        own_portal(tmp_path, like=laid_before, WEB_CONCURRENCY="1", **AS_OF) as portal,
        socket.create_server(("127.0.0.1", 0), backlog=128) as listener,
    ):
        told = told_by(version_before, portal, LOGGED_IN)
        visitors = Visitors(f"http://127.0.0.1:{listener.getsockname()[1]}", told)
        with served(portal, version_before, listener):
            visitors.begin()
            visitors.answered()
            portal.manage("migrate", "--verbosity", "0")
            visitors.answered()
        with served(portal, settings.BASE_DIR, listener):
            visitors.answered()
        with served(portal, version_before, listener):
            visitors.answered()
            visitors.end()
        assert visitors.refused == {}
        assert int(python(portal, REMARKS)) == visitors.written
        assert "problems: 0." in portal.manage("verify")


@pytest.mark.once
def test_once_it_has_gone_back_no_guard_asks_for_what_is_gone(laid_before):
    assert int(python(laid_before, EXPLAIN_WHAT_IS_GUARDED)) > 10


on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite there is one writer at a time")


def somebody_else():
    """A connection beside the test's own, in a transaction that has begun."""
    of_ours = connection.settings_dict
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return closing(psycopg.connect(**{name: of_ours[key] for name, key in names.items()}))


def tables_of_ours():
    return ", ".join(name for name in connection.introspection.table_names() if name.split("_")[0] in ROOMS)


def carry_out(operation, backwards=False):
    """A migration's operation, as `migrate` does it, where AGAIN is known already if it is not that itself."""
    before = MigrationLoader(None, replace_migrations=False).project_state([("cards", HELD_SINCE["cards"])])
    if operation is not AGAIN:
        AGAIN.state_forwards("cards", before)
    after = before.clone()
    operation.state_forwards("cards", after)
    with connection.schema_editor(atomic=False) as editor:
        if backwards:
            operation.database_backwards("cards", editor, after, before)
        else:
            operation.database_forwards("cards", editor, before, after)


def is_used(name="card_again", model=Card):
    """Whether the index is whole; None where there is none."""
    return schema._is_used(connection, model, name)


def with_a_connection_of_its_own(do):
    try:
        do()
    finally:
        connection.close()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(migrate, "SECONDS_FOR_A_LOCK", 0.1)
    monkeypatch.setattr(migrate, "PAUSE", 0)
    monkeypatch.setattr(migrate, "TRIES", 2)


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_with_nothing_to_do_it_waits_for_nobody_and_nobody_for_it(impatient):
    """Whoever writes shuts out what changes a table, and whoever only reads what rewrites it."""
    with somebody_else() as other:
        other.execute(f"LOCK TABLE {tables_of_ours()} IN ROW EXCLUSIVE MODE")
        call_command("migrate", verbosity=0)


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_does_not_get_its_table_gives_up_and_changes_nothing(impatient):
    with somebody_else() as other:
        other.execute("LOCK TABLE simportal_resetasked IN ACCESS SHARE MODE")
        with pytest.raises(CommandError, match="run migrate again"):
            call_command("migrate", "simportal", "0001", verbosity=0)
        assert "simportal_resetasked" in connection.introspection.table_names()
    call_command("migrate", "simportal", "0001", verbosity=0)
    assert "simportal_resetasked" not in connection.introspection.table_names()
    call_command("migrate", verbosity=0)
    assert "simportal_resetasked" in connection.introspection.table_names()


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_index_is_built_while_others_write():
    """It waits for those who were there before it, and nobody waits for it."""
    with somebody_else() as other, somebody_else() as third:
        other.execute("UPDATE cards_card SET remark = remark")
        building = ThreadPoolExecutor(1).submit(with_a_connection_of_its_own, lambda: carry_out(AGAIN))
        wait_until(lambda: is_used() is False, what="the beginning of the index")
        third.execute("UPDATE cards_card SET remark = remark")
        third.commit()
        other.rollback()
        building.result(timeout=120)
    assert is_used()
    carry_out(AGAIN, backwards=True)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_index_that_was_interrupted_is_built_anew_and_a_whole_one_stays():
    if connection.vendor == "postgresql":
        open_card(carrier="cmcc"), open_card(carrier="cmcc")
        with connection.cursor() as cursor, pytest.raises(IntegrityError):
            cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY card_again ON cards_card (carrier)")
        assert is_used() is False
    carry_out(AGAIN)
    carry_out(AGAIN)
    assert is_used()
    carry_out(AGAIN, backwards=True)
    assert is_used() is None


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_index_is_dropped_while_others_write():
    carry_out(AGAIN)
    with somebody_else() as other, somebody_else() as third:
        other.execute("UPDATE cards_card SET remark = remark")
        dropping = ThreadPoolExecutor(1).submit(with_a_connection_of_its_own, lambda: carry_out(NOT_AGAIN))
        wait_until(lambda: is_used() is False, what="the end of the index")
        third.execute("UPDATE cards_card SET remark = remark")
        third.commit()
        assert is_used() is False
        other.rollback()
        dropping.result(timeout=120)
    assert is_used() is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_index_that_was_dropped_is_not_dropped_again_and_comes_back_under_its_name():
    carry_out(NOT_AGAIN)
    carry_out(NOT_AGAIN, backwards=True)
    assert is_used()
    carry_out(NOT_AGAIN)
    assert is_used() is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_key_loses_the_index_that_was_made_for_it_and_gets_it_back_under_its_name():
    name = "cards_serviceterm_card_id_70fa99cf"  # as 0.11.0 and before made it
    assert is_used(name, ServiceTerm) is None
    carry_out(WITHOUT_THE_INDEX, backwards=True)
    assert is_used(name, ServiceTerm)
    carry_out(WITHOUT_THE_INDEX)
    carry_out(WITHOUT_THE_INDEX)
    assert is_used(name, ServiceTerm) is None
