"""Somebody who changes a card every 10 ms, until stdin ends: then prints when each change began and its seconds."""

import json
import random
import select
import sys
import time

import psycopg

EVERY = 0.01  # seconds
CHANGE = "UPDATE cards_card SET used_on = used_on WHERE id = %s"


def changes(url, cards):
    with psycopg.connect(url, autocommit=True) as database:
        while not select.select([sys.stdin], [], [], EVERY)[0]:
            began = time.monotonic()
            database.execute(CHANGE, [random.randrange(1, cards + 1)])
            yield began, time.monotonic() - began


if __name__ == "__main__":
    print(json.dumps(list(changes(sys.argv[1], int(sys.argv[2])))))
