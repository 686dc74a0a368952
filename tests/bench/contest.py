"""Contenders in turn, each in a process of its own on its own copy of one database; and what came of them."""

import statistics
import sys

from tests.bench.databases import answer


class Contest:
    """A module of contenders on a database: `prepare` makes ready what each begins with."""

    def __init__(self, database, module):
        self.database, self.module = database, f"tests.bench.{module}"

    def prepare(self, *arguments, cards=None):
        """What `prepare` answered; with `cards`, those that it made are multiplied to so many."""
        self.database.migrated("start")
        told = self._ask("start", "prepare", *arguments)
        if cards:
            self.database.multiply("start", cards)
        return told

    def in_turn(self, contenders, rounds=1):
        """The answers of each round by contender; of each it is said with which words it is asked."""
        answers = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, words in contenders.items():
                self.database.copy("start", "copy")
                answers[name].append(self._ask("copy", *words))
        for name in ("start", "copy"):
            self.database.drop(name)
        return answers

    def _ask(self, name, *words):
        return answer(self.database, name, "-m", self.module, *words)


def medians(answers):
    """Of each number in the answers of a contender."""
    numbers = [name for name, value in answers[0].items() if isinstance(value, int | float)]
    return {name: statistics.median(its[name] for its in answers) for name in numbers}


def refuse_unless_alike(answers, names):
    """Whoever left other rows did other work."""
    rows = {name: answers[name][0]["rows"] for name in names}
    if len({str(digests) for digests in rows.values()}) > 1:
        sys.exit(f"They left different rows: {rows}")


def spent(its, count):
    """What one of so many takes of the processors, client and server, and of the disk; and the memory of all."""
    client, server = (its[side] / count * 1e6 for side in ("client", "server"))
    return f"{client:>7.1f} + {server:<7.1f}µs{its['written'] / count:>8,.0f} B{its['megabytes']:>6.0f} MB"
