"""What a change of a card writes on PostgreSQL, in this layout and in that of the version before: WAL and pages.

Cards, records and terms are written as the sweep writes them, 2,000 at a time, with no trigger: what differs are the
indexes. Each contender begins behind a checkpoint, so that pages go into the WAL as a whole when they are first met.
"""

import argparse
import sys

import psycopg

from tests.bench.databases import Postgresql, answer, run, served, sized
from tests.version_before import BEFORE, VERSION_BEFORE

CHUNK = 2_000
LAYOUTS = {"before": VERSION_BEFORE, "now": "now"}
MEASURED = ("WAL Records", "WAL Bytes", "WAL FPI", "Shared Hit Blocks", "Shared Read Blocks")
SETTINGS = "SET session_replication_role = replica; SET jit = off; SET plan_cache_mode = force_custom_plan"
CHOSEN = """
    SELECT id FROM cards_card WHERE state = %s AND certification = 'enterprise' ORDER BY next_due_on, id LIMIT %s
"""
RECORD = """
    INSERT INTO cards_cardevent (card_id, seq, action, from_state, to_state, holds, effective_on, executed_at,
        actor_kind, actor_name, rule, reason, evidence)
    SELECT id, version + 1, '{action}', state, '{state}', holds, '2026-08-04', now(), 'system', 'rule:4', '4', '',
        '{{"silent_from": "2026-01-15", "forced_on": "2026-08-01"}}'
    FROM cards_card WHERE id = ANY(%s)
"""
CARD = "UPDATE cards_card SET version = version + 1, changed_on = '2026-08-04', {} WHERE id = ANY(%s)"
# (what happens, to cards of which state, the statements of a chunk)
CHANGES = (
    (
        "a term begins",
        "unused",
        RECORD.format(action="force_activate", state="in_use"),
        CARD.format(
            "state = 'in_use', activated_on = '2026-08-04', activation_cause = 'forced', term_number = 1, "
            "quota_mb = 30, service_from = '2026-08-04', service_until = '2027-08-01', cycle_from = '2026-08-04', "
            "cycle_until = '2026-09-01', next_due_on = '2027-08-01'"
        ),
        "UPDATE cards_serviceterm SET starts_on = '2026-08-04', service_until = '2027-08-01' "
        "WHERE card_id = ANY(%s) AND number = 1",
    ),
    (
        "a term ends",
        "in_use",
        RECORD.format(action="expire", state="shut_down"),
        CARD.format(
            "state = 'shut_down', cancel_on = '2026-11-01', cycle_from = NULL, cycle_until = NULL, "
            "next_due_on = '2026-11-01'"
        ),
    ),
)


def measure(database, cards):
    """(what happens, in which layout, what a change wrote of each of `MEASURED`), for a tenth of the cards."""
    lay(database, cards)
    for what, state, *statements in CHANGES:
        for layout in LAYOUTS:
            database.copy(layout, "measured")
            yield what, layout, written(database.url("measured"), cards // 10 // CHUNK, state, statements)
            database.drop("measured")


def lay(database, cards):
    """The same cards in both layouts."""
    database.migrated("now")
    answer(database, "now", "-m", "tests.bench.list_visits", "prepare", cards)
    database.copy("now", "before")
    for app, name in BEFORE.items():
        run(database, "before", "manage.py", "migrate", app, name, "--verbosity", "0")
    for layout in LAYOUTS:
        with psycopg.connect(database.url(layout), autocommit=True) as connection:
            connection.execute(SETTINGS)
            connection.execute("VACUUM ANALYZE")


def written(url, chunks, state, statements):
    """Of each change, on average."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SETTINGS)
        ids = [key for (key,) in connection.execute(CHOSEN, [state, chunks * CHUNK])]
        sums = dict.fromkeys(MEASURED, 0)
        for start in range(0, len(ids), CHUNK):
            for statement in statements:
                explained = f"EXPLAIN (ANALYZE, BUFFERS, WAL, TIMING OFF, FORMAT JSON) {statement}"
                ((plan,),) = connection.execute(explained, [ids[start : start + CHUNK]]).fetchone()
                for name in MEASURED:
                    sums[name] += plan["Plan"][name]
        return [total / len(ids) for total in sums.values()]


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.changes", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(1_000_000))
    asked = parser.parse_args()
    with served() as server:
        if not server:
            sys.exit()
        print(f"\nOf each change of {asked.cards:,} cards:    WAL records   bytes   whole pages   pages looked at")
        for what, layout, (records, size, whole, *pages) in measure(Postgresql(server), asked.cards):
            print(
                f"  {what:<16} {LAYOUTS[layout]:<8} {records:>20.1f} {size:>10,.0f} {whole:>11.2f} {sum(pages):>15.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
