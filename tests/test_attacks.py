"""`make attacks` in short: each attack of the table is tried, and nothing gets through."""

import pytest
from django.db import connection

from tests.attacks.attack import Stage
from tests.attacks.table import ATTACKS

IN_FULL = pytest.StashKey()  # who asks for them in full, and is told what came of it


def marked(name):
    attack = ATTACKS[name]
    marks = [] if attack.asks_the_database else [pytest.mark.once]
    return pytest.param(name, marks=[*marks, *([pytest.mark.processes] if attack.has_processes else [])])


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*map(marked, ATTACKS)])
def test_nothing_gets_through(name, request):
    in_full = request.config.stash.get(IN_FULL, None)
    asked = {"seed": in_full.asked.seed, "is_short": in_full.asked.short} if in_full else {"seed": 1}
    tally = ATTACKS[name].attempt(Stage(request, **asked))
    if in_full:
        in_full.told(name, tally, connection.vendor)
    assert tally.tries > 0
    assert tally.through == [], f"seed {asked['seed']}"
