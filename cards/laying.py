"""What the database itself refuses, and counts, is declared once for both kinds, and laid where it does not stand yet.

`migrate` calls `lay` each time: SQLite drops a table's triggers whenever a migration rebuilds the table. Laying waits
for whoever writes to the table, so what stands already is left alone, and nobody is kept waiting for long.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.apps import apps as registry
from django.apps.registry import Apps
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from cards.faults import MERGED_AWAY

_EVERYWHERE = ("postgresql", "sqlite")

STANDING = {
    # The name, and what tells it from others: the digest it was laid with, if it is at work and its function is ours.
    "postgresql": """
        SELECT t.tgname, c.relname,
               CASE WHEN t.tgenabled = 'O' THEN obj_description(t.oid, 'pg_trigger') || p.prosrc END
        FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_proc AS p ON p.oid = t.tgfoid
        WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND p.proname LIKE %s
    """,
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE %s",
}
FUNCTIONS = """
    SELECT proname FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND prorettype = 'trigger'::regtype AND proname LIKE %s
"""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One thing that a table refuses, with `message`; a failed check to whoever tried (`IntegrityError`).

    `event` is as SQL has it: `UPDATE OF state`. It is refused where `when` is true, which compares OLD and NEW, and
    where `found` is too, which looks something up; without either, always. `at_once` has PostgreSQL look up all rows
    of a statement together, once they are written, at a third of the cost: the table has a key `id`, and `found` must
    end in `LIMIT 1 OFFSET 0`, or the planner reads whole tables instead.
    """

    name: str
    table: str
    event: str
    message: str
    when: str = ""
    found: str = ""
    at_once: bool = False
    vendors: Collection[str] = _EVERYWHERE

    @property
    def room(self) -> str:
        return self.table.partition("_")[0]

    @property
    def function(self) -> str:
        """What PostgreSQL's trigger calls; by its room ours are told from an operator's own."""
        return f"{self.room}_{self.name}"

    @property
    def literal(self) -> str:
        return "'" + self.message.replace("'", "''") + "'"

    def fits(self, tables: Mapping[str, Collection[str]], todays: Mapping[str, Collection[str]]) -> bool:
        """Whether there is all that it asks for: the tables, and each column that it names of them.

        Of other tables than its own they are told by what `todays` models have.
        """
        said = f"{self.when} {self.found}"
        columns = {*re.findall(r"\b(?:OLD|NEW)\.(\w+)", said), *self.event.partition(" OF ")[2].split(", ")} - {""}
        words, others = {*re.findall(r"\w+", said)}, re.findall(r"(?<!DISTINCT )FROM (\w+)", said)
        if not {self.table, *others} <= {*tables} or not columns <= {*tables[self.table]}:
            return False
        return all(words & {*todays[other]} <= {*tables[other]} for other in others)

    # how PostgreSQL has it

    @property
    def body(self) -> str:
        refusal = f"RAISE EXCEPTION {self.literal} USING ERRCODE = 'check_violation';"
        if self.found:
            refusal = f"IF {self._found_at_once if self.at_once else self.found} THEN {refusal} END IF;"
        return f"#variable_conflict use_column\nBEGIN {refusal} RETURN NEW; END"

    @property
    def _found_at_once(self) -> str:
        """Whether any new row is refused; with the old one only such are compared, of which there is none in peace."""
        refused = self.found
        if self.when:
            changed = f"EXISTS (SELECT 1 FROM old_rows AS OLD WHERE OLD.id = NEW.id AND ({self.when}))"
            refused = f"CASE WHEN {self.found} THEN {changed} ELSE FALSE END"
        return f"EXISTS (SELECT 1 FROM new_rows AS NEW WHERE {refused})"

    @property
    def on_postgresql(self) -> str:
        if self.at_once:
            tables = "NEW TABLE AS new_rows" + (" OLD TABLE AS old_rows" if self.when else "")
            event = self.event.partition(" OF ")[0]  # with columns there are no tables of rows
            fires = f"AFTER {event} ON {self.table} REFERENCING {tables} FOR EACH STATEMENT"
        else:
            each = "STATEMENT" if self.event == "TRUNCATE" else "ROW"
            fires = f"BEFORE {self.event} ON {self.table} FOR EACH {each}" + (
                f" WHEN ({self.when})" if self.when else ""
            )
        return f"CREATE OR REPLACE TRIGGER {self.name} {fires} EXECUTE FUNCTION {self.function}()"

    # how SQLite has it

    @property
    def on_sqlite(self) -> str:
        conditions = " AND ".join(f"({each})" for each in (self.when, self.found) if each)
        conditions = conditions.replace("IS DISTINCT FROM", "IS NOT")  # the former only since 3.39
        fires = f"BEFORE {self.event} ON {self.table}" + (f" WHEN {conditions}" if conditions else "")
        return f"CREATE TRIGGER {self.name} {fires} BEGIN SELECT RAISE(ABORT, {self.literal}); END"

    def laid_as(self, vendor: str) -> str:
        """What `STANDING` reads of it where it stands as it should."""
        return self.on_sqlite if vendor == "sqlite" else self.digest + self.body

    @property
    def digest(self) -> str:
        return sha256(f"{self.on_postgresql} {SETTINGS} {self.body}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Tally(Trigger):
    """Rows counted as they change: what a statement has added and taken away is appended to the table `sums`.

    Of each combination of the columns of `key` it is told in one row by how many rows it grew or shrank; where the
    first of them is empty, nobody asks. `event` is INSERT or UPDATE: what is tallied is never deleted. While the
    trigger was away nothing was counted, so the sums are brought in step with the table as it is laid.
    """

    key: tuple[str, ...] = ()
    sums: str = ""

    def fits(self, tables: Mapping[str, Collection[str]], todays: Mapping[str, Collection[str]]) -> bool:
        wanted = {self.table: self.key, self.sums: (*self.key, "tallied")}
        return all({*columns} <= {*tables.get(table, ())} for table, columns in wanted.items())

    @property
    def columns(self) -> str:
        return ", ".join(self.key)

    @property
    def body(self) -> str:
        moved = f"SELECT {self.columns}, 1 AS tallied FROM new_rows"
        if self.event == "UPDATE":
            moved += f" UNION ALL SELECT {self.columns}, -1 FROM old_rows"
        return f"BEGIN {self._appended(moved)}; RETURN NULL; END"

    @property
    def on_postgresql(self) -> str:
        tables = "NEW TABLE AS new_rows" + (" OLD TABLE AS old_rows" if self.event == "UPDATE" else "")
        fires = f"AFTER {self.event} ON {self.table} REFERENCING {tables} FOR EACH STATEMENT"
        return f"CREATE OR REPLACE TRIGGER {self.name} {fires} EXECUTE FUNCTION {self.function}()"

    @property
    def on_sqlite(self) -> str:
        new, old = (", ".join(f"{side}.{name}" for name in self.key) for side in ("NEW", "OLD"))
        given = f"NEW.{self.key[0]} IS NOT NULL"
        append = f"INSERT INTO {self.sums} ({self.columns}, tallied) SELECT"
        if self.event == "INSERT":
            return f"CREATE TRIGGER {self.name} AFTER INSERT ON {self.table} WHEN {given} BEGIN {append} {new}, 1; END"
        differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in self.key)
        return (
            f"CREATE TRIGGER {self.name} AFTER UPDATE OF {self.columns} ON {self.table} WHEN {differs}"
            f" BEGIN {append} {old}, -1 WHERE OLD.{self.key[0]} IS NOT NULL; {append} {new}, 1 WHERE {given}; END"
        )

    @property
    def in_step(self) -> str:
        """The statement that appends what the sums lack."""
        counted = f"SELECT {self.columns}, 1 AS tallied FROM {self.table}"
        return self._appended(f"{counted} UNION ALL SELECT {self.columns}, -tallied FROM {self.sums}")

    def _appended(self, moved: str) -> str:
        return (
            f"INSERT INTO {self.sums} ({self.columns}, tallied) SELECT {self.columns}, SUM(tallied)"
            f" FROM ({moved}) AS moved WHERE {self.key[0]} IS NOT NULL"
            f" GROUP BY {self.columns} HAVING SUM(tallied) <> 0"
        )


