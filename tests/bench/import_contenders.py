"""The steps of the bench of imports, each in a process of its own: prepare, work, start, outcome."""

import csv
import io
import json
import sys
import time
from datetime import timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.db import connection  # noqa: E402

from cards.actions.jobs import control, engine, worker  # noqa: E402
from cards.calendar import add_months, civil_today  # noqa: E402
from cards.choices import JobKind  # noqa: E402
from cards.models import Card, Customer, Job  # noqa: E402

IN_SERVICE = ("state", "activated_on", "service_until", "holds", "used_mb")


def prepare(folder, cards, customers):
    user = User.objects.create_superuser("bench", password="bench")
    made = io.StringIO()
    rows = csv.writer(made)
    today = civil_today()
    states = mixed_states(today)
    rows.writerow(["iccid", "msisdn", "carrier", "customer", "certification", "opened_on", "plan", *IN_SERVICE])
    for number in range(int(cards)):
        state = states[number % len(states)]
        customer = f"Customer No. {number * 7919 % int(customers):05d} Ltd"
        first = [f"8986{number:016d}", f"14400{number:08d}", "cmcc", customer, "enterprise", today - timedelta(400)]
        rows.writerow([*first, "Y1-1024", *(state.get(column, "") for column in IN_SERVICE)])
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


if __name__ == "__main__":
    settings.MEDIA_ROOT = sys.argv[2]
    steps = {"prepare": prepare, "work": work, "start": start, "outcome": outcome}
    print(json.dumps(steps[sys.argv[1]](*sys.argv[2:])))
