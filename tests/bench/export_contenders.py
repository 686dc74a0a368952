"""The contenders of the export: each writes the cards to a file in its own way, and prints how long it took."""

import csv
import http.client
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import django

django.setup()

from django.conf import settings  # noqa: E402 -- Django has to be set up first
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402

from cards.actions.jobs.export import order_export  # noqa: E402
from cards.actions.jobs.worker import work_off  # noqa: E402
from cards.calendar import civil_today  # noqa: E402
from cards.columns.declared import columns_of  # noqa: E402
from cards.columns.expressions import JOINED, joined_term  # noqa: E402
from cards.columns.kinds import Format  # noqa: E402
from cards.exports.stream import file_blocks  # noqa: E402
from cards.files.writing import BLOCK  # noqa: E402
from cards.models import Card, Customer  # noqa: E402
from tests.bench.lists_fleet import CUSTOMERS, lay  # noqa: E402
from tests.bench.slow_clients import started  # noqa: E402
from tests.console.pages import logged_in  # noqa: E402
from tests.on_postgres import program  # noqa: E402
from tests.processes import free_port  # noqa: E402

BY_IMPORT_EXPORT = 20_000
BEHIND_THE_COLUMNS = {"used_mb": "used_bytes", "allowance_mb": "quota_mb"}
OF_THE_TERM = {"current_plan": "plan__code"}  # joined, as are the customer's name and the opening plan's code
RECKONED = {"used_percent"}  # stands nowhere


def prepare(cards):
    lay(int(cards))
    User.objects.create_superuser("bench")
    return {}


def portal(format, file):
    """The stream of the console, without anybody on the other side."""
    return _written(file_blocks(Card.objects.order_by("-pk"), format), Card.objects.count(), file)


def first(file):
    """The first export of a web server that has just become ready: the cards of one customer, as a whole request."""
    customer = Customer.objects.order_by("pk")[CUSTOMERS // 2]
    wanted = urlencode({"format": "csv", "customer": customer.name})
    session = logged_in(User.objects.get()).cookies["sessionid"].value
    heads = {"Host": "localhost", "X-Forwarded-Proto": "https", "Cookie": f"sessionid={session}"}
    with ExitStack() as stack:
        port = free_port()
        command = ["gunicorn", "simportal.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
        started(stack, [sys.executable, "-m", *command], port)
        line = http.client.HTTPConnection("127.0.0.1", port)
        line.request("GET", "/healthz", headers=heads)
        line.getresponse().read()
        start = _start()
        line.request("GET", f"/console/cards/export/?{wanted}", headers=heads)
        response = line.getresponse()
        return _written(iter(lambda: response.read1(BLOCK), b""), customer.cards.count(), file, start)


def job(file):
    """The same as a job, from the click to the file."""
    settings.MEDIA_ROOT = Path(file).parent
    start = _start()
    done = work_off(order_export(User.objects.get(), "csv", "cards.csv"))
    result = _result(done.total, start)
    done.file.delete()
    return result


def copy(format, file):
    """The limit: the columns of this format as they stand, by psql; on SQLite by its driver and csv."""
    columns = _plain_columns(format)
    columns += [f"{JOINED}__{OF_THE_TERM[column.name]}" for column in columns_of(format) if column.name in OF_THE_TERM]
    cards = Card.objects.alias(**joined_term(civil_today())).order_by("-pk")
    sql, params = cards.values_list(*columns).query.sql_with_params()
    start = _start()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            copied = f"\\copy ({cursor.mogrify(sql, params)}) TO '{file}' (FORMAT csv)"
            subprocess.run([program("psql"), "--quiet", os.environ["DATABASE_URL"], "-c", copied], check=True)
        else:
            cursor.execute(sql, params)
            with open(file, "w", newline="") as target:
                csv.writer(target).writerows(iter(cursor))
    return _result(Card.objects.count(), start)


def import_export(file):
    """django-import-export, on fewer rows: it keeps all of them in memory."""
    from import_export.resources import ModelResource

    class CardResource(ModelResource):
        class Meta:
            model = Card
            fields = _plain_columns(Format.CSV)

    start = _start()
    newest = Card.objects.order_by("-pk").select_related("customer", "plan")[:BY_IMPORT_EXPORT]
    Path(file).write_text(CardResource().export(newest).csv)
    return _result(len(newest), start)


def _plain_columns(format):
    """Those that stand on the card, or on what it refers to."""
    names = [column.source for column in columns_of(format) if column.name not in OF_THE_TERM.keys() | RECKONED]
    return [BEHIND_THE_COLUMNS.get(name, name) for name in names]


def _written(blocks, rows, file, start=None):
    start = start or _start()
    came = []
    with open(file, "wb") as target:
        for block in blocks:
            if len(came) < 2:  # the headings, and the first rows
                came.append((time.perf_counter() - start[0]) * 1_000)
            target.write(block)
    return _result(rows, start) | {"first_ms": came[0], "rows_ms": came[-1]}


def _start():
    connection.ensure_connection()
    return time.perf_counter(), _memory()


def _result(rows, start):
    seconds = time.perf_counter() - start[0]
    return {"rows": rows, "seconds": seconds, "megabytes": _memory() - start[1]}


def _memory():
    """The most that this process has ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


CONTENDERS = {
    "prepare": prepare,
    "csv": lambda file: portal(Format.CSV, file),
    "codes": lambda file: portal(Format.CODES, file),
    "xlsx": lambda file: portal(Format.XLSX, file),
    "first": first,
    "job": job,
    "copy": lambda file: copy(Format.CSV, file),
    "copy_codes": lambda file: copy(Format.CODES, file),
    "import_export": import_export,
}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](*arguments)))