@dataclass(frozen=True, slots=True)
class KindOfDay:
    """What has a day that is counted: `day` is it, in SQL, and empty where the row does not count; `columns` are all
    that it asks.
    """

    name: str
    day: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TallyOfDays(Tally):
    """Rows counted by kind and day as they change, in `sums`: what a statement has moved; for PostgreSQL.

    With `touching` the rows are looked at only where what is `Announced` under that name says that the statement writes
    a column that matters.
    """

    kinds: tuple[KindOfDay, ...] = ()
    touching: str = ""

    def fits(self, tables: Mapping[str, Collection[str]], todays: Mapping[str, Collection[str]]) -> bool:
        wanted = {self.table: self.asked, self.sums: ("kind", "day", "tallied", "is_sum")}
        return all({*columns} <= {*tables.get(table, ())} for table, columns in wanted.items())

    @property
    def asked(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for kind in self.kinds for name in kind.columns))

    @property
    def body(self) -> str:
        asked = ", ".join(self.asked)
        moved = f"SELECT {asked}, 1 AS tallied FROM new_rows"
        if self.event == "UPDATE":
            moved += f" UNION ALL SELECT {asked}, -1 FROM old_rows"
        append = f"{self._appended(self._by_kind(moved))};"
        if self.touching and self.event == "UPDATE":
            touched = f"current_setting('{self.touching}', TRUE) = 'yes'"
            append = f"IF {touched} THEN {append} PERFORM set_config('{self.touching}', '', TRUE); END IF;"
        return f"BEGIN {append} RETURN NULL; END"

    @property
    def counted(self) -> str:
        """The query of what there is: kind, day, and how many rows."""
        return self._by_kind(f"SELECT {', '.join(self.asked)}, 1 AS tallied FROM {self.table}")

    @property
    def in_step(self) -> str:
        among = ", ".join(f"'{kind.name}'" for kind in self.kinds)
        kept = f"SELECT kind, day, -tallied FROM {self.sums} WHERE kind IN ({among})"
        return self._appended(f"{self.counted} UNION ALL {kept}")

    def _by_kind(self, moved: str) -> str:
        asked, columns = ", ".join(self.asked), "kind, day, tallied"
        grouped = f"SELECT {asked}, SUM(tallied) AS tallied FROM ({moved}) AS moved GROUP BY {asked}"
        days = (f"SELECT '{kind.name}' AS kind, {kind.day} AS day, tallied FROM grouped" for kind in self.kinds)
        told = " UNION ALL ".join(days)
        return f"SELECT {columns} FROM (WITH grouped AS ({grouped} HAVING SUM(tallied) <> 0) {told}) AS by_kind"

    def _appended(self, moved: str) -> str:
        return (
            f"INSERT INTO {self.sums} (kind, day, tallied, is_sum) SELECT kind, day, SUM(tallied), FALSE"
            f" FROM ({moved}) AS told WHERE day IS NOT NULL GROUP BY kind, day HAVING SUM(tallied) <> 0"
        )


