"""The carriers of a night's pull: each is asked for the usage of all cards, by as many threads as there are slots."""

import json
import sys
import threading
import time
from datetime import date
from pathlib import Path

import django

django.setup()

from django.db import connection, connections  # noqa: E402 -- Django has to be set up first
from django.utils import timezone  # noqa: E402

from cards.carriers.actions.fetching import Pulls  # noqa: E402
from cards.carriers.actions.pulls import completeness, pull_day  # noqa: E402
from cards.carriers.choices import Can  # noqa: E402
from cards.carriers.models import CarrierAccount, Line  # noqa: E402
from cards.carriers.protocols import PROTOCOLS  # noqa: E402
from cards.carriers.protocols.port import CarrierProtocol  # noqa: E402
from cards.carriers.results import Amount  # noqa: E402
from cards.models import Card, CardEvent  # noqa: E402
from cards.models.card import MB  # noqa: E402
from tests.bench import usage_contenders as fleet  # noqa: E402
from tests.build import on_day  # noqa: E402
from tests.carriers.telling import NoCall  # noqa: E402

DAY, TOLD_ON = date(2026, 1, 20), date(2026, 1, 21)
CALLS = {"day": (Can.USAGE_DAY, 100), "cycle": (Can.USAGE_CYCLE, 50)}


class Answering(CarrierProtocol):
    """Answers after a while, and tells of each card some bytes."""

    NAME, LABEL, CARRIER = "answering", "Answering", ""

    def __init__(self, kind, wait_s):
        can, self.USAGE_AT_ONCE = CALLS[kind]
        self.CAN, self.wait_s, self.calls = frozenset({can}), wait_s, 0

    def usage(self, call, access, sims, day):
        self.calls += 1
        time.sleep(self.wait_s)
        told_at = timezone.now()
        return [Amount(sim, sim.key * 7919 % MB + 1, told_at, day) for sim in sims]


def prepare(folder, cards):
    """A fleet on one account."""
    fleet.prepare(Path(folder), int(cards), 0)
    columns = {"carrier": "cmcc", "protocol": Answering.NAME, "is_on": True}
    account = CarrierAccount.objects.create(name="bench", push_key="bench", settings={"cycle_day": 1}, **columns)
    Line.objects.bulk_create((Line(card_id=key, account=account) for key in keys()), batch_size=5_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"cards": len(keys())}


def keys():
    return Card.objects.order_by("pk").values_list("pk", flat=True)


@on_day(TOLD_ON)
def pull(kind, wait_s, slots):
    """All cards of the account, from the first call to the last reading."""
    carrier = PROTOCOLS[Answering.NAME] = Answering(kind, float(wait_s))
    account, events = CarrierAccount.objects.get(), CardEvent.objects.count()
    its = pull_day(account, DAY if kind == "day" else TOLD_ON)
    start, used = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=work, args=[account]) for _slot in range(int(slots))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = completeness(account, its.day)
    return {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - used,
        "calls": carrier.calls,
        "told": told.told,
        "missing": told.missing,
        "caused": CardEvent.objects.count() - events,
    }


def work(account):
    while Pulls().do(account, NoCall(), timezone.now()):
        pass
    connections.close_all()


CONTENDERS = {"prepare": prepare, "pull": pull}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](*arguments)))
