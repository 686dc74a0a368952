"""The API beside the pages: a list of 100 cards and one action, one after the other and by 20 programs at once."""

import argparse
import contextlib
import http.client
import json
import statistics
import sys
import threading
import time

from tests.bench.databases import ROOT, answer, databases, environment, run, sized
from tests.bench.slow_clients import started
from tests.processes import free_port

VISITS = {
    "list_of_api": "list of 100 cards, API",
    "list_of_page": "list of 30 cards, customer's page",
    "action_of_api": "one action, API",
    "action_of_page": "one action, customer's page",
}
ASKED_AT_ONCE = 18  # of each program, which is within a burst of half the rate
LIST = "/api/v1/cards?limit=100"


def measure(database, cards, visits):
    database.migrated("api")
    run(database, "api", "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    keys = answer(database, "api", "-m", "tests.bench.api_visits", "lay", cards)
    for name, label in VISITS.items():
        report(label, answer(database, "api", "-m", "tests.bench.api_visits", name, visits))
    report("list of 100 cards, 20 programs at once", at_once(database, keys))
    database.drop("api")


def at_once(database, keys):
    """Milliseconds of each answer of a web server as deployed to as many programs as there are keys."""
    found, port = [], free_port()
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "gunicorn", "simportal.wsgi", "--bind", f"127.0.0.1:{port}"]
        started(stack, command, port, env=environment(database, "api"), cwd=ROOT)
        asking(port, keys[0], 2, [])  # each worker loads the program with its first answer
        time.sleep(5)
        threads = [threading.Thread(target=asking, args=(port, key, ASKED_AT_ONCE, found)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def asking(port, key, times, found):
    headers = {"Host": "localhost", "X-Forwarded-Proto": "https", "Authorization": f"Bearer {key}"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as line:
        for _time in range(times):
            began = time.perf_counter()
            line.request("GET", LIST, headers=headers)
            told = line.getresponse()
            assert (told.status, len(json.loads(told.read())["items"])) == (200, 100)
            found.append((time.perf_counter() - began) * 1000)


def report(label, found):
    hundredths = statistics.quantiles(found, n=100)
    print(f"  {label:<40}{hundredths[49]:>8.1f} ms{hundredths[94]:>8.1f} ms{len(found):>7}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.api", description=__doc__)
    parser.add_argument("--cards", type=int, default=sized(10_000))
    parser.add_argument("--visits", type=int, default=200)
    asked = parser.parse_args()
    with databases() as each:
        for database in each:
            print(f"\n{database.name}, {asked.cards:,} cards{'':<28}p50         p95")
            measure(database, asked.cards, asked.visits)


if __name__ == "__main__":
    main()
