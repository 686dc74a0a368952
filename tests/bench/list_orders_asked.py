"""Asks for each filter of the card list in each order on a portal that is laid, and prints what it cost as JSON."""

import json
import sys
from contextlib import contextmanager
from pathlib import Path

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 -- Django has to be set up first
from django.db import connection  # noqa: E402
from django.http import QueryDict  # noqa: E402
from django.test import override_settings  # noqa: E402

from cards.filters import filter_for  # noqa: E402
from cards.pages.card_columns import USUAL, cards_with  # noqa: E402
from cards.quick import SORTS  # noqa: E402
from cards.views.console.card_list import ConsoleList  # noqa: E402
from tests.bench.list_visits import FILTERS, SETTINGS  # noqa: E402


def ask(user, query):
    """The statements of the list that this query asks for, each with the server's milliseconds."""
    filtered, shown_as = filter_for(user, QueryDict(query)), cards_with(USUAL)
    assert filtered.is_valid(), query
    with _timed() as asked:
        filtered.page(ConsoleList.page_size, shown_as)
        assert filtered.counted.counts
    return asked


@contextmanager
def _timed():
    asked = []

    def time_it(execute, sql, params, many, context):
        start = _spent()
        try:
            return execute(sql, params, many, context)
        finally:
            asked.append((_spent() - start, sql, params))

    with connection.execute_wrapper(time_it):
        yield asked


def _spent():
    """Milliseconds of the processor that the server's process for this connection has had."""
    pid = connection.connection.info.backend_pid
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def explained(asked):
    """How the dearest of these statements is carried out."""
    _ms, sql, params = max(asked, key=lambda one: one[0])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
        return "\n".join(line for (line,) in cursor.fetchall())


def main(rounds, dearest):
    user = User(is_superuser=True, is_staff=True, is_active=True)
    pairs = [f"{query}&sort={sort}" for query in FILTERS for sort in SORTS]
    connection.ensure_connection()
    times = {}
    for pair in pairs:
        times[pair] = min(sum(ms for ms, *_ in ask(user, pair)) for _round in range(rounds))
    top = sorted(times, key=times.get, reverse=True)[:dearest]
    print(json.dumps({"ms": times, "dearest": {pair: explained(ask(user, pair)) for pair in top}}))


if __name__ == "__main__":
    with override_settings(**SETTINGS):
        main(*map(int, sys.argv[1:]))