@dataclass(frozen=True, slots=True)
class Announced(TallyOfDays):
    """Half of a tally that has `touching`: tells the other half, which comes after the statement, that this one writes
    a column of `event`; for PostgreSQL gives rows only to triggers that fire whatever is written.
    """

    @property
    def body(self) -> str:
        return f"BEGIN PERFORM set_config('{self.touching}', 'yes', TRUE); RETURN NULL; END"

    @property
    def on_postgresql(self) -> str:
        fires = f"BEFORE {self.event} ON {self.table} FOR EACH STATEMENT"
        return f"CREATE OR REPLACE TRIGGER {self.name} {fires} EXECUTE FUNCTION {self.function}()"


# Each row is looked up by the index, however small the table was when the session made its plan; and a temporary table
# of the same name is not looked into.
SETTINGS = "SET enable_seqscan = off SET search_path = {schema}, pg_temp"


def kept(table: str, name: str, message: str, *keys: str, but: Collection[str] = ()) -> tuple[Trigger, ...]:
    """Rows are added and stay as they are: never changed, deleted, emptied away, or replaced by a new one.

    `keys` are what tells one row from the next, as SQL lists columns: with REPLACE INTO, SQLite deletes by them without
    a word. `but` has what is not refused: `UPDATE`.
    """
    triggers = (
        Trigger(f"{name}_is_not_changed", table, "UPDATE", message),
        Trigger(f"{name}_is_not_deleted", table, "DELETE", message),
        Trigger(f"{name}_is_not_emptied", table, "TRUNCATE", message, vendors=("postgresql",)),
        Trigger(
            f"{name}_is_not_replaced",
            table,
            "INSERT",
            message,
            found=" OR ".join(_is_there(table, key.split(", ")) for key in keys),
            vendors=("sqlite",),
        ),
    )
    return tuple(trigger for trigger in triggers if trigger.event not in but)


# On PostgreSQL whoever gives something holds the customer's row, as its foreign key does later, so that a merging waits
# for it, or it for a merging; what the row says is asked behind that.
_GONE = {
    "sqlite": "EXISTS (SELECT 1 FROM cards_customer WHERE id = NEW.customer_id AND {since} IS NOT NULL)",
    "postgresql": "EXISTS (SELECT 1 FROM (SELECT {since} FROM cards_customer WHERE id = NEW.customer_id"
    " OFFSET 0 FOR KEY SHARE) AS held WHERE {since} IS NOT NULL)",
}


