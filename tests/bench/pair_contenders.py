"""Two works at once, each in a process of its own, or one of them alone; prints what it cost."""

import json
import sys
from datetime import datetime, time
from functools import partial
from pathlib import Path

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 -- Django has to be set up first
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from cards.actions.imports.usage_file import import_usage  # noqa: E402
from cards.actions.jobs import control, worker  # noqa: E402
from cards.actions.selections import freeze  # noqa: E402
from cards.actions.sweep import sweep  # noqa: E402
from cards.calendar import as_of  # noqa: E402
from cards.models import Card, Job  # noqa: E402
from tests.bench.cost import as_deployed, costing  # noqa: E402
from tests.bench.lanes import in_lanes  # noqa: E402
from tests.bench.sweep_fleets import DAY, THE_DAY_BEFORE, lay  # noqa: E402

NOON = timezone.make_aware(datetime.combine(DAY, time(12)))


def prepare(file, cards):
    """A fleet of which a tenth is due, somebody who may act on it, and a file of the use of so many cards."""
    User.objects.create_superuser("admin")
    lay("alike")
    write_file(file, int(cards))
    return {}


def write_file(file, cards):
    """A reading of the day before of each card."""
    with open(file, "w") as written:
        written.write("iccid,day,bytes,read_at,imei\n")
        for key in range(1, cards + 1):
            written.write(f"8986{key:016d},{THE_DAY_BEFORE},{key % 1000 * 1000},{DAY}T01:{key % 60:02d}:00,\n")


def job(rest):
    """A remark on every other card."""
    user = User.objects.get()
    with as_of(NOON):
        cards = Card.objects.filter(pk__in=[pk for pk in Card.objects.values_list("pk", flat=True) if pk % 2 == rest])
        draft = control.draft(freeze(cards, owner=user, asked={}), "remark", user=user)
        worker.work_off(draft)
        control.start(draft, user=user, params={"remark": "bench"})
        worker.work_off(draft)
    assert Job.objects.get(pk=draft.pk).status == "done"


def usage(file):
    with as_of(NOON):
        assert import_usage(Path(file)).errors == []


def at_once(file, *names):
    """These works, each in a process of its own."""
    works = {
        "sweep": partial(sweep, DAY),
        "usage": partial(usage, file),
        "even": partial(job, 0),
        "odd": partial(job, 1),
    }
    as_deployed()
    with costing() as cost:
        in_lanes(lambda name: works[name](), names)
    return {"deadlocks": deadlocks(), **cost}


def deadlocks():
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


CONTENDERS = {"prepare": prepare, "at_once": at_once}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](*arguments)))
