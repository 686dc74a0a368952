"""A whole portal out of its SQLite file into an empty PostgreSQL database: all of it in one transaction, or nothing."""

from contextlib import closing, contextmanager

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F, JSONField, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from billing.triggers import install_money_triggers
from cards.errors import BadInput
from cards.laying import take_away
from cards.triggers import install_triggers
from simportal.models import Tick

SQLITE = "sqlite"
ROWS_PER_READ = 2_000
STILL_AT_WORK = 30  # seconds, in which each worker has ticked
# What `migrate` writes by itself. Where anything else stands, somebody has worked with the database.
WRITTEN_BY_MIGRATE = {
    *("auth.Group", "auth.Group_permissions", "auth.Permission", "contenttypes.ContentType"),
    *("billing.MoneyRules", "cards.CancellingRules", "cards.CarrierPolicy", "cards.Plan"),
}
IS_OWNER = """
    SELECT COALESCE(bool_and(pg_has_role(tableowner, 'USAGE')), TRUE) FROM pg_tables
    WHERE schemaname = current_schema()
"""


def portal_tables():
    """The models of all tables, also of those that only join two others."""
    return apps.get_models(include_auto_created=True)


@contextmanager
def sqlite_file(path):
    """In this block the file is the database `sqlite`, and nobody else gets at it, not even to read."""
    if not path.is_file():
        raise BadInput("", _("{path} is not a file.").format(path=path))
    connections.settings[SQLITE] = _settings(path)
    try:
        with closing(connections[SQLITE]):
            _refuse_what_is_in_use(path)
            with transaction.atomic(using=SQLITE):
                yield
    finally:
        del connections[SQLITE], connections.settings[SQLITE]


def _settings(path):
    """Without `mode`, SQLite would make a new file. This lock is not given while anybody has the file open."""
    options = {
        "init_command": "PRAGMA locking_mode = EXCLUSIVE",
        "transaction_mode": "EXCLUSIVE",
        "timeout": 1,
    }
    source = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{path.resolve().as_uri()}?mode=rw", "OPTIONS": options}
    return connections.configure_settings({DEFAULT_DB_ALIAS: {}, SQLITE: source})[SQLITE]


def _refuse_what_is_in_use(path):
    """The lock, once taken, is kept until the file is closed."""
    try:
        with transaction.atomic(using=SQLITE):
            pass
    except DatabaseError as error:
        if "locked" in str(error):
            sentence = _("{path} is in use: stop web server, workers and beat first.").format(path=path)
        else:
            sentence = _("{path} cannot be opened: {reason}").format(path=path, reason=error)
        raise BadInput("", sentence) from error


def refuse_unless_it_can_be_read():
    """The source is a portal of this version, and nobody works with it."""
    if not _has_this_layout(SQLITE):
        sentence = _("The SQLite file is not of this version: run `migrate` on it with this version first.")
        raise BadInput("", sentence)
    tick = Tick.objects.using(SQLITE).filter(name="simportal.heartbeat").first()
    if tick and 0 <= tick.age() < STILL_AT_WORK:
        sentence = _(
            "A worker was at work in the SQLite file {seconds} seconds ago: "
            "stop web server, workers and beat, and try again half a minute later."
        )
        raise BadInput("", sentence.format(seconds=round(tick.age())))


def refuse_unless_it_can_be_written():
    """The target is PostgreSQL, its tables are ours to change, and it is as `migrate` has left it."""
    if connection.vendor != "postgresql":
        raise BadInput("", _("DATABASE_URL names the target, which must be a PostgreSQL database."))
    if not _has_this_layout(DEFAULT_DB_ALIAS):
        raise BadInput("", _("The PostgreSQL database is not of this version: run `migrate` on it first."))
    if not _one_value(IS_OWNER):
        raise BadInput("", _("DATABASE_URL names a role that does not own the tables: use the one of `migrate`."))


def _has_this_layout(alias):
    """Whether every migration of this version was run on it, and none of a later one."""
    executor = MigrationExecutor(connections[alias])
    loader = executor.loader
    later = {key for key in loader.applied_migrations if key[0] in loader.migrated_apps} - {*loader.disk_migrations}
    return not later and not executor.migration_plan(loader.graph.leaf_nodes())


def copy_all(progress):
    """The number of rows of each table, all of them copied. `progress` is called with how many came since.

    Foreign keys are checked at the end, so the order of the tables does not matter.
    """
    with transaction.atomic(durable=True):
        _execute(f"LOCK TABLE {_all_tables()} IN ACCESS EXCLUSIVE MODE")
        _refuse_what_is_not_empty()
        for room in ("cards", "billing"):
            take_away(room, DEFAULT_DB_ALIAS)
        _execute(f"TRUNCATE {_all_tables()} RESTART IDENTITY")
        counts = {model._meta.db_table: _copy(model, progress) for model in portal_tables()}
        with _told_as_refusal(_("The foreign keys")):
            connection.check_constraints()
        _continue_the_numbers()
        install_triggers()
        install_money_triggers()
        _execute("ANALYZE")
    return counts


def _refuse_what_is_not_empty():
    for model in portal_tables():
        if model._meta.label not in WRITTEN_BY_MIGRATE and model._base_manager.exists():
            sentence = _("The PostgreSQL database is not empty: {table} has rows. Use a new one, after `migrate`.")
            raise BadInput("", sentence.format(table=model._meta.db_table))


def _copy(model, progress):
    table, fields = model._meta.db_table, model._meta.local_concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    rows = model._base_manager.using(SQLITE).order_by("pk").values_list(*map(_as_read, fields))
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with _told_as_refusal(table), connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows.iterator(ROWS_PER_READ):
            copy.write_row(row)
            progress(1)
    there, here = rows.count(), model._base_manager.count()
    if there != here:
        raise BadInput(table, _("{there} rows in SQLite, {here} in PostgreSQL").format(there=there, here=here))
    return here


def _as_read(field):
    """JSON as it is written: an SQL NULL and a `null` of JSON are two things, and one None."""
    return Cast(field.attname, TextField()) if isinstance(field, JSONField) else F(field.attname)


def _continue_the_numbers():
    """Also behind rows that are gone: the number of a draft that was deleted is not given again."""
    with connections[SQLITE].cursor() as source:
        last = dict(source.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    for model in portal_tables():
        table, number = model._meta.db_table, model._meta.auto_field
        if number and last.get(table):
            _execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [table, number.column, last[table]])


@contextmanager
def _told_as_refusal(what):
    """What PostgreSQL refuses is told without the value: it may be a person's name."""
    try:
        with connection.wrap_database_errors:
            yield
    except DatabaseError as error:
        reason = str(error).partition("\n")[0]
        raise BadInput("", _("{what} cannot be copied: {reason}").format(what=what, reason=reason)) from error


def _all_tables():
    return ", ".join(model._meta.db_table for model in portal_tables())


def _execute(statement, values=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _one_value(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