def of_nobody_gone(table: str, name: str, since: str = "all_moved_at") -> tuple[Trigger, ...]:
    """Nothing in the table becomes a customer's who was merged: once everything was moved (what comes before goes
    along), or, where nothing would move it, from the beginning on (`since="merged_into_id"`).
    """
    given = {
        "INSERT": "NEW.customer_id IS NOT NULL",
        "UPDATE OF customer_id": "NEW.customer_id IS NOT NULL AND OLD.customer_id IS DISTINCT FROM NEW.customer_id",
    }
    return tuple(
        Trigger(
            f"{name}_{how}_nobody_gone",
            table,
            event,
            MERGED_AWAY,
            when=when,
            found=gone.format(since=since),
            vendors=(vendor,),
        )
        for (event, when), how in zip(given.items(), ("is_made_for", "goes_to"), strict=True)
        for vendor, gone in _GONE.items()
    )


def _is_there(table: str, key: Iterable[str]) -> str:
    same = " AND ".join(f"there.{column} = NEW.{column}" for column in key)
    return f"EXISTS (SELECT 1 FROM {table} AS there WHERE {same})"


def tables_of(apps: Apps) -> dict[str, set[str]]:
    """The columns of each table, as the migrations have come to them."""
    columns = {model._meta.db_table: model._meta.concrete_fields for model in apps.get_models()}
    return {table: {str(field.column) for field in fields} for table, fields in columns.items()}


def lay(room: str, declared: Iterable[Trigger], using: str, apps: Apps, **kwargs: Any) -> None:
    """Lay what is declared and does not stand, take away what stands and is not declared. Called after each migration.

    All or nothing: `migrate` gives up soon on a table that somebody works on, and tries again.
    """
    connection = connections[using]
    tables, todays = tables_of(apps), tables_of(registry)
    wanted = {
        trigger.name: trigger
        for trigger in declared
        if connection.vendor in trigger.vendors and trigger.fits(tables, todays)
    }
    standing = _standing(connection, room)
    gone = {name: table for name, (table, _text) in standing.items() if name not in wanted}
    missing = [
        trigger
        for name, trigger in wanted.items()
        if standing.get(name) != (trigger.table, trigger.laid_as(connection.vendor))
    ]
    if gone or missing:
        with transaction.atomic(using):
            _drop(connection, gone | {trigger.name: trigger.table for trigger in missing if trigger.name in standing})
            _create(connection, missing)
            for statement in dict.fromkeys(each.in_step for each in missing if isinstance(each, Tally)):
                _execute(connection, statement)
            _drop_functions(connection, room, wanted.values())


def clear(sender: Any, using: str, plan: Collection[tuple[Any, bool]], **kwargs: Any) -> None:
    """Take the triggers away before migrations that they would be in the way of; `lay` brings them back.

    SQLite rebuilds no table that a trigger of another one looks into, PostgreSQL takes no column back that one asks.
    """
    if plan and (connections[using].vendor == "sqlite" or any(is_backwards for _migration, is_backwards in plan)):
        take_away(sender.label, using)


def take_away(room: str, using: str) -> None:
    """Take away all that stands, until `lay` brings it back."""
    connection = connections[using]
    with transaction.atomic(using):
        _drop(connection, {name: table for name, (table, _text) in _standing(connection, room).items()})


def _standing(connection: BaseDatabaseWrapper, room: str) -> dict[str, tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(STANDING[connection.vendor], [f"{room}_%"])
        return {name: (table, text) for name, table, text in cursor.fetchall()}


def _drop(connection: BaseDatabaseWrapper, names: Mapping[str, str]) -> None:
    for name, table in names.items():
        of_table = f" ON {table}" if connection.vendor == "postgresql" else ""
        _execute(connection, f"DROP TRIGGER {name}{of_table}")


def _create(connection: BaseDatabaseWrapper, triggers: Iterable[Trigger]) -> None:
    for trigger in triggers:
        if connection.vendor == "sqlite":
            _execute(connection, trigger.on_sqlite)
        else:
            _create_on_postgresql(connection, trigger)


def _create_on_postgresql(connection: BaseDatabaseWrapper, trigger: Trigger) -> None:
    looks = trigger.found or isinstance(trigger, Tally)
    settings = SETTINGS.format(schema=_schema(connection)) if looks else ""
    function = f"CREATE OR REPLACE FUNCTION {trigger.function}() RETURNS trigger LANGUAGE plpgsql {settings}"
    _execute(connection, f"{function} AS $body${trigger.body}$body$")
    _execute(connection, trigger.on_postgresql)
    _execute(connection, f"COMMENT ON TRIGGER {trigger.name} ON {trigger.table} IS '{trigger.digest}'")


def _drop_functions(connection: BaseDatabaseWrapper, room: str, wanted: Iterable[Trigger]) -> None:
    """Those that no trigger calls any more."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS, [f"{room}_%"])
        functions = {name for (name,) in cursor.fetchall()} - {trigger.function for trigger in wanted}
        for name in sorted(functions):
            cursor.execute(f"DROP FUNCTION {name}()")


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        return str(cursor.fetchone()[0])


def _execute(connection: BaseDatabaseWrapper, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
