"""What each step of the carriers' bench does, on its own copy of the database; prints what it came to."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext

import django

django.setup()

from django.db import connection  # noqa: E402 -- Django has to be set up first
from django.utils import timezone  # noqa: E402

from cards.actions.action_requests import act  # noqa: E402
from cards.actions.sweep import sweep  # noqa: E402
from cards.actions.write import chunked  # noqa: E402
from cards.carriers.actions.hearing import hear  # noqa: E402
from cards.carriers.actions.working import work as make_calls  # noqa: E402
from cards.carriers.choices import CommandState, LineStep, ServiceState  # noqa: E402
from cards.carriers.models import CarrierAccount, Line, Slot  # noqa: E402
from cards.carriers.models import Command as OrderToCarrier  # noqa: E402
from cards.carriers.protocols import PROTOCOLS  # noqa: E402
from cards.carriers.protocols.port import CarrierProtocol  # noqa: E402
from cards.carriers.results import Accepted, Seen  # noqa: E402
from cards.models import Card, CardEvent  # noqa: E402
from cards.permissions import Actor  # noqa: E402
from tests.bench.cost import as_deployed  # noqa: E402
from tests.bench.sweep_fleets import DAY, lay  # noqa: E402

ANSWER_S = 0.05
BELL_S = 2  # as simportal/schedule.py rings
SLOTS = 10
CHUNK = 2_000
QUICK = {"qps": 1000, "slots": SLOTS, "settle_s": 0, "retry_s": 1, "batch": 1, "window": "off", "guard_s": 0}


class Unhurried(CarrierProtocol):
    """Does what it is told, and takes its time to say so."""

    NAME, LABEL, CARRIER, CAN = "unhurried", "Unhurried", "", frozenset({"service"})
    stopped: set = set()

    def change(self, call, access, sims, aspect, goal):
        time.sleep(ANSWER_S)
        self.stopped.update(sim.key for sim in sims)
        return [Accepted()] * len(sims)

    def ask(self, call, access, sims, is_thorough=False):
        time.sleep(ANSWER_S)
        return [Seen("stopped" if sim.key in self.stopped else "active", "") for sim in sims]


def prepare():
    lay("alike")


def sweep_beside(which):
    """The seconds of a night's sweep: carriers `off`, `on` (each card has its line), or `heard` meanwhile, too."""
    if which != "off":
        _account()
        hear()
    as_deployed()
    with hearing_beside() if which == "heard" else nullcontext():
        start = time.perf_counter()
        sweep(DAY)
        return time.perf_counter() - start


@contextmanager
def hearing_beside():
    """Another process reads the records as a worker does, until the sweep is over."""
    listener = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.carriers_at_work", "listen"], stdout=subprocess.PIPE
    )
    listener.stdout.readline()  # it is there
    try:
        yield
    finally:
        listener.kill()
        listener.communicate()


def listen():
    print("there", flush=True)
    while True:
        hear()
        time.sleep(BELL_S)


def work(orders):
    """Records a second into lines, and into orders; and orders a second to their end."""
    _account()
    as_deployed()
    new = _per_second(hear)
    Line.objects.update(seen_at=timezone.now(), seen_service=ServiceState.ACTIVE, ask_at=None, step=LineStep.IN_STEP)
    OrderToCarrier.objects.update(state=CommandState.CONFIRMED, due_at=None)
    before = CardEvent.objects.count()
    for keys in chunked(Card.objects.order_by("pk").values_list("pk", flat=True), CHUNK):
        act("suspend", keys, actor=Actor.shell(), reason="bench")
    assert CardEvent.objects.count() > before
    ordered = _per_second(hear)
    queued = OrderToCarrier.objects.filter(state=CommandState.QUEUED).order_by("pk").values_list("pk", flat=True)
    OrderToCarrier.objects.filter(pk__in=list(queued[orders:])).update(state=CommandState.SUPERSEDED, due_at=None)
    number, start = queued.count(), time.perf_counter()
    while OrderToCarrier.objects.filter(state__in=("queued", "sent", "accepted", "asking")).exists():
        make_calls(until_settled=True)
    return {"new": new, "orders": ordered, "sent": number / (time.perf_counter() - start)}


def _account():
    made = CarrierAccount.objects.create(
        name="bench", carrier="cmcc", protocol="unhurried", is_on=True, settings=QUICK, push_key="bench"
    )
    Slot.objects.bulk_create(Slot(account=made, number=number + 1) for number in range(SLOTS))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _per_second(step):
    start = time.perf_counter()
    return step() / (time.perf_counter() - start)


PROTOCOLS["unhurried"] = Unhurried()
STEPS = {"prepare": prepare, "sweep": sweep_beside, "listen": listen, "work": work}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(STEPS[name](*(int(each) if each.isdigit() else each for each in arguments))))
