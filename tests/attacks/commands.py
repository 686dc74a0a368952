"""Whatever stands in the arguments of a command or in the cells of a file: done, or refused in a sentence."""

from itertools import product

from django.db import transaction
from django.test import override_settings

from cards.actions.imports.card_rows import CARD_FILE_COLUMNS
from cards.actions.imports.usage_table import FILED_COLUMNS
from cards.choices import MADE_BY_PEOPLE
from tests.attacks import hostile
from tests.attacks.attack import Attack, Tally
from tests.build import card_in_use, on_day
from tests.commands.calls import card_row, csv_file, run, usage_row
from tests.my.test_every_url import DAY

ARGUMENTS_IN_SHORT, CELLS_IN_SHORT = 150, 40
LONGEST_SECONDS = 5
HERE = "<here>"
PARAMETERS = ("imei", "limit_mb", "customer", "plan", "tag", "remark", "kind", "name", "id_number", "unheard-of")
# No process can be given a NUL, and bytes that are no UTF-8 arrive in it as such halves; in a file it is the reverse.
ARGUMENTS = [text.replace(hostile.NUL, "\udcff") for pool in hostile.POOLS for text in pool]
CELLS = [text for pool in hostile.POOLS for text in pool if hostile.LONE_SURROGATE not in text]


def arguments(stage):
    tally = Tally()
    with on_day(DAY), override_settings(MEDIA_ROOT=stage.folder):
        card, file = card_in_use(customer="Acme"), csv_file(stage.folder / "cards.csv", [card_row(5)])
        tried = [(*call, text) for call in calls(card.iccid, str(file)) for text in ARGUMENTS]
        for name, given, text in stage.chance.sample(tried, ARGUMENTS_IN_SHORT) if stage.is_short else tried:
            judge(tally, name, [argument.replace(HERE, text) for argument in given])
    return tally


def calls(iccid, file):
    """Each command and what it is given, with one place for something hostile."""
    for action, name in product(map(str, MADE_BY_PEOPLE), PARAMETERS):
        yield "act", [action, iccid, f"--set={name}={HERE}", "--reason=x"]
    for given in (
        [HERE, iccid],
        ["suspend", HERE],
        *(["suspend", iccid, f"--{name}={HERE}"] for name in ("reason", "actor", "set")),
    ):
        yield "act", given
    yield from (("card", [HERE]), ("forecast", [HERE]), ("forecast", [iccid, f"--through={HERE}"]))
    yield from (("sweep", [f"--through={HERE}", "--dry-run"]), ("verify", [f"--since={HERE}"]))
    for name, columns in (("import_cards", CARD_FILE_COLUMNS), ("import_usage", FILED_COLUMNS)):
        yield from ((name, [file, "--dry-run", f"--default={column}={HERE}"]) for column in columns)
        yield from ((name, given) for given in ([HERE], [file, f"--mapping={HERE}"], [file, f"--default={HERE}"]))


def cells(stage):
    """A file for each column, with a row for each of the texts in it."""
    tally = Tally()
    with on_day(DAY), override_settings(MEDIA_ROOT=stage.folder):
        card = card_in_use(customer="Acme")
        for name, column, row in columns_of(card):
            texts = stage.chance.sample(CELLS, CELLS_IN_SHORT) if stage.is_short else CELLS
            file = csv_file(
                stage.folder / "cells.csv", [row(number) | {column: text} for number, text in enumerate(texts, 100)]
            )
            judge(tally, name, [str(file)], what=f"{column} of {name}")
            tally.tries += len(texts) - 1
    return tally


def columns_of(card):
    yield from (("import_cards", column, card_row) for column in CARD_FILE_COLUMNS)
    yield from (
        ("import_usage", column, lambda number: usage_row() | {"iccid": card.iccid}) for column in FILED_COLUMNS
    )


def judge(tally, name, given, what=""):
    what = what or f"{name} {given!s:.300}"
    try:
        with tally.one_try() as took, transaction.atomic():
            ended = run(name, *given)
            transaction.set_rollback(True)
    except Exception as error:
        tally.got_through(what, repr(error)[:300])
        return
    if ended.code not in (0, 1, 2) or (ended.code and not (ended.err or ended.out)):
        tally.got_through(what, f"ended with {ended.code}, without a word")
    if took.seconds > LONGEST_SECONDS:
        tally.got_through(what, f"took {took.seconds:.1f} s")


ATTACKS = {
    "arguments": Attack(
        "hostile arguments of commands",
        "`act` with every action and parameter, `card`, `forecast`, `sweep`, `verify`, `import_cards`, `import_usage`. "
        "Looked for: anything but an end with 0, 1 or 2 and a sentence",
        arguments,
        asks_the_database=True,
    ),
    "cells": Attack(
        "hostile cells of files",
        "a file of cards or usage for each column, with a row for each of some two hundred texts. Looked for: anything "
        "but rows that are taken, and rows that come back with a reason",
        cells,
        asks_the_database=True,
    ),
}
