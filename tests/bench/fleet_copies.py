"""A few cards and all that is written of them, made into as many as asked for, straight in the tables.

The copies are as true as the cards they are made of: the same facts, records, terms and readings, under numbers of
their own. On PostgreSQL it works on the layout of any version: a column that is not there is left out.
"""

import sqlite3
from contextlib import closing, contextmanager
from functools import partial

import psycopg
from django.db.backends.sqlite3._functions import register
from psycopg.types.json import Jsonb

# What stands beside a card, and what of it is the copy's own; `n` is the number of the copy, from 0 on.
NUMBER = "(m.{key} + n * CAST({size} AS bigint))"
DIGITS = "SUBSTR(CAST(10000000000000000 + {number} AS text), {from_digit})"  # of seventeen
IMEI = "CASE WHEN m.{imei} = '' THEN '' ELSE '8674' || " + DIGITS.replace("{from_digit}", "7") + " END"
OF_A_CARD = {
    "cards_card": {
        "id": "{number}",
        "iccid": "'8986' || " + DIGITS.replace("{from_digit}", "2"),
        "msisdn": "'1440' || " + DIGITS.replace("{from_digit}", "9"),
        "bound_imei": IMEI.replace("{imei}", "bound_imei"),
        "seen_imei": IMEI.replace("{imei}", "seen_imei"),
    },
    "cards_cardevent": {"card_id": "{number}"},
    "cards_serviceterm": {"card_id": "{number}"},
    "cards_usageday": {"card_id": "{number}", "imei": IMEI.replace("{imei}", "imei")},
    "cards_cardtag": {"card_id": "{number}"},
}
SUMS = {
    "cards_statetally": ("cards",),
    "cards_customertally": ("tallied",),
    "cards_daytally": ("tallied",),
    "cards_usagetally": ("bytes", "readings"),
}
MASTER_DATA = ("cards_customer", "cards_plan", "cards_tag", "cards_sweptday")
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = %s::regclass
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
COLUMNS = (
    "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
)


def rows_of(url, others=()):
    """All rows of the cards there are, and of other tables, by table."""
    with psycopg.connect(url) as database:
        return {table: _rows(database, table) for table in (*MASTER_DATA, *OF_A_CARD, *SUMS, *others)}


def _rows(database, table):
    return database.execute(f"SELECT COALESCE(jsonb_agg(t), '[]') FROM {table} AS t").fetchone()[0]


def lay_out(url, rows):
    """The rows themselves, in a database that has none of them."""
    with _unguarded(url) as database:
        for table in filter(partial(_has, database), (*MASTER_DATA, *SUMS)):
            columns = ", ".join(_columns(database, table))
            given = f"jsonb_populate_recordset(NULL::{table}, %s)"
            database.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {given} ON CONFLICT DO NOTHING",
                [Jsonb(rows[table])],
            )


def multiply(url, rows, cards, first=1):
    """So many cards in all, copies of these; the first copy, 0, may be there. The sums become those of all of them."""
    size = len(rows["cards_card"])
    copies = max(cards // size, 1)
    with _unguarded(url) as database:
        for table, own in OF_A_CARD.items():
            with _without_indexes(database, table):
                _copy(database, table, own, rows[table], size, first, copies)
        for table, amounts in SUMS.items():
            if _has(database, table):
                grown = ", ".join(f"{name} = {name} * {copies}" for name in amounts)
                database.execute(f"UPDATE {table} SET {grown}")
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("VACUUM ANALYZE")


def multiply_in_file(file, cards):
    """The same in a SQLite file, of the cards that are there."""
    with closing(sqlite3.connect(file)) as database, database:
        register(database)  # the functions of Django's that indexes call
        size = database.execute("SELECT COUNT(*) FROM cards_card").fetchone()[0]
        copies = max(cards // size, 1)
        with _bare(database):
            for table, own in OF_A_CARD.items():
                database.execute(_copying_in_file(database, table, own, size, copies))
            for table, amounts in SUMS.items():
                grown = ", ".join(f"{name} = {name} * {copies}" for name in amounts)
                database.execute(f"UPDATE {table} SET {grown}")
        database.execute("ANALYZE")


def fill(url, table, row, own, count):
    """As many rows like this one as asked for; `own` says what each has of its own, `n` is its number, from 1 on."""
    with _unguarded(url) as database, _without_indexes(database, table):
        names = _columns(database, table)
        columns = ", ".join(own.get(name, f"m.{name}") for name in names)
        database.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {columns} "
            f"FROM generate_series(1, {count}) AS n, jsonb_populate_record(NULL::{table}, %s) AS m",
            [Jsonb(row)],
        )


def _copy(database, table, own, rows, size, first, copies):
    number = NUMBER.format(key="id" if table == "cards_card" else "card_id", size=size)
    own = {name: text.format(number=number) for name, text in own.items()}
    names = [name for name in _columns(database, table) if name in own or name != "id"]
    database.execute(
        f"CREATE TEMPORARY TABLE model ON COMMIT DROP AS SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s)",
        [Jsonb(rows)],
    )
    database.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(own.get(name, f'm.{name}') for name in names)} "
        f"FROM generate_series({first}, {copies - 1}) AS n CROSS JOIN model AS m ORDER BY n, m.id"
    )
    database.execute("DROP TABLE model")
    database.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))")


def _copying_in_file(database, table, own, size, copies):
    key = "id" if table == "cards_card" else "card_id"
    own = {name: text.format(number=NUMBER.format(key=key, size=size)) for name, text in own.items()}
    names = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] in own or row[1] != "id"]
    return (
        f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {copies} - 1) "
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(own.get(name, f'm.{name}') for name in names)} "
        f"FROM numbers CROSS JOIN (SELECT * FROM {table} ORDER BY id) AS m WHERE n < {copies}"
    )


@contextmanager
def _bare(database):
    """Without triggers and indexes of the tables that are copied into; both are made again as they were."""
    tables = ", ".join(f"'{table}'" for table in OF_A_CARD)
    made = f"SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND tbl_name IN ({tables})"
    standing = database.execute(f"{made} AND sql IS NOT NULL").fetchall()
    for kind, name, _text in standing:
        database.execute(f"DROP {kind} {name}")
    yield
    for _kind, _name, text in standing:
        database.execute(text)


def _has(database, table):
    return database.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()[0]


def _columns(database, table):
    return [name for (name,) in database.execute(COLUMNS, [table])]


@contextmanager
def _unguarded(url):
    """Neither triggers nor foreign keys are asked: what is written is true already. Needs a superuser."""
    with psycopg.connect(url) as database:
        database.execute("SET session_replication_role = replica")
        database.execute("SET maintenance_work_mem = '1GB'")
        database.execute("SET synchronous_commit = off")
        yield database


@contextmanager
def _without_indexes(database, table):
    """They are made in one go once the rows are there, which takes a quarter of the time."""
    indexes = database.execute(INDEXES, [table]).fetchall()
    for name, _text in indexes:
        database.execute(f"DROP INDEX {name}")
    yield
    for _name, text in indexes:
        database.execute(text)
