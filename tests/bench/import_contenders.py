"""The steps of the bench of imports, each in a process of its own: prepare, work, start, outcome."""

import csv
import io
import json
import sys
import time
from datetime import date, timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.db import connection  # noqa: E402

from cards.actions.imports.card_rows import read_card_row  # noqa: E402
from cards.actions.imports.cards_applying import apply_cards  # noqa: E402
from cards.actions.jobs import control, engine, worker  # noqa: E402
from cards.actions.write import chunked  # noqa: E402
from cards.calendar import add_months, civil_today  # noqa: E402
from cards.choices import JobKind  # noqa: E402
from cards.models import Card, Customer, Job  # noqa: E402
from cards.permissions import Actor  # noqa: E402
from tests.bench.cost import as_deployed, costing  # noqa: E402

COLUMNS = (
    *("iccid", "msisdn", "carrier", "customer", "certification", "opened_on", "plan"),
    *("state", "activated_on", "service_until", "holds", "used_mb"),
)


def new(cards):
    """New cards from rows, and nothing else: what they cost."""
    return _taken_in(cards, [{}])


def taken_over(cards):
    """The same of cards in mixed states."""
    return _taken_in(cards, mixed_states(civil_today()))


def _taken_in(cards, states):
    as_deployed()
    with costing() as cost:
        for chunk in chunked(texts(cards, 20, states), 5_000):
            rows = [read_card_row(number, columns, date.max) for number, columns in enumerate(chunk)]
            assert apply_cards(rows, actor=Actor.shell()).errors == []
    return {"cards": cards, **cost}


def texts(cards, customers, states):
    """The columns of so many rows, the states in turn."""
    opened_on = civil_today() - timedelta(400)
    for number in range(cards):
        yield {
            "iccid": f"8986{number:016d}",
            "msisdn": f"14400{number:08d}",
            "carrier": "cmcc",
            "customer": f"Customer No. {number * 7919 % customers:05d} Ltd",
            "certification": "enterprise",
            "opened_on": str(opened_on),
            "plan": "Y1-1024",
            **{name: str(value) for name, value in states[number % len(states)].items()},
        }


def prepare(folder, cards, customers):
    user = User.objects.create_superuser("bench", password="bench")
    made = io.StringIO()
    rows = csv.DictWriter(made, COLUMNS)
    rows.writeheader()
    rows.writerows(texts(int(cards), int(customers), mixed_states(civil_today())))
    file = SimpleUploadedFile("fleet.csv", made.getvalue().encode())
    control.upload(JobKind.IMPORT_CARDS, file, user=user)
    return {}


def mixed_states(today):
    """What the rows are in, in turn."""
    in_use = {"activated_on": today - timedelta(300), "service_until": add_months(today, 2), "used_mb": "12.5"}
    return [
        {"state": "in_use", **in_use},
        {"state": "in_use", **in_use, "service_until": add_months(today, 9)},
        {"state": "suspended", **in_use, "holds": "voluntary"},
        {"state": "shut_down", "activated_on": today - timedelta(390), "service_until": today - timedelta(20)},
        {"state": "unused"},
        {"state": "in_use", **in_use, "service_until": today - timedelta(5)},
        {"state": "cancelled"},
    ]


def work(folder):
    """Tick like a worker of the portal, until the job waits for somebody or is over."""
    while Job.objects.get().is_at_work:
        worker.tick(20)
        time.sleep(0.05)
    return {}


def start(folder):
    job = Job.objects.get()
    ended = control.ended_at_once(job)
    control.start(job, user=job.owner, count=str(ended))
    return {"ended": ended}


def outcome(folder):
    job = Job.objects.get()
    counts = engine.totals(job).counts
    assert job.status == "done", (job.status, job.message)
    return {
        "created": Card.objects.count(),
        "customers": Customer.objects.count(),
        "refused": counts["refused"],
        "deadlocks": _deadlocks(),
    }


def _deadlocks():
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


CONTENDERS = {"new": new, "taken_over": taken_over}
STEPS = {"prepare": prepare, "work": work, "start": start, "outcome": outcome}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    if name in CONTENDERS:
        print(json.dumps(CONTENDERS[name](int(*arguments))))
    else:
        settings.MEDIA_ROOT = arguments[0]
        print(json.dumps(STEPS[name](*arguments)))
